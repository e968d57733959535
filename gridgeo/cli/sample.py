"""The command that makes a synthetic town."""

from pathlib import Path
from typing import Annotated

import typer

from gridgeo.cli.say import bar, next_step, tell
from gridgeo.errors import ParameterError
from gridgeo.services.samples import write_town


def sample(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")] = Path(
        "build/sample"
    ),
    town: Annotated[bool, typer.Option("--town", help="One town; the only size so far.")] = True,
    town_code: Annotated[str, typer.Option(help="Nine digits of the town's code.")] = "321282401",
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same sample.")] = 0,
) -> None:
    """Make a synthetic town with planted defects and the list of them.

    Example: gridgeo sample --town -o build/town --seed 1
    """
    if not town:
        raise ParameterError("Only a town can be made so far.", hint="Leave --no-town out.")
    with bar("Making the town"):
        paths = write_town(output, town_code, seed)
    tell(f"{output}: {len(paths)} files" if paths else f"{output}: was made before, as it is")
    next_step(f"gridgeo blind-spots --from {output} --as-of 2026-07-01 -o blind-spots.geojson")
