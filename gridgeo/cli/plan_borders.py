"""Commands of ``gridgeo plan`` on the store: what a plan says, and putting it in force."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from gridgeo import wiring
from gridgeo.cli import options as given
from gridgeo.cli.plan_states import By, PlanId, picture, say_next, who
from gridgeo.cli.say import bar, next_step, table, tell
from gridgeo.errors import ParameterError
from gridgeo.services import plan_register
from gridgeo.services.plan_rebase import Carried
from gridgeo.services.plan_rebase import rebase as rebase_plan
from gridgeo.services.planned import borders
from gridgeo.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (save, codes, rebase, file):
        app.command()(command)


def save(
    plan: Annotated[
        Path | None,
        typer.Argument(help="CSV of unit_id,grid_code; without it the solver makes one."),
    ] = None,
    by: By = None,
    note: Annotated[str, typer.Option(help="What the plan is for.")] = "",
    version_of: Annotated[
        int | None, typer.Option(help="Draft that gets this file as its next version.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="Of the solver: deviation that is still balanced.")
    ] = 0.05,
    seed: Annotated[int, typer.Option(help="Of the solver: same seed, same plan.")] = 0,
    time_limit: Annotated[float, typer.Option(help="Of the solver: seconds.")] = 60.0,
    as_of: given.AsOf = None,
) -> None:
    """Keep a plan in the store as a draft; nothing is in force before it is filed.

    Example: gridgeo plan save plan.csv --by 王芳 --note 城南街道2026年调整
    """
    settings = Settings()
    day, now = given.day(as_of, settings), dt.datetime.now(dt.UTC)
    if plan is None and version_of is not None:
        raise ParameterError(
            "A new version of a draft is read from a file.",
            hint="Name the CSV: `gridgeo plan save plan.csv --version-of 3`.",
            fields=["version_of"],
        )
    with wiring.opened(settings) as store:
        if plan is None:
            with bar("Balancing") as told:
                plan_id = plan_register.draft(
                    store,
                    day,
                    now=now,
                    note=note,
                    tolerance=tolerance,
                    seed=seed,
                    time_limit_s=time_limit,
                    progress=told,
                )
            version = 1
        else:
            plan_id, version = plan_register.save_file(
                store, plan, day, now=now, by=who(by), note=note, plan_id=version_of
            )
    tell(f"Plan {plan_id} is a draft (草案), version {version}; nothing is in force by it.")
    next_step(f"`gridgeo plan show {plan_id}`")


def codes(
    plan_id: PlanId,
    given_codes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NEW=CODE]...", help="Such as new-1=32128240100104; default: as proposed."
        ),
    ] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Take the codes proposed.")] = False,
    by: By = None,
) -> None:
    """Propose codes for the grids that a draft opens, or give them, in a new version of it.

    Example: gridgeo plan codes 3 --accept --by 王芳
    """
    with wiring.opened(Settings()) as store:
        proposed = plan_register.codes_for(store, plan_id)
        wanted = given.pairs(given_codes or [], "NEW=CODE", "new-1=32128240100104", "codes")
        if accept:
            wanted = proposed | wanted
        if not wanted:
            rows = [[name, code] for name, code in proposed.items()]
            table("Codes proposed", ["grid", "code"], rows)
            if rows:
                next_step(f"`gridgeo plan codes {plan_id} --accept`, or NEW=CODE for each")
            else:
                say_next(plan_id, store.plan(plan_id).state)
            return
        version = plan_register.recode(
            store, plan_id, wanted, now=dt.datetime.now(dt.UTC), by=who(by)
        )
    tell(f"Plan {plan_id} has version {version} with {len(wanted):,} codes.")
    say_next(plan_id, "draft")


def rebase(plan_id: PlanId, by: By = None, as_of: given.AsOf = None) -> None:
    """Carry what a plan changes over to the grids and units of a day, as a new draft.

    Example: gridgeo plan rebase 3
    """
    settings = Settings()
    with wiring.opened(settings) as store:
        new_id, version, carried = rebase_plan(
            store,
            plan_id,
            given.day(as_of, settings),
            now=dt.datetime.now(dt.UTC),
            by=who(by),
        )
    for said, ids in _left(carried):
        if ids:
            shown = ", ".join(ids[:3]) + (", …" if len(ids) > 3 else "")
            tell(f"  {len(ids):,} {said} ({shown})")
    tell(f"Plan {new_id} is a draft (草案), version {version}.")
    next_step(f"`gridgeo plan show {new_id}`")


def file(
    plan_id: PlanId,
    valid_from: Annotated[
        str, typer.Option("--valid-from", help="First day of the new borders, as 2026-10-01.")
    ],
    by: By = None,
    note: Annotated[str, typer.Option(help="Such as the number of the decision.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show which grids would change.")
    ] = False,
    allow_past: Annotated[
        bool, typer.Option("--allow-past", help="Let the day lie before today.")
    ] = False,
) -> None:
    """Put the borders of an approved plan in force from a day on: all of them, or none.

    Example: gridgeo plan file 3 --valid-from 2026-10-01 --by 王芳
    """
    settings = Settings()
    day = given.day(valid_from, settings)
    with wiring.opened(settings) as store:
        if dry_run:
            picture(borders(store, store.plan(plan_id).assignment, day))
            next_step(f"`gridgeo plan file {plan_id} --valid-from {day}`")
            return
        done = plan_register.file(
            store,
            plan_id,
            day,
            today=given.day(None, settings),
            now=dt.datetime.now(dt.UTC),
            by=who(by),
            note=note,
            allow_past=allow_past,
        )
    if done.borders is None:
        tell(f"Plan {plan_id} was filed before, from {day}; nothing changed.")
    else:
        picture(done.borders)
        tell(f"Plan {plan_id} is filed (备案): its borders are in force from {day}.")
    next_step(f"`gridgeo publish --as-of {day}` when the day has come")


def _left(carried: Carried) -> list[tuple[str, tuple[str, ...]]]:
    return [
        ("units of the plan are no more", carried.gone_units),
        ("units are new and stay in their grid of today", carried.new_units),
        ("grids of the plan are no more; their units stay in their grid", carried.gone_grids),
        ("codes of new grids were taken; they need others", carried.taken),
        ("units were moved by others, too; they go where the plan sends them", carried.contested),
        ("units are in no grid and were left out", carried.nowhere),
    ]
