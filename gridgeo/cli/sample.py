"""The command that makes a synthetic city or town."""

from pathlib import Path
from typing import Annotated

import typer

from gridgeo.cli.say import bar, next_step, tell
from gridgeo.services.samples import write_city, write_town


def sample(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")] = Path(
        "build/sample"
    ),
    town: Annotated[
        bool, typer.Option("--town/--city", help="One town, or the whole of Jingjiang.")
    ] = True,
    town_code: Annotated[str, typer.Option(help="Nine digits of the town's code.")] = "321282401",
    scale: Annotated[
        float, typer.Option(min=0.05, max=1.0, help="How large a part of the city is made.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same sample.")] = 0,
) -> None:
    """Make a synthetic town, or the whole city, with planted defects and the list of them.

    Example: gridgeo sample --city --scale 0.1 -o build/city --seed 1
    """
    with bar("Making the town" if town else "Making the city"):
        paths = write_town(output, town_code, seed) if town else write_city(output, scale, seed)
    tell(f"{output}: {len(paths)} files" if paths else f"{output}: was made before, as it is")
    next_step(f"gridgeo blind-spots --from {output} --as-of 2026-07-01 -o blind-spots.geojson")
