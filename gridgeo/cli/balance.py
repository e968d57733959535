"""``gridgeo balance``: borders that share the load, from files or from the store."""

from pathlib import Path
from typing import Annotated

import typer

from gridgeo.cli import options as given
from gridgeo.cli.say import bar, next_step, table, tell
from gridgeo.errors import ParameterError
from gridgeo.model.files import require_format, write_frame
from gridgeo.model.plan import Plan
from gridgeo.render.files import write_layer
from gridgeo.services.about import About
from gridgeo.services.layers import proposed_layer
from gridgeo.services.planning_files import BalanceFiles, balance_files, units_of, weights_of
from gridgeo.services.plans import propose, without_loads
from gridgeo.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(balance)


def balance(
    output: given.Output,
    units: Annotated[
        Path | None, typer.Argument(help="File of base units; default: the store's.")
    ] = None,
    load: Annotated[
        list[str] | None,
        typer.Option(
            help="Column of what each unit weighs; default households. May be said several times, "
            "with weights: planned=0.5."
        ),
    ] = None,
    k: Annotated[int | None, typer.Option("--k", help="Number of grids.")] = None,
    targets: Annotated[
        Path | None, typer.Option(help="CSV: grid, relative target such as workers.")
    ] = None,
    tolerance: Annotated[float, typer.Option(help="Deviation that is still balanced.")] = 0.05,
    current: Annotated[str | None, typer.Option(help="Column with today's grid.")] = None,
    region: Annotated[str | None, typer.Option(help="Column no grid may cross.")] = None,
    locked: Annotated[
        Path | None, typer.Option(help="CSV of grids that keep exactly their units.")
    ] = None,
    fixed_borders: Annotated[
        Path | None, typer.Option(help="File of lines no grid may cross.")
    ] = None,
    along: Annotated[
        Path | None,
        typer.Option(help="File of lines, such as streets, that borders had better run along."),
    ] = None,
    together: Annotated[
        str | None, typer.Option(help="Column, such as the village, that had better stay whole.")
    ] = None,
    compactness: Annotated[
        float, typer.Option(help="From 0, fewest borders between units, to 1, shortest borders.")
    ] = 0.5,
    stability: Annotated[
        float, typer.Option(help="From 1, the least change of today's plan, to 0, drawn anew.")
    ] = 1.0,
    proposals: Annotated[
        int, typer.Option(min=1, help="Plans to choose from, each in a numbered file.")
    ] = 1,
    seed: Annotated[int, typer.Option(help="Same seed, same plan.")] = 0,
    time_limit: Annotated[float, typer.Option(help="Seconds after which it stops.")] = 60.0,
    crs: given.Crs = None,
) -> None:
    """Propose borders that share the load; nothing is applied.

    Example: gridgeo balance units.gpkg --load households --k 50 -o plan.gpkg
    """
    require_format(output)
    if units is None:
        others = (load, k, targets, current, region, locked, fixed_borders, along, together)
        if any(one is not None for one in others) or proposals > 1 or compactness != 0.5:
            raise ParameterError(
                "Without a file of units the store's plan in force is balanced as it is; only "
                "--tolerance, --stability, --seed and --time-limit can be said.",
                hint="Name a file of units for the others.",
                fields=["units"],
            )
        _of_store(output, tolerance, stability, seed, time_limit)
        return
    if proposals > 1 and stability != 1.0:
        raise ParameterError(
            "--proposals goes through all steps of stability itself.",
            hint="Leave --stability out, or leave --proposals out for one plan.",
            fields=["stability", "proposals"],
        )
    weights = weights_of(load or ["households"])
    asked = BalanceFiles(
        load=weights,
        k=k,
        targets=targets,
        current=current,
        region=region,
        locked=locked,
        fixed_borders=fixed_borders,
        along=along,
        together=together,
        tolerance=tolerance,
        compactness=compactness,
        stability=stability,
    )
    with bar("Balancing") as told:
        frame = units_of(units, list(weights), crs)
        plans = balance_files(frame, asked, proposals, seed, time_limit, told)
        paths = [output]
        if proposals > 1:
            numbers = range(1, len(plans) + 1)
            paths = [output.with_stem(f"{output.stem}-{number}") for number in numbers]
        for plan, path in zip(plans, paths, strict=True):
            plan.to_file(path)
    if proposals > 1:
        _compared(plans, paths)
    for plan, path in zip(plans, paths, strict=True):
        _told(plan, path, scores=proposals == 1)
    if output.suffix == ".gpkg":
        next_step(f"gridgeo map load --grids {paths[0]} --load load -o plan.html")


def _of_store(
    output: Path, tolerance: float, stability: float, seed: int, time_limit: float
) -> None:
    """Balance the plan in force of the store."""
    with bar("Balancing") as told, given.source_of({}) as store:
        day = given.day(None, Settings())
        plan = propose(
            store,
            day,
            tolerance=tolerance,
            stability=stability,
            seed=seed,
            time_limit_s=time_limit,
            progress=told,
        )
        # Loads of units are often below k: of the store's plan only grids tell theirs.
        if output.suffix.lower() == ".csv":
            write_frame(without_loads(plan), output)
        else:
            write_layer(proposed_layer(plan, store, About(day), "internal"), output)
    _told(plan, output, scores=True)


def _told(plan: Plan, path: Path, *, scores: bool) -> None:
    """Say what a plan is worth, what no plan could do, and where it lies."""
    if scores:
        rows = [[name, _figure(value)] for name, value in plan.scores.items()]
        table("The plan", ["score", "value"], rows)
        for forced in plan.forced.itertuples():
            tell(f"forced: {forced.kind} {forced.id}: {forced.reason} ({forced.bound:.1%} at best)")
        if plan.scores["bound"] > 0:
            tell(f"No plan's largest deviation can be below {plan.scores['bound']:.1%}.")
    if plan.stopped:
        tell(f"The search was cut short ({plan.stopped}); the plan is whole all the same.")
    if len(plan.moved):
        tell(f"{len(plan.moved):,} units would change their grid.")
    tell(f"{path}: {len(plan.assignment):,} units in {len(plan.targets):,} grids")


def _compared(plans: list[Plan], paths: list[Path]) -> None:
    """Lay the scores of several plans side by side."""
    names = ("max_deviation", "over_tolerance", "cut_edges", "border_km", "moved_load_share")
    rows = [[name, *(_figure(plan.scores[name]) for plan in plans)] for name in names]
    table("The plans", ["score", *(path.stem for path in paths)], rows)


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
