"""Commands for a city's data: take files in, publish, and the demo that does it all."""

import getpass
from contextlib import ExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gridgeo import wiring
from gridgeo.cli import options as given
from gridgeo.cli import patrols
from gridgeo.cli.demo import demo
from gridgeo.cli.sample import sample
from gridgeo.cli.say import bar, next_step, tell
from gridgeo.model.frames import FIXES
from gridgeo.services.imports import (
    Asked,
    Directory,
    ImportStore,
    Reading,
    RejectFile,
    import_file,
    known_places,
    understand,
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
    sheet: Annotated[
        str | None,
        typer.Option("--sheet", "--layer", help="Sheet or layer of a file that has several."),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of CSV and .dbf texts.")] = "detect",
    valid_from: Annotated[
        str | None, typer.Option(help="First day of grids that say none; default: since ever.")
    ] = None,
    department: Annotated[str | None, typer.Option(help="Where the files came from.")] = None,
    purpose: Annotated[str | None, typer.Option(help="What the data is kept for.")] = None,
    basis: Annotated[
        str | None, typer.Option(help="Law or agreement that allows the city to keep it.")
    ] = None,
    data_as_of: Annotated[
        str | None, typer.Option(help="Day the files describe, where their rows tell none.")
    ] = None,
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
    asks = [
        Asked(
            layer,
            path,
            given.pairs(map_ or [], "OUR=THEIRS", "--map grid_code=编号", "map"),
            crs=crs,
            encoding=encoding,
            zone=settings.zone,
            valid_from=None if valid_from is None else given.day(valid_from, settings),
            department=department,
            offset=offset,
            sheet=sheet,
            purpose=purpose,
            basis=basis,
            data_as_of=None if data_as_of is None else given.day(data_as_of, settings),
            prefixes=settings.address_prefixes,
        )
        for path in files
    ]
    # An unknown layer or offset is said before a database is looked for.
    asks[0].contract()
    asks[0].reading()
    rejects = None if reject_file is None else RejectFile(reject_file, many=len(files) > 1)
    refused, done = 0, 0
    try:
        with nullcontext() if dry_run else wiring.opened(settings) as store:
            for asked in asks:
                if store is None:
                    refused += _look(asked, settings, rejects)
                else:
                    refused += _take_in(asked, store, rejects)
                done += 1
    finally:
        # Also when a later file fails: those before it are in, and their refused rows are here.
        if rejects is not None:
            try:
                if done:
                    rejects.keep()
                    tell(f"  {rejects.lines:,} refused rows are in {rejects.path.name}")
            finally:
                rejects.drop()
    if refused and rejects is None:
        again = "" if offset is None else f" --offset {offset}"
        next_step(
            f"add --reject-file rejects.csv, mend it, gridgeo import {layer} rejects.csv{again}"
        )
    elif dry_run:
        return
    elif layer == FIXES.name:
        next_step("`gridgeo patrols` makes patrols of tracks and drops fixes older than 72 hours")
    else:
        next_step("`gridgeo publish`, or the next layer")


def _take_in(asked: Asked, store: ImportStore, rejects: RejectFile | None) -> int:
    """Take one file in, say what came of it, and count the refused rows."""
    with rejects.whole() if rejects else nullcontext(), bar(asked.path.name) as told:
        now, who = datetime.now(UTC), getpass.getuser()
        done = import_file(store, asked, now=now, who=who, told=told, rejects=rejects)
    result = done.result
    rows = result.unchanged + result.rejected if result.repeated else done.reading.rows_read
    _report(asked, done.reading, rows, done.notes)
    if result.repeated:
        tell("  was taken in before, read the same way; nothing changed")
    else:
        tell(
            f"  {result.inserted:,} new, {result.updated:,} changed, "
            f"{result.unchanged:,} as they were, {result.rejected:,} refused"
        )
    _first_faults(done.reading)
    return result.rejected


def _look(asked: Asked, settings: Settings, rejects: RejectFile | None) -> int:
    """Read one file, say what would come of it, and count the rows that would be refused."""
    with ExitStack() as stack:
        stack.enter_context(rejects.whole() if rejects else nullcontext())
        told = stack.enter_context(bar(asked.path.name))
        day = given.day(None, settings)

        def directory() -> Directory:
            """Ask the store only where a row has no coordinates of its own."""
            store = stack.enter_context(wiring.opened(settings))
            return known_places(store, day, asked.prefixes)

        reading = understand(asked, directory=directory, told=told, rejects=rejects)
    _report(asked, reading, reading.rows_read, reading.notes)
    tell(f"  would take in {reading.rows_accepted:,}, refuse {reading.rows_rejected:,}")
    _first_faults(reading)
    return reading.rows_rejected


def _report(asked: Asked, reading: Reading, rows: int, notes: tuple[str, ...]) -> None:
    """Say what was understood."""
    understood = ", ".join(f"{ours} = {theirs}" for ours, theirs in reading.understood)
    tell(f"{asked.path.name}: {rows:,} rows; {understood}")
    if reading.unused:
        tell(f"  left out, no column of {asked.layer}: {', '.join(reading.unused)}")
    for note in notes:
        tell(f"  {note} {getattr(note, 'zh', '')}".rstrip())


def _first_faults(reading: Reading) -> None:
    for fault in reading.first_faults.itertuples():
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
    with wiring.opened(settings) as store:
        if store.fixes_waiting()[0]:  # whoever publishes each night keeps no old fix either
            patrols.make(store, settings)
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
