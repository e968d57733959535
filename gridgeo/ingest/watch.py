"""Say when a file's places look as if they were in GCJ-02 or BD-09, and never move one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.special import betainc

from gridgeo.ingest.notes import Note
from gridgeo.ingest.offset import NAMES, unshifted
from gridgeo.model.crs import metric_crs, to_rest

Floats = npt.NDArray[np.floating]
Fits = Callable[[Floats, Floats], Floats]

# Looked at per file, evenly over its rows: more would not change a verdict, only its price.
MOST_ROWS: Final = 20_000
FARTHEST_M: Final = 1e8  # no street is farther away on Earth
MOST_NEAREST: Final = 4_000  # whose nearest street is sought, 13 times
# A note asks somebody to go back to the source: not for fewer rows than a block has homes.
FEWEST_ROWS: Final = 10
# Of a thousand files without an offset at most one may be suspected, even where one of the
# controls is as good as the true inverse; shared by four kinds of evidence and two offsets.
FALSE_ALARMS: Final = 0.001
LEVEL: Final = FALSE_ALARMS / 8
# Neighbours were coded and geocoded together: the rows of one cell have one vote among them.
CELL_M: Final = 250.0
# Six steps of one length, 60 degrees apart, end as far from each other as each is long: discs of
# a quarter of the step around them never meet, and hold a geocoder's usual 20 to 100 m.
TURNS_DEG: Final = (60.0, 120.0, 180.0, 240.0, 300.0)
# Half of Baidu's kilometre can be told from the whole by grids, and must be worse: else the file
# was moved by something else. Half of GCJ-02's step, 245 m, often ends in the same grid.
LENGTHS: Final = {"gcj02": (), "bd09": (0.5, 1.5)}
NEAR: Final = (1 / 4, 1 / 16)

KEYS: Final = ("household_id", "address_id")
WEB_MAPS: Final = {"gcj02": ("Amap, Tencent", "高德、腾讯"), "bd09": ("Baidu", "百度")}
# What undoing does to rows, after "brings so many of so many"; {2}: now so, {3}: would be lost.
_THERE: Final = ", where {2:,} are now, {3:,} of which would leave"
_ZH_THERE: Final = "(现有{2:,}个,其中{3:,}个将偏离)"
WORDS: Final = {
    "key": (f"near the place known of them{_THERE}", f"位于其已知位置附近{_ZH_THERE}"),
    "address_id": (f"near their address{_THERE}", f"位于所填地址附近{_ZH_THERE}"),
    "grid_code": (f"into the grid they name{_THERE}", f"位于所填网格内{_ZH_THERE}"),
    "village_code": (f"into the village they name{_THERE}", f"位于所填社区/村内{_ZH_THERE}"),
    "area": (f"into the jurisdiction{_THERE}", f"位于辖区内{_ZH_THERE}"),
    "streets": ("nearer to a street, {3:,} farther from one", "离道路更近({3:,}个更远)"),
}


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a city's places; each frame in EPSG:4490, or None.

    Parameters
    ----------
    grids : GeoDataFrame of Polygon or None
        Grids in force, indexed by ``grid_code``.
    villages : GeoDataFrame of Polygon or None
        Indexed by ``village_code``.
    addresses : GeoDataFrame of Point or None
        Indexed by ``address_id``.
    households : GeoDataFrame of Point or None
        Indexed by ``household_id``: where the households of a file were before.
    streets : GeoDataFrame of LineString or None
    """

    grids: gpd.GeoDataFrame | None = None
    villages: gpd.GeoDataFrame | None = None
    addresses: gpd.GeoDataFrame | None = None
    households: gpd.GeoDataFrame | None = None
    streets: gpd.GeoDataFrame | None = None


