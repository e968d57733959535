"""Commands for a city's data: take files in, publish, and the demo that does it all."""

import getpass
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gridgeo import wiring
from gridgeo.cli import options as given
from gridgeo.cli.demo import demo
from gridgeo.cli.sample import sample
from gridgeo.cli.say import bar, next_step, tell
from gridgeo.errors import ParameterError
from gridgeo.services.imports import (
    Asked,
    FeedResult,
    Intake,
    import_file,
    understand,
    write_rejects,
)
from gridgeo.services.publication import publish_all
from gridgeo.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(demo)
    app.command("import")(import_)
    app.command()(publish)
    app.command()(sample)


def import_(
    layer: Annotated[str, typer.Argument(help="Layer, such as grids, households, incidents.")],
    files: Annotated[list[Path], typer.Argument(help="Files to take in.")],
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="OUR=THEIRS: which header is which column."),
    ] = None,
    crs: given.Crs = None,
    offset: Annotated[
        str | None,
        typer.Option(help="Web map the places come from: gcj02 (Amap, Tencent) or bd09 (Baidu)."),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of CSV and .dbf texts.")] = "detect",
    valid_from: Annotated[
        str | None, typer.Option(help="First day of grids that say none; default: since ever.")
    ] = None,
    department: Annotated[str | None, typer.Option(help="Where the files came from.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what is understood.")
    ] = False,
    reject_file: Annotated[
        Path | None, typer.Option(help="CSV for the refused rows, to mend and import again.")
    ] = None,
) -> None:
    """Take files in: each wholly or not at all; the same file twice changes nothing.

    Example: gridgeo import grids grids.geojson --reject-file rejects.csv
    """
    settings = Settings()
    if reject_file is not None and len(files) > 1:
        raise ParameterError(
            f"{len(files)} files have one reject file.",
            hint="Import them one by one, each with a reject file of its own.",
            fields=["reject_file"],
        )
    asks = [
        Asked(
            layer,
            path,
            _mapping(map_ or []),
            crs=crs,
            encoding=encoding,
            zone=settings.zone,
            valid_from=None if valid_from is None else given.day(valid_from, settings),
            department=department,
            offset=offset,
        )
        for path in files
    ]
    # An unknown layer or offset is said before a database is looked for.
    asks[0].contract()
    asks[0].reading()
    refused = 0
    with nullcontext() if dry_run else wiring.opened(settings) as store:
        for asked in asks:
            with bar(asked.path.name):
                if store is None:
                    intake, result = understand(asked), None
                else:
                    intake, result = import_file(
                        store, asked, now=datetime.now(UTC), who=getpass.getuser()
                    )
            _report(asked, intake, result)
            refused += intake.rows_rejected
            if reject_file is not None:
                lines = write_rejects(intake.rejects, reject_file)
                tell(f"  {lines:,} refused rows are in {reject_file.name}")
    if refused and reject_file is None:
        again = "" if offset is None else f" --offset {offset}"
        next_step(
            f"add --reject-file rejects.csv, mend it, gridgeo import {layer} rejects.csv{again}"
        )
    elif not dry_run:
        next_step("`gridgeo publish`, or the next layer")


def _report(asked: Asked, intake: Intake, result: FeedResult | None) -> None:
    """Say what was understood, taken in and refused."""
    understood = ", ".join(f"{ours} = {theirs}" for ours, theirs in intake.understood)
    tell(f"{asked.path.name}: {intake.rows_read:,} rows; {understood}")
    if intake.unused:
        tell(f"  left out, no column of {asked.layer}: {', '.join(intake.unused)}")
    for note in intake.notes:
        tell(f"  {note}")
    if result is None:
        tell(f"  would take in {len(intake.accepted):,}, refuse {intake.rows_rejected:,}")
    elif result.repeated:
        tell("  was taken in before, read the same way; nothing changed")
    else:
        tell(
            f"  {result.inserted:,} new, {result.updated:,} changed, "
            f"{result.unchanged:,} as they were, {result.rejected:,} refused"
        )
    for fault in intake.rejects.head(5).itertuples():
        tell(f"  row {fault.row}: {fault.field} {fault.reason_en}({fault.reason_zh})")


def publish(
    as_of: given.AsOf = None,
    standard: given.Standard = None,
    band: given.Band = None,
    source: Annotated[str, typer.Option(help="Said on every map as the data's source.")] = "",
    seed: Annotated[int, typer.Option(help="Of the proposed plan.")] = 0,
) -> None:
    """Run all analyses on the store and publish what may leave the house.

    Example: gridgeo publish --as-of 2026-07-01 --source 城南街道
    """
    settings = Settings()
    with bar("Publishing") as told, wiring.opened(settings) as store:
        done = publish_all(
            store,
            given.day(as_of, settings),
            now=datetime.now(UTC),
            standards=given.standards_of(standard, settings, band),
            source=source,
            zone=settings.zone,
            seed=seed,
            told=told,
        )
    if not done.changed:
        tell("Nothing has changed since the last publication.")
    for name, layer in done.layers.items():
        tell(f"{name}: {len(layer.features):,} features")
    for name, reason in done.skipped.items():
        tell(f"{name}: not published. {reason}")
    next_step("`gridgeo serve`, `gridgeo map load -o load.html`")


def _mapping(given_pairs: list[str]) -> dict[str, str]:
    pairs = {}
    for text in given_pairs:
        ours, equals, theirs = text.partition("=")
        if not (ours and equals and theirs):
            raise ParameterError(
                f"--map {text!r} is not of the form OUR=THEIRS.",
                hint="Such as --map grid_code=编号.",
                fields=["map"],
            )
        pairs[ours] = theirs
    return pairs
