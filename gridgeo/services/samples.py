"""A town to try gridgeo on."""

import json
from pathlib import Path

from gridgeo.sample import Sample, made_from, town, write
from gridgeo.sample.files import TRUTH


def write_town(folder: Path, town_code: str, seed: int) -> list[Path]:
    """Make a synthetic town and write its layers, truth and README.

    Parameters
    ----------
    folder : Path
        Made where it does not exist.
    town_code : str
        Nine digits.
    seed : int

    Returns
    -------
    list of Path
        The files written; none where the folder holds this very town already.
    """
    return [] if is_there(folder, town_code, seed) else _written(town(town_code, seed), folder)


def is_there(folder: Path, town_code: str, seed: int, scale: float = 1.0) -> bool:
    """Tell whether a folder holds a sample of this make, whole.

    Notes
    -----
    ``truth.json`` is written last, so a folder left half-written has none.
    """
    try:
        told = json.loads((folder / TRUTH).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    wanted = made_from(town_code, seed, scale)
    return isinstance(told, dict) and all(told.get(name) == one for name, one in wanted.items())


def _written(sample: Sample, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return write(sample, folder)
