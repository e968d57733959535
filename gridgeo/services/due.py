"""Whom does a worker call on today? The only answer that shows where households are."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gridgeo.analysis.due import crews_of, due_list
from gridgeo.analysis.rounds import ZONE
from gridgeo.errors import DisclosureError, NotFoundError, ParameterError
from gridgeo.model.crs import to_metric, to_wgs84
from gridgeo.model.files import write_frame
from gridgeo.model.frames import APPOINTMENTS, GRIDS, HOUSEHOLDS, STATIONS, STREETS, VISITS
from gridgeo.services.detectors.rounds import visits_missing
from gridgeo.services.kept import Kept, kept
from gridgeo.services.sources import Source, need
from gridgeo.services.standards import Standards
from gridgeo.words import Lang

FORMATS = (".csv", ".xlsx", ".geojson")

HEADERS: dict[str, tuple[str, str]] = {
    "household_id": ("户编号", "household"),
    "worker_id": ("网格员", "worker"),
    "turn": ("顺序", "turn"),
    "leg_m": ("步行距离(米)", "metres from the call before"),
    "grid_code": ("网格编码", "grid code"),
    "why": ("走访原因", "why"),
    "days": ("距上次走访天数", "days since the last visit"),
    "last_met": ("上次走访", "last visit"),
    "last_attempt": ("上次未成", "last tried in vain"),
    "attempt": ("未成原因", "what came of it"),
    "lon": ("经度", "longitude"),
    "lat": ("纬度", "latitude"),
    "only_for": ("仅供", "only for"),
}
VALUES: dict[str, tuple[str, str]] = {
    "never": ("从未走访", "never visited"),
    "overdue": ("逾期", "overdue"),
    "soon": ("即将到期", "due soon"),
    "nobody-home": ("无人在家", "nobody home"),
    "refused": ("拒绝", "refused"),
    "moved-away": ("已搬离", "moved away"),
}


@dataclass(frozen=True, eq=False)
class Calls:
    """The list of one worker, or of one grid.

    Parameters
    ----------
    rows : GeoDataFrame of Point
        ``analysis.due.Due.calls``, with ``only_for``: whose list it is, and of which day. It
        shows where households are: for that worker, or the workers of that grid, alone.
    counts : dict of str to int
        Calls that are "never", "overdue" and "soon"; and of the same grids those due but on
        nobody's list, "contacted", "full" and "nobody": see ``Due``.
    walk_m : float
        Metres to walk from call to call, from the station where one is known.
    along_streets : bool
        Whether along streets, or in a straight line.
    """

    rows: gpd.GeoDataFrame
    counts: dict[str, int]
    walk_m: float
    along_streets: bool


def calls_of(
    source: Source,
    as_of: dt.date,
    worker: str | None = None,
    grid: str | None = None,
    most: int | None = None,
    ahead_days: int = 7,
    along_streets: bool = False,
    standards: Standards | None = None,
    zone: str = ZONE,
) -> Calls:
    """Make the list of calls of one worker, or of one grid.

    Parameters
    ----------
    source : Source
        Households, visits and appointments are needed. A household belongs to the grid it lies
        in where grids are known, or else to that on record. Stations say where walks begin.
    as_of : date
        The day of the list.
    worker, grid : str, optional
        Exactly one of the two. Of a grid all callers are listed, each with their walk there.
    most : int, optional
        Calls of one worker.
    ahead_days : int
        Those that will be overdue after so many more days are called on already.
    along_streets : bool
        Ways along the streets of ``source`` instead of the straight line.
    standards : Standards, optional
    zone : str
        Time zone whose days are meant.

    Returns
    -------
    Calls

    Raises
    ------
    DisclosureError
        Neither a worker nor a grid, or both: no list shows all of a city.
    NotFoundError
        The worker calls in no grid on that day, or nobody knows the grid.
    ParameterError
        A layer is missing that the question cannot do without.
    """
    if (worker is None) == (grid is None):
        raise DisclosureError(
            "A list of calls shows where households are: it is for one worker, or the workers of "
            "one grid, never for a whole city.",
            hint="Say --worker W or --grid G. How many are overdue everywhere is told by "
            "`gridgeo blind-spots visit-overdue never-visited`.",
            fields=["worker", "grid"],
        )
    source, rule = kept(source), standards or Standards()
    appointments = need(source, APPOINTMENTS)
    visits = source.frame(VISITS)
    if missing := visits_missing(visits):
        raise ParameterError(
            f"There are no {missing[0]}; without them everybody would be due.",
            hint="Say --visits FILE, or `gridgeo import visits FILE`.",
            fields=["visits"],
        )
    homes, codes = _homes(source, as_of)
    crews = crews_of(appointments, as_of)
    if worker is not None:
        wanted = sorted(code for code, crew in crews.items() if worker in crew)
        if not wanted:
            raise NotFoundError(
                f"Worker {worker} calls in no grid on {as_of}.",
                hint="A worker needs a filed appointment in force; a leader calls only where a "
                "grid has no worker.",
                fields=["worker"],
            )
    else:
        wanted = [str(grid)]
        known = {*source.frame(GRIDS, as_of=as_of).index, *crews, *codes.dropna().unique()}
        if grid not in known:
            raise NotFoundError(f"There is no grid {grid} on {as_of}.", fields=["grid"])
    own = codes.isin(wanted).to_numpy(dtype=bool)
    stations = source.frame(STATIONS, as_of=as_of)
    due = due_list(
        homes[own],
        visits[visits["household_id"].isin(homes.index[own])],
        appointments,
        as_of,
        rule.visit_within_days,
        ahead_days,
        rule.contacts_within_days,
        most,
        stations if len(stations) else None,
        need(source, STREETS) if along_streets else None,
        codes[own],
        rule.visit_outcomes,
        rule.visits_in_vain,
        zone=zone,
    )
    rows = due.calls if worker is None else due.calls[due.calls["worker_id"] == worker]
    counts = {why: int((rows["why"] == why).sum()) for why in ("never", "overdue", "soon")}
    for why in ("contacted", "full", "nobody"):
        counts[why] = int((due.left_out["because"] == why).sum())
    whose = str(worker) if worker is not None else str(grid)
    rows = rows.assign(only_for=f"{whose}, {as_of}")
    return Calls(rows, counts, float(rows["leg_m"].sum()), along_streets)


def write_calls(calls: Calls, path: Path, lang: Lang = "zh") -> None:
    """Write a list for the worker to take along.

    Parameters
    ----------
    calls : Calls
    path : Path
        ``.csv`` or ``.xlsx`` with headers and words in ``lang`` and places in WGS 84, or
        ``.geojson`` with the names of ``Due``. Each row says whose list it is; nobody but the
        one who made the file may read it.
    lang : {"zh", "en"}

    Raises
    ------
    ParameterError
        Another format.
    InputError
        The file cannot be written there.
    """
    require_list_file(path)
    if path.suffix.lower() == ".geojson":
        write_frame(calls.rows, path)
    else:
        _write_table(calls, path, lang)
    path.chmod(0o600)


def require_list_file(path: Path) -> None:
    """Refuse a file that no list is written to, before one is made.

    Raises
    ------
    ParameterError
        Its extension is none of ``FORMATS``.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise ParameterError(
            f"A list of calls is not written as {kind or 'a file without extension'}.",
            hint=f"Use one of {', '.join(FORMATS)}.",
            fields=["output"],
        )


