import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.assign import HOW
from gridgeo.analysis.in_time import EVER, GridsInTime, lives
from gridgeo.errors import ParameterError
from tests.analysis.lives import block, frame, lattice, spots, valid, versions


def told(grids, answer):
    """Code, how, and millimetres of each point."""
    return [
        (None if p < 0 else grids.index[p], HOW[h], None if np.isnan(d) else round(d, 3))
        for p, h, d in zip(*answer, strict=True)
    ]


def by_geos(live, x, y, within):
    """The same for one point among the grids of a day."""
    for code, area in live.geometry.items():
        if shapely.intersects_xy(area, x, y):
            on_border = shapely.intersects_xy(area.boundary, x, y)
            return code, "border" if on_border else "inside", 0.0
    if within is None or live.empty:
        return None, "none", None
    spot = gpd.GeoSeries.from_xy([x], [y], crs=4490).to_crs(4549).iloc[0]
    away_m = live.geometry.to_crs(4549).distance(spot).to_numpy()
    nearest = int(away_m.argmin())
    if away_m[nearest] > within:
        return None, "none", None
    return live.index[nearest], "nearest", round(float(away_m[nearest]), 3)


@given(
    grids=versions(shapes=valid),
    seed=st.integers(0, 99),
    within=st.sampled_from([None, 0.0, 40.0]),
)
def test_a_point_is_answered_by_the_grids_in_force_on_its_day_alone(grids, seed, within):
    x, y, day = spots(np.random.default_rng(seed), 40)
    found = told(grids, GridsInTime(grids, within).at(x, y, day))
    for at, moment in enumerate(day.astype("datetime64[D]")):
        live = grids[~(grids["valid_from"] > moment) & ~(grids["valid_to"] <= moment)]
        assert found[at] == by_geos(live, x[at], y[at], within)


def test_the_first_day_is_in_force_and_the_last_one_is_not():
    grids = frame([("a", 10, 20, block(0, 0)), ("b", 20, None, block(0, 0))])
    asked = GridsInTime(grids)
    assert asked.breaks.tolist() == [10, 20]
    days = [-(10**6), 9, 10, 19, 20, 10**6]
    answer = asked.at([lattice(0.5)] * 6, [lattice(0.5) - 88] * 6, days)
    assert answer.position.tolist() == [-1, -1, 0, 0, 1, 1]


def test_a_shared_border_belongs_to_the_lower_code_of_that_day():
    grids = frame([("a", None, 10, block(0, 0)), ("b", None, None, block(1, 0))])
    edge = [lattice(1)] * 2, [lattice(0.5) - 88] * 2
    assert told(grids, GridsInTime(grids).at(*edge, [9, 10])) == [
        ("a", "border", 0.0),
        ("b", "border", 0.0),
    ]


def test_metres_never_move_a_point_that_a_grid_covers_as_it_rests():
    """In metres a border 200 km long bends by kilometres: the point beside it must not notice."""
    wide = shapely.box(119, 31, 121, 32)
    grids = frame([("a", None, None, shapely.box(119, 32, 121, 33)), ("b", None, None, wide)])
    y = np.array([np.nextafter(32, 0), 32, np.nextafter(32, 99)])
    plain, near = (GridsInTime(grids, w).at([120] * 3, y, [0] * 3) for w in (None, 50.0))
    assert plain.position.tolist() == near.position.tolist() == [1, 0, 0]
    assert near.how.tolist() == plain.how.tolist()


@pytest.mark.parametrize("grids", [frame([]), frame([("a", 10, 20, block(0, 0))])])
def test_nobody_is_responsible_where_and_when_no_grid_is(grids):
    for within in (None, 100.0):
        answer = GridsInTime(grids, within).at([120.5, np.nan], [32.5, 32.5], [15, 15])
        assert answer.position.tolist() == [-1, -1]
        assert np.isnan(answer.distance_m).all()


@pytest.mark.parametrize("within", [-1.0, np.nan])
def test_refuses_a_distance_that_is_none_before_any_point_is_asked(within):
    with pytest.raises(ParameterError, match="nearest_within_m"):
        GridsInTime(frame([]), within)


def test_open_lives_reach_beyond_every_day():
    since, until = lives(frame([("a", None, 1, block(0, 0)), ("b", 2, None, block(0, 0))]))
    assert since.tolist() == [-EVER, 2]
    assert until.tolist() == [1, EVER]
