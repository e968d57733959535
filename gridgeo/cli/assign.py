"""The command that says which grid is responsible for each point."""

import os
from pathlib import Path
from typing import Annotated

import typer

from gridgeo import wiring
from gridgeo.cli import options as given
from gridgeo.cli.assign_store import assign_stored
from gridgeo.cli.say import bar, err, next_step, tell
from gridgeo.errors import ParameterError
from gridgeo.services.assign_cluster import assign_on_cluster
from gridgeo.services.assign_files import assign_files


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(assign)


def assign(
    points: Annotated[
        Path | None,
        typer.Argument(help="File of points, of any size; without it the store's incidents."),
    ] = None,
    grids: Annotated[Path | None, typer.Option("--grids", help="File of grids.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
    nearest_within: Annotated[
        float | None,
        typer.Option(help="Metres: give a point in no grid to the nearest one so near."),
    ] = None,
    crs: given.Crs = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Cores to use; default all of them.")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin afresh where an earlier run was interrupted.")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(help="Work on a Dask cluster: local, or an address such as tcp://host:8786."),
    ] = None,
    plan: Annotated[
        int | None,
        typer.Option(help="Of the store: how many incidents this plan would move; none is."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="With --plan: first day counted; default a year back.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="With --plan: first day no longer counted.")
    ] = None,
) -> None:
    """Say of every point which grid is responsible.

    Parquet, CSV and GeoJSON sequences are read and written in little memory, whatever their size;
    after an interruption the same command goes on where it was. With --cluster, points are a
    Parquet file or a folder of them, and a folder of them is written.

    Without points the incidents in the store get the grid that was in force when they happened.

    Example: gridgeo assign points.csv --grids grids.geojson -o assigned.csv
    """
    if points is None and grids is None and output is None:
        assign_stored(nearest_within, plan, since, until)
        return
    if points is None or grids is None or output is None:
        raise ParameterError(
            "To assign a file its points, --grids FILE and -o FILE are all needed.",
            hint="Name all three, or none of them for the incidents in the store.",
            fields=["points", "grids", "output"],
        )
    if plan is not None or since is not None or until is not None:
        raise ParameterError(
            "--plan, --since and --until ask about the incidents in the store, not about a file.",
            hint="Name no file, or leave them out.",
            fields=["plan", "since", "until"],
        )
    asked = (points, grids, output, nearest_within, crs)
    with bar("Assigning") as told:
        if cluster is not None:
            with wiring.workers(cluster) as workers:
                answer = assign_on_cluster(workers, *asked, told=told)
        else:
            cores = threads or os.cpu_count() or 1
            answer = assign_files(*asked, threads=cores, restart=restart, told=told)
    ways = ", ".join(f"{n:,} {way}" for way, n in answer.ways.items()) or "no points"
    tell(f"{output}: {answer.rows:,} points ({ways})")
    if answer.behind:
        tell(f"{answer.behind:,} of them were done by the run that was interrupted")
    if answer.unplaced:
        err.print(
            f"{answer.unplaced:,} rows have no place that can be read; they are kept, in no grid.",
            style="yellow",
            markup=False,
        )
        next_step(f"mend their places in {points.name} and run it again")
    elif answer.ways.get("none") and nearest_within is None:
        next_step("--nearest-within 50 gives points just outside to the grid beside them")
