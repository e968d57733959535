"""A town to try gridgeo on."""

from pathlib import Path

from gridgeo.sample import town, write


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
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return write(town(town_code, seed), folder)
