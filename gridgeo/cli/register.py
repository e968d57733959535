"""The command that shows the blind-spot register."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, cast

import pandas as pd
import typer

from gridgeo import wiring
from gridgeo.cli import options as given
from gridgeo.cli.say import next_step, table, tell
from gridgeo.model.files import require_format, write_frame
from gridgeo.services import register as services
from gridgeo.settings import Settings
from gridgeo.words import say

_BARS = "▁▂▃▄▅▆▇█"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("register")(register_)


def register_(
    as_of: given.AsOf = None,
    level: Annotated[
        str, typer.Option(help=f"What the file counts apart: {', '.join(services.LEVELS)}.")
    ] = "city",
    weeks: Annotated[int, typer.Option(min=1, help="Weeks told about.")] = 13,
    most: Annotated[int, typer.Option(min=0, help="How many of the weightiest to list.")] = 10,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File for the trend by kind and level (.csv, .xlsx)."),
    ] = None,
) -> None:
    """Show what is open in the blind-spot register, since when, and whether it gets better.

    Households are counted, from five upwards and in fives, and never listed.

    Example: gridgeo register --level village --weeks 13 -o trend.csv
    """
    settings = Settings()
    if output is not None:
        require_format(output)
    day = given.day(as_of, settings)
    chosen = cast(services.Level, level)
    with wiring.opened(settings) as store:
        told = services.trend(store, day, weeks, level=chosen)
        city = told if level == "city" else services.trend(store, day, weeks)
        worst = services.weightiest(store, day, most)
    rows = []
    for kind, one in city.groupby("kind", sort=False):
        said = one["open"].map("{:,}".format, na_action="ignore").astype("object").fillna("< 5")
        row = [kind, say(str(kind), "zh"), _bars(one["open"].tolist()), said.iloc[-1]]
        rows.append([str(cell) for cell in row])
    since = day - timedelta(weeks=weeks - 1)
    table(f"Open by kind, weekly from {since} to {day}", ["kind", "类型", "trend", "open"], rows)
    if len(worst):
        table("Weightiest, households left out", [*worst.columns], _lines(worst))
    if output is not None:
        write_frame(told.rename(columns={"code": f"{level}_code"}).set_index("kind"), output)
        tell(f"{output}: {len(told):,} rows by kind, {level} and week")
    next_step("`gridgeo map blind-spots -o blind-spots.html`")


def _lines(found: pd.DataFrame) -> list[list[str]]:
    """Write findings as rows of text."""
    said = found.assign(
        value=found["value"].map("{:,.10g}".format, na_action="ignore"),
        opened_on=found["opened_on"].dt.strftime("%Y-%m-%d"),
        severity=found["severity"].map("{:,.0f}".format, na_action="ignore"),
    )
    lines: list[list[str]] = said.astype("object").fillna("–").astype("str").to_numpy().tolist()
    return lines


def _bars(counts: list[object]) -> str:
    """Draw counts as a line of bars; those withheld as the lowest."""
    heights = [0 if str(one) == "<NA>" else int(str(one)) for one in counts]
    top = max(*heights, 1, 1)
    return "".join(_BARS[round(one / top * (len(_BARS) - 1))] for one in heights)
