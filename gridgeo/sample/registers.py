"""The real names behind the synthetic city: villages and communities."""

from importlib.resources import files

import pandas as pd

from gridgeo.errors import NotFoundError


def villages_of(town_code: str) -> pd.DataFrame:
    """Give the villages and communities of one Jingjiang town.

    Parameters
    ----------
    town_code : str
        Nine digits, e.g. ``"321282401"``.

    Returns
    -------
    DataFrame, shape (n, 4)
        Indexed by ``village_code``: ``name``, ``town`` (the town's name), ``kind``
        ("community" for 居委会, "village" for 村委会), ``town_code``. Communities first, then by
        code.

    Raises
    ------
    NotFoundError
        No such town in the register.
    """
    register = _read("jingjiang_villages.csv")
    mine = register[register["street_code9"] == town_code]
    if mine.empty:
        raise NotFoundError(
            f"{town_code!r} is no town of Jingjiang; its {register['street_code9'].nunique()} "
            f"town codes run from {register['street_code9'].min()} "
            f"to {register['street_code9'].max()}.",
            hint="Take one from gridgeo/sample/jingjiang_villages.csv, such as 321282401.",
            code="sample.no-town",
            fields=["town_code"],
        )
    return _villages(mine).sort_values("kind", kind="stable")


def all_villages() -> pd.DataFrame:
    """Give the 257 villages and communities of the 14 towns, as ``villages_of`` does, by town."""
    table = _villages(_read("jingjiang_villages.csv"))
    return table.sort_values(["town_code", "kind"], kind="stable")


def _villages(mine: pd.DataFrame) -> pd.DataFrame:
    kind = mine["kind"].map({"居委会": "community", "村委会": "village"})
    return pd.DataFrame(
        {
            "name": mine["village_name"].to_numpy(),
            "town": mine["street_name"].to_numpy(),
            "kind": kind.to_numpy(),
            "town_code": mine["street_code9"].to_numpy(),
        },
        index=pd.Index(mine["village_code12"], name="village_code"),
    ).sort_index()


def short_name(name: str) -> str:
    """Shorten a committee's name to the place: 前进村委会 to 前进村, 大桥居委会 to 大桥社区."""
    if name.endswith("村委会"):
        return name.removesuffix("委会")
    return name.removesuffix("居委会").removesuffix("社区") + "社区"


def _read(name: str) -> pd.DataFrame:
    with files("gridgeo.sample").joinpath(name).open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype=str)
