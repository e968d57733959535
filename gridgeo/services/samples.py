"""A town or a whole city to try gridgeo on."""

import json
from pathlib import Path

from gridgeo.sample import Sample, city, made_from, town, write
from gridgeo.sample.files import TRUTH

CITY_CODE = "321282"


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


def write_city(folder: Path, scale: float = 1.0, seed: int = 0) -> list[Path]:
    """Make the synthetic Jingjiang and write its layers, truth and README.

    Parameters
    ----------
    folder : Path
        Made where it does not exist.
    scale : float
        1 is the whole city; less makes fewer households and grids.
    seed : int

    Returns
    -------
    list of Path
        The files written; none where the folder holds this very city already.
    """
    return [] if is_there(folder, CITY_CODE, seed, scale) else _written(city(scale, seed), folder)


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
