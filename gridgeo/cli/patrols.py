"""The command that makes patrols of tracks: of a file, or of the store's, whose old fixes go."""

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from gridgeo import wiring
from gridgeo.cli import options as given
from gridgeo.cli.say import bar, next_step, table, tell
from gridgeo.errors import ParameterError
from gridgeo.model.files import require_format, write_frame
from gridgeo.services.patrols import HELD, PatrolsMade, WalkStore, make_patrols, patrols_of, reasons
from gridgeo.services.sources import Files
from gridgeo.settings import Settings
from gridgeo.words import Lang, say

HOURS = int(HELD.total_seconds() // 3600)


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(patrols)


def patrols(
    fixes: Annotated[
        Path | None, typer.Argument(help="File of fixes; without it those in the store.")
    ] = None,
    grids: given.Grids = None,
    streets: given.Streets = None,
    rosters: given.Rosters = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
    crs: given.Crs = None,
) -> None:
    """Sum tracks of workers up as patrols, and say which are valid and why others are not.

    In the store patrols and the stretches of street they covered are kept, and raw fixes older
    than 72 hours are dropped, all or nothing.

    Example: gridgeo patrols fixes.parquet --grids grids.geojson --streets streets.fgb -o facts.csv
    """
    files = {"fixes": fixes, "grids": grids, "streets": streets, "rosters": rosters}
    named = {layer: path for layer, path in files.items() if path is not None}
    if not named and output is None:
        _of_store(Settings())
        return
    if fixes is None or grids is None or output is None:
        raise ParameterError(
            "To sum up the tracks of a file, FIXES, --grids FILE and -o FILE are all needed.",
            hint="Name all three, or none of them for the fixes in the store.",
            fields=["fixes", "grids", "output"],
        )
    require_format(output)
    source = Files(named, crs=crs)
    with bar("Patrols"):
        found, summed = patrols_of(source, zone=Settings().zone)
        for lang in ("zh", "en"):
            found[f"reason_{lang}"] = [_in_words(text, lang) for text in found["reason"]]
        write_frame(found.round({"inside_share": 4, "distance_m": 1}), output)
    given.report_refused(source)
    _counted(found)
    if summed.off_duty:
        tell(f"{summed.off_duty:,} fixes outside the duty hours of their worker were left out")
    if summed.nowhere:
        tell(f"{summed.nowhere:,} tracks lie in no grid and were left out")
    tell(f"{output}: {len(found):,} patrols; it tells about workers, keep it in the house")
    next_step("gridgeo blind-spots patrol patrol-share with the same files, -o patrols.geojson")


def make(store: WalkStore, settings: Settings) -> PatrolsMade:
    """Make patrols of the tracks in the store, with a bar, and say what came of it."""
    with bar("Patrols") as told:
        made = make_patrols(
            store,
            now=datetime.now(UTC),
            who=getpass.getuser(),
            standards=given.standards_of(None, settings),
            zone=settings.zone,
            told=told,
        )
    _counted(made.patrols)
    if made.nowhere:
        tell(f"{made.nowhere:,} tracks lie in no grid, so no patrol was made of them")
    if made.unfinished:
        tell(f"{made.unfinished:,} tracks are not over yet and wait")
    tell(f"{made.dropped:,} raw fixes older than {HOURS} hours were dropped")
    return made


def _of_store(settings: Settings) -> None:
    with wiring.opened(settings) as store:
        made = make(store, settings)
    if made.nowhere:
        next_step(f"import the grids of their days before their fixes are {HOURS} hours old")
    elif made.unfinished:
        next_step("`gridgeo patrols` again when they are over")
    else:
        next_step("`gridgeo publish`; grids with too few patrols are blind spots")


def _counted(patrols: pd.DataFrame) -> None:
    """Show how many are valid, and what is wrong with the others."""
    valid = patrols["valid"].astype(bool)
    rows = [["valid", say("valid", "zh"), f"{int(valid.sum()):,}"]]
    rows += [
        [say(f"patrol-{reason}", "en"), say(f"patrol-{reason}", "zh"), f"{n:,}"]
        for reason, n in reasons(patrols).items()
    ]
    table(f"{len(patrols):,} patrols", ["what", "情况", "patrols"], rows)


def _in_words(reason: str, lang: Lang) -> str:
    return "; ".join(say(f"patrol-{one}", lang) for one in reason.split("+") if one)