def _write_table(calls: Calls, path: Path, lang: Lang) -> None:
    """Write rows for people, places as longitude and latitude."""
    told = 0 if lang == "zh" else 1
    places = to_wgs84(calls.rows).geometry
    table = pd.DataFrame(calls.rows.drop(columns="geometry"))
    table["leg_m"] = table["leg_m"].round(0)
    for name in ("why", "attempt"):
        table[name] = table[name].map({code: said[told] for code, said in VALUES.items()})
    some = places.notna()
    for name, values in (("lon", places[some].x), ("lat", places[some].y)):
        table[name] = values.reindex(table.index).round(6)
    for name in ("last_met", "last_attempt"):
        table[name] = table[name].dt.date
    ordered = [name for name in HEADERS if name in table]
    table = table[ordered].rename(columns={name: said[told] for name, said in HEADERS.items()})
    write_frame(table.rename_axis(HEADERS["household_id"][told]), path)


def _homes(source: Kept, as_of: dt.date) -> tuple[gpd.GeoDataFrame, pd.Series]:
    """Give the households in metres, and the grid that serves each."""
    households = need(source, HOUSEHOLDS, as_of=as_of)
    on_record = households.get("grid_code")
    grids = source.frame(GRIDS, as_of=as_of)
    if not len(grids):
        if on_record is None:
            raise ParameterError(
                "households do not say which grid serves them, and there are no grids.",
                hint="Say --grids FILE, or give the households a grid_code.",
                fields=["grids"],
            )
        return to_metric(households, "households"), on_record
    homes = source.homes(as_of)
    if homes is None:
        return households, pd.Series(dtype=object)
    names = pd.Series(grids.index.astype("str"), dtype=object)
    codes = names.reindex(homes.position).set_axis(homes.frame.index)  # −1 is no grid
    return homes.frame, codes if on_record is None else codes.fillna(on_record.astype(object))
