"""Two layers about every grid: how well its households are covered, and how good its records are.

Both count households by grid, and counts that partition a grid's households differ from each
other by a few. So counts leave rounded to multiples of k, and where one part of a split lies
below k, the whole split is withheld: the load tells a grid's households exactly, and with one
part of them the other. Not covered, as in ``publish.findings``: different questions about the
same people (in reach, visited, fresh), laid side by side. Shares follow from the rounded counts:
with 320 households and k = 5 they are right to 0.8 points. Both layers are internal.
"""

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.analysis.reach import reach
from gridgeo.analysis.rounds import rounds_per_grid, visit_ages, wilson
from gridgeo.errors import ParameterError
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import GRIDS, STATIONS, VISITS
from gridgeo.publish import Field, Layer, Scope, exactly_placed, release, roughly
from gridgeo.publish.layer import K
from gridgeo.services.about import About
from gridgeo.services.coverage import known_by_grid
from gridgeo.services.detectors.rounds import visits_missing
from gridgeo.services.kept import Homes, Kept, kept
from gridgeo.services.record_counts import record_counts
from gridgeo.services.sources import Source, need
from gridgeo.services.ways import streets_of

_ABOUT_GRID = (
    Field("grid_code"),
    Field("name"),
    Field("village_code", zh="社区/行政村代码", en="village code"),
)
_K = K["internal"]

# What goes together: parts of one whole.
_REACH = ("reached", "unreached")
_VISITED = ("visited", "not_visited")
_WAITING = ("overdue", "never_visited")
_FIELDS = ("fields_filled", "fields_empty")
_PLACED = ("placed_right", "placed_wrong")
_FRESH = ("fresh", "stale")


def coverage_layer(source: Source, about: About) -> Layer:
    """Publish how many households of each grid are near a station, and were visited in time.

    Parameters
    ----------
    source : Source
        Grids and households are needed; without stations or visits their figures are NA.
    about : About
        Its standards say what reached and visited mean.

    Returns
    -------
    Layer
        ``coverage``, internal. Of the households in which somebody lives, by the grid they lie
        in: ``reached`` and ``unreached``, ``visited`` and ``not_visited``, ``overdue`` and
        ``never_visited``, all multiples of k; ``reached_share``; ``visited_share`` with its 95 %
        interval ``visited_low_share`` to ``visited_high_share``; ``lived_in_share`` of all
        dwellings. A share is NA where its counts are withheld, and where there is no household.
        Households known only by their grid are neither reached nor unreached.

    Raises
    ------
    ParameterError
        There are no grids or no households.
    """
    source = kept(source)
    frame, homes = _grids_and_homes(source, about)
    m, standards = len(frame), about.standards
    frame["households"] = homes.count(homes.occupied, m)
    frame["vacant"] = homes.count(~homes.occupied, m)
    frame[[*_REACH, *_VISITED, *_WAITING]] = np.nan
    stations = source.frame(STATIONS, as_of=about.as_of)
    streets, missing = streets_of(source, standards)
    if len(stations) and not missing:
        near_m = reach(homes.frame, stations, streets).where(exactly_placed(homes.frame)).to_numpy()
        near = near_m <= standards.reach_within_m
        frame["reached"] = homes.count(near & homes.occupied, m)
        frame["unreached"] = homes.count(~near & ~np.isnan(near_m) & homes.occupied, m)
    age = _visit_ages(source, homes, about)
    if age is not None:
        days = standards.visit_within_days
        rounds = rounds_per_grid(homes.position, m, homes.occupied, age.to_numpy(), days)
        frame["visited"] = rounds["visited"].to_numpy()
        frame["not_visited"] = (rounds["overdue"] + rounds["never_visited"]).to_numpy()
        # Both parts of what is withheld would tell what is withheld.
        told = ~_small(frame[[*_VISITED]]).any(axis=1).to_numpy()
        for name in _WAITING:
            frame[name] = np.where(told, rounds[name].to_numpy(), np.nan)
    scope = Scope(
        layer="coverage",
        zh="服务与走访覆盖",
        en="Coverage",
        fields=(
            *_ABOUT_GRID,
            Field("households", "int", is_count=True),
            Field("vacant", "int", zh="空置房屋", en="vacant dwellings", is_count=True),
            Field("lived_in_share", "float", zh="入住率", en="share lived in"),
            Field("reached", "int", is_count=True),
            Field("unreached", "int", zh="未覆盖", en="not reached", is_count=True),
            Field("reached_share", "float", zh="服务覆盖率", en="share reached"),
            Field("visited", "int", zh="按期走访", en="visited in time", is_count=True),
            Field("not_visited", "int", zh="未按期走访", en="not in time", is_count=True),
            Field("overdue", "int", zh="走访超期", en="visit overdue", is_count=True),
            Field("never_visited", "int", zh="从未走访", en="never visited", is_count=True),
            Field("visited_share", "float", zh="走访覆盖率", en="share visited"),
            Field("visited_low_share", "float", zh="走访覆盖率下限", en="share visited, low"),
            Field("visited_high_share", "float", zh="走访覆盖率上限", en="share visited, high"),
        ),
        disclosure="internal",
        together=(_REACH, _VISITED, _WAITING),
        additive=False,
        rounded=True,
        derived={
            "lived_in_share": _share("households", "vacant"),
            "reached_share": _share(*_REACH),
            "visited_share": _share(*_VISITED),
            "visited_low_share": _interval(0),
            "visited_high_share": _interval(1),
        },
        by_grid=roughly(len(known_by_grid(source, about.as_of)), _K),
        unit="households",
        **about.said(),
    )
    return release(frame, scope, about.ledger)