@dataclass(frozen=True)
class _Suspicion:
    """Counts of rows: those looked at, that agree as they stand, won and lost by undoing."""

    by: str
    offset: str
    looked: int
    agree: int
    won: int
    lost: int
    chance: int  # won by the best of the turned steps

    def note(self) -> Note:
        name, option = NAMES[self.offset], f"--offset {self.offset}"
        if self.won > self.lost:
            maps, zh_maps = WEB_MAPS[self.offset]
            step = f"If they come from a web map ({maps}), import them again with {option}."
            zh_step = f"如来自网络地图({zh_maps}),请加 {option} 重新导入。"
        else:
            step = f"Only a part is: ask where these come from and import them apart with {option}."
            zh_step = f"仅部分行如此:请查明其来源,将其分出并加 {option} 单独导入。"
        en, zh = WORDS[self.by]
        return Note(
            f"Places look as if they were in {name}: undoing it brings {{0:,}} of {{1:,}} looked "
            f"at {en}; an equal step in any other direction brings at most {{4:,}} there. "
            f"Nothing was moved. {step}",
            f"有位置疑似{name}坐标:抽查{{1:,}}个,还原后{{0:,}}个{zh};"
            f"向其他方向移动同样距离至多{{4:,}}个如此。未移动任何位置。{zh_step}",
            (self.won, self.looked, self.agree, self.lost, self.chance),
        )


class OffsetWatch:
    """Look whether places agree better with what is known once an offset is undone.

    Parameters
    ----------
    known : Known
        Where no frame fits the rows, nothing is ever suspected.

    Notes
    -----
    Evidence, the strongest first; the first that suspects is said:

    1. Rows whose key (index ``household_id`` or ``address_id``) or ``address_id`` is known at a
       place. A place wrong by half to one and a half times the offset's step could be anywhere in
       that ring; a disc of r steps around the right vector covers r²/2 of it. Tested is, by the
       binomial law, whether more cells have their median row in the disc than that share, or than
       the share a control meets (r = 1/4 and 1/16; the smaller p-value counts double).
    2. Rows that name a grid, then a village, and lie outside it: how many lie inside once undone.
       Sign test (Dixon and Mood, JASA 41, 1946) of the true inverse against each control: five
       steps of its own length turned by 60°, 120° … 300°, and of BD-09 half and one and a half.
       Every one must be beaten, which needs no correction for their number (Berger,
       Technometrics 24, 1982).
    3. Only where too few rows name anything known: all points, inside the jurisdiction or not,
       then their distance to the nearest street; here the inverse must beat the file as it stands
       as well, and for the jurisdiction bring home most points outside. A part shifted is not
       seen this way.

    Points of one 250 m cell vote as one. By 1. three cells can be enough (two where they agree to
    30 m), by 2. and 3. it takes 13; always at least 10 rows. What is as far off as GCJ-02 (by 2.
    and 3. from half as far) in nearly its direction (15° by 1., some 25° else) cannot be told from
    it. A handful of wrong
    blocks in a large file is found by addresses, not by grids: a block coded wrongly looks alike.

    Of a file at most ``MOST_ROWS`` rows are kept, every k-th by its number in the file, so that
    batches and the whole give one verdict. In batches of 100,000 ``look`` costs 5 to 20 ms each,
    ``said`` about 1 s once.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._key = ""
        self._parts: list[pd.DataFrame] = []
        self._seen = 0
        self._kept = 0
        self._every = 1

    def look(self, frame: gpd.GeoDataFrame) -> None:
        """Look at one batch of a file.

        Parameters
        ----------
        frame : GeoDataFrame of Point, shape (n,)
            EPSG:4490, as the import accepted it, in the order of the file. Used, where they are,
            are the columns ``grid_code``, ``village_code`` and ``address_id`` and an index named
            ``household_id`` or ``address_id``. Rows without a finite point say nothing.
        """
        while self._kept + self._due(len(frame)) > MOST_ROWS:
            self._every *= 2
            self._parts = [part[part.index % self._every == 0] for part in self._parts]
            self._kept = sum(map(len, self._parts))
        rows = np.arange(-self._seen % self._every, len(frame), self._every)
        places = to_rest(frame.geometry.iloc[rows])
        shapes = places.where(~places.is_empty, None).to_numpy()
        kept = pd.DataFrame(
            {"lon": shapely.get_x(shapes), "lat": shapely.get_y(shapes)}, index=self._seen + rows
        )
        for name in ("address_id", "grid_code", "village_code"):
            if name in frame:
                kept[name] = frame[name].iloc[rows].astype(object).to_numpy()
        if frame.index.name in KEYS:
            self._key = str(frame.index.name)
            kept["key"] = frame.index[rows].astype(object)
        self._parts.append(kept)
        self._kept += len(kept)
        self._seen += len(frame)

    def said(self) -> Note | None:
        """Say what is suspected of the rows seen so far.

        Returns
        -------
        Note or None
            The offset, the rows that agree with what is known only once it is undone, those that
            would be lost, what chance gives, and the next step; None where nothing is suspected.
        """
        if not self._parts:
            return None
        rows = pd.concat(self._parts)
        rows = rows.replace([np.inf, -np.inf], np.nan).dropna(subset=["lon", "lat"])
        if len(rows) < FEWEST_ROWS:
            return None
        for evidence in _evidence(rows, self._key, self._known):
            found = [s for s in (evidence.judged(offset) for offset in NAMES) if s is not None]
            if found:
                return max(found, key=lambda s: s.won).note()
        return None

    def _due(self, rows: int) -> int:
        return max(0, -(-(rows - -self._seen % self._every) // self._every))


@dataclass(frozen=True, eq=False)
class _Evidence:
    """Rows with something known about them.

    Parameters
    ----------
    by : str
        A key of ``WORDS``.
    rows : DataFrame, shape (n,)
        ``lon`` and ``lat`` in degrees.
    crs : CRS
        Metric, of what is known.
    fits : callable
        Places in metres, shape (n, 2), and a quarter of the step, shape (n,), to how well each
        agrees: 1 or 0; for streets minus the distance, in metres.
    places : ndarray, shape (n, 2), or None
        Where the rows are known to be, in metres.
    """

    by: str
    rows: pd.DataFrame
    crs: object
    fits: Fits
    places: Floats | None = None

    def judged(self, offset: str) -> _Suspicion | None:
        """Say what speaks for an offset, if it is beyond chance."""
        lon, lat = self.rows["lon"].to_numpy(), self.rows["lat"].to_numpy()
        stand, undone = _metres(lon, lat, self.crs), _metres(*unshifted(lon, lat, offset), self.crs)
        step = undone - stand
        turned = [stand + _turn(step, degrees) for degrees in TURNS_DEG]
        turned += [stand + step * length for length in LENGTHS[offset]]
        near_m = NEAR[0] * np.linalg.norm(step, axis=1)
        now, then, *others = (self.fits(xy, near_m) for xy in (stand, undone, *turned))
        won, lost = int((then > now).sum()), int((then < now).sum())
        chance = max(int((other > now).sum()) for other in others[: len(TURNS_DEG)])
        if won < FEWEST_ROWS or won <= chance:
            return None
        cells = _cells(stand)
        if self.places is not None:
            p = _ring_p(stand, [undone, *turned], self.places, cells)
        elif self.by in ("grid_code", "village_code"):
            out = now == 0
            p = max(_sign_p(then[out] - other[out], cells[out]) for other in others)
        else:
            p = max(_sign_p(then - other, cells) for other in (now, *others))
            if self.by == "area" and 2 * won < int((now == 0).sum()):
                return None
        if p > LEVEL:
            return None
        return _Suspicion(self.by, offset, len(now), int((now > 0).sum()), won, lost, chance)


def _evidence(rows: pd.DataFrame, key: str, known: Known) -> Iterator[_Evidence]:
    """Give what is known about the rows, the strongest first."""
    named = 0
    points = {"household_id": known.households, "address_id": known.addresses}
    for by, those in (("key", points.get(key)), ("address_id", known.addresses)):
        found = _looked_up(rows, by, those)
        if found is not None:
            asked, shapes = found
            named += len(asked)
            places = np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)])
            yield _Evidence(by, asked, shapes.crs, _near(places), places)
    for by, areas in (("grid_code", known.grids), ("village_code", known.villages)):
        found = _looked_up(rows, by, areas)
        if found is not None:
            asked, shapes = found
            named += len(asked)
            yield _Evidence(by, asked, shapes.crs, _inside(shapes.to_numpy()))
    if named >= FEWEST_ROWS:
        return
    drawn = [f.geometry for f in (known.grids, known.villages) if f is not None and len(f)]
    if drawn:
        metric = metric_crs(drawn[0])
        parts = np.concatenate([shapely.make_valid(f.to_crs(metric).to_numpy()) for f in drawn])
        whole = shapely.union_all(parts)
        yield _Evidence("area", rows, metric, _inside(np.full(len(rows), whole)))
    if known.streets is not None and len(known.streets):
        metric = metric_crs(known.streets)
        streets = shapely.get_parts(known.streets.geometry.to_crs(metric).to_numpy())
        fewer = rows.iloc[:: -(-len(rows) // MOST_NEAREST)]
        yield _Evidence("streets", fewer, metric, _by_streets(streets))


def _looked_up(
    rows: pd.DataFrame, name: str, known: gpd.GeoDataFrame | None
) -> tuple[pd.DataFrame, gpd.GeoSeries] | None:
    """Give the rows whose name is known and, row by row, the known shapes in metres."""
    if known is None or name not in rows:
        return None
    shapes = known.geometry[known.index.isin(rows[name].dropna().unique())]
    shapes = shapes[~(shapes.isna() | shapes.is_empty) & ~shapes.index.duplicated()]
    asked = rows[rows[name].isin(shapes.index)]
    if len(asked) < FEWEST_ROWS:
        return None
    return asked, shapes.to_crs(metric_crs(shapes)).loc[asked[name]]


def _near(places: Floats) -> Fits:
    return lambda xy, near_m: (np.linalg.norm(xy - places, axis=1) <= near_m).astype(float)


def _inside(areas: npt.NDArray[np.object_]) -> Fits:
    shapely.prepare(areas)
    return lambda xy, _: shapely.intersects_xy(areas, xy[:, 0], xy[:, 1]).astype(float)


def _by_streets(streets: npt.NDArray[np.object_]) -> Fits:
    tree = shapely.STRtree(streets)

    def less_m(xy: Floats, _: Floats) -> Floats:
        there = np.flatnonzero(np.isfinite(xy).all(axis=1))
        points = shapely.points(xy[there])
        (asked, _), metres = tree.query_nearest(points, all_matches=False, return_distance=True)
        nearest_m = np.full(len(xy), FARTHEST_M)
        nearest_m[there[asked]] = metres
        return -nearest_m

    return less_m


def _metres(lon: Floats, lat: Floats, crs: object) -> Floats:
    """Give places in metres, shape (n, 2); NaN where the projection does not reach."""
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4490).to_crs(crs)
    metres = np.column_stack([points.x, points.y])
    return np.where(np.isfinite(metres), metres, np.nan)


def _turn(steps: Floats, degrees: float) -> Floats:
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return steps @ np.array([[cosine, sine], [-sine, cosine]])


def _cells(xy: Floats) -> npt.NDArray[np.int64]:
    """Give the numbers of the cells in which points lie, shape (n,)."""
    at = np.floor(np.nan_to_num(xy) / CELL_M).astype(np.int64)
    return at[:, 0] * 2**31 + at[:, 1]


def _sign_p(better: Floats, cells: npt.NDArray[np.int64]) -> float:
    """Give the chance of so many cells being for it, if each were for or against by a coin."""
    votes = pd.Series(np.sign(better)).groupby(cells).sum()
    return _at_least(int((votes > 0).sum()), int((votes != 0).sum()), 0.5)


def _ring_p(
    stand: Floats, steps: list[Floats], places: Floats, cells: npt.NDArray[np.int64]
) -> float:
    """Give the chance of so many cells being near the right vector, if errors had no direction."""
    step_m = np.linalg.norm(steps[0] - stand, axis=1)
    step_m[step_m == 0] = np.nan  # outside China
    wrong = np.linalg.norm(stand - places, axis=1) / step_m
    ring = (wrong >= 0.5) & (wrong <= 1.5)
    left = [pd.Series(np.linalg.norm(xy - places, axis=1) / step_m)[ring] for xy in steps]
    medians = [rest.groupby(cells[ring]).median().to_numpy() for rest in left]
    found = []
    for near in NEAR:
        hits, *others = (int((median <= near).sum()) for median in medians)
        of = len(medians[0])
        # Streets run in directions: what meets a turned step more often may meet this one too.
        share = max(near**2 / 2, max(others) / max(of, 1))
        found.append(_at_least(hits, of, share))
    return len(NEAR) * min(found)


def _at_least(hits: int, of: int, share: float) -> float:
    """Give the upper tail of the binomial law."""
    return 1.0 if hits == 0 else float(betainc(hits, of - hits + 1, share))