def quality_layer(source: Source, about: About) -> Layer:
    """Publish how complete, accurate and fresh the household records of each grid are.

    Parameters
    ----------
    source : Source
        Grids and households are needed.
    about : About
        Its standards say which fields are required and for how long a record is fresh.

    Returns
    -------
    Layer
        ``quality``, internal. Of the dwellings that lie in a grid, and those in none but
        recorded there:

        completeness_share : required fields filled ÷ fields expected
            (``fields_filled``, ``fields_empty``).
        accuracy_share : recorded grid covers the place ÷ records with both, placed by their own
            coordinates (``placed_right``, ``placed_wrong``).
        freshness_share : checked within the standard, by a visit that counts or in the register
            (``fresh``, ``stale``).
        quality_share : geometric mean of the three, so that none makes up for another at 0.

        NA where nothing can be judged or the counts are withheld, never 0 for that. Higher levels
        sum the counts and take the shares again, never the mean of shares.

    Raises
    ------
    ParameterError
        There are no grids or no households.
    """
    source = kept(source)
    frame, homes = _grids_and_homes(source, about)
    areas = to_metric(need(source, GRIDS, as_of=about.as_of), "grids")
    age = _visit_ages(source, homes, about)
    counts = record_counts(homes, areas, age, about.as_of, about.standards)
    frame[[*counts]] = counts.to_numpy()
    scope = Scope(
        layer="quality",
        zh="数据质量",
        en="Quality of records",
        fields=(
            *_ABOUT_GRID,
            Field("fields_filled", "int", zh="已填项", en="fields filled", is_count=True),
            Field("fields_empty", "int", zh="缺项", en="fields empty", is_count=True),
            Field("completeness_share", "float", zh="完整", en="complete"),
            Field("placed_right", "int", zh="登记相符", en="record agrees", is_count=True),
            Field("placed_wrong", "int", zh="登记不符", en="record differs", is_count=True),
            Field("accuracy_share", "float", zh="准确", en="accurate"),
            Field("fresh", "int", zh="按期更新", en="checked in time", is_count=True),
            Field("stale", "int", zh="逾期未更新", en="not checked in time", is_count=True),
            Field("freshness_share", "float", zh="鲜活", en="fresh"),
            Field("quality_share", "float", zh="数据质量", en="quality"),
        ),
        disclosure="internal",
        together=(_FIELDS, _PLACED, _FRESH),
        additive=False,
        rounded=True,
        derived={
            "completeness_share": _share(*_FIELDS),
            "accuracy_share": _share(*_PLACED),
            "freshness_share": _share(*_FRESH),
            "quality_share": _quality,
        },
        unit="records",
        **about.said(),
    )
    return release(frame, scope, about.ledger)


def _grids_and_homes(source: Kept, about: About) -> tuple[gpd.GeoDataFrame, Homes]:
    grids = need(source, GRIDS, as_of=about.as_of)
    homes = source.homes(about.as_of)
    if homes is None:
        raise ParameterError(
            f"There are no households on {about.as_of}; this question needs them.",
            hint="Say --households FILE, or `gridgeo import households FILE`.",
            fields=["households"],
        )
    frame = grids.reindex(columns=["name", "village_code", grids.geometry.name]).copy()
    frame.insert(0, "grid_code", frame.index)
    return frame, homes


def _visit_ages(source: Kept, homes: Homes, about: About) -> pd.Series | None:
    visits = source.frame(VISITS)
    if visits_missing(visits):
        return None
    outcomes = about.standards.visit_outcomes
    return visit_ages(homes.frame, visits, about.as_of, outcomes, about.zone)


def _small(counts: pd.DataFrame) -> pd.DataFrame:
    return (counts > 0) & (counts < _K)


def _share(part: str, rest: str) -> Callable[[pd.DataFrame], pd.Series]:
    def share(told: pd.DataFrame) -> pd.Series:
        whole = (told[part] + told[rest]).astype("Float64")
        return (told[part] / whole.where(whole > 0)).round(4)

    return share


def _interval(end: int) -> Callable[[pd.DataFrame], pd.Series]:
    def bound(told: pd.DataFrame) -> pd.Series:
        part, rest = (told[name].to_numpy("float64", na_value=np.nan) for name in _VISITED)
        found = pd.Series(wilson(part, part + rest)[end], index=told.index)
        return found.astype("Float64").round(4)

    return bound


def _quality(told: pd.DataFrame) -> pd.Series:
    shares = told[["completeness_share", "accuracy_share", "freshness_share"]]
    return (shares.prod(axis=1, skipna=False) ** (1 / 3)).round(4)
