import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from gridgeo.analysis.neighbours import usual_band_m
from gridgeo.errors import ParameterError
from gridgeo.publish import Field, Scope, release
from gridgeo.services.about import About
from gridgeo.services.hotspots import hotspots_layer
from tests.services.test_coverage_layers import Town

SIDE, WEEKS = 12, 12
TUESDAY = dt.date(2026, 6, 30)
ABOUT = About(TUESDAY)  # the last whole week ends on Sunday the 28th
MONDAY = pd.Timestamp("2026-06-29T00:00+08:00")  # the first day that is not told of


def grids():
    """Squares of 500 m, row by row from the south-west."""
    x, y = (axis.ravel() * 500.0 for axis in np.meshgrid(range(SIDE), range(SIDE)))
    codes = [f"{number:014d}" for number in range(SIDE**2)]
    return gpd.GeoDataFrame(
        {"name": [f"grid {code}" for code in codes], "village_code": "321282401001"},
        geometry=box(500_000 + x, 3_540_000 + y, 500_500 + x, 3_540_500 + y),
        index=pd.Index(codes, name="grid_code", dtype="str"),
        crs=4549,
    )


def counts(seed=1, usual=40.0):
    """A count by grid and week, oldest first."""
    return np.random.default_rng(seed).poisson(usual, (SIDE**2, WEEKS))


def corner(table, north, east):
    """The nine grids in a corner."""
    of = table.reshape(SIDE, SIDE, -1)
    return of[-3:, :, :][:, -3:, :] if north and east else of[:3, :3, :]


def incidents(table, recorded=True, end=MONDAY):
    """So many incidents by grid and week, noon after noon, each in the midst of its grid."""
    grid, week = np.divmod(np.repeat(np.arange(table.size), table.ravel()), table.shape[1])
    day = np.arange(len(grid)) % 7 - 7 * (table.shape[1] - week)
    at = grids().geometry.iloc[grid].centroid
    frame = {
        "class_code": "0102",
        "reported_at": (end + pd.Timedelta(hours=12) + pd.to_timedelta(day, "D")).as_unit("us"),
    }
    if recorded:
        frame["grid_code"] = grids().index[grid].astype("str")
    index = pd.Index([f"i{row}" for row in range(len(grid))], name="incident_id", dtype="str")
    return gpd.GeoDataFrame(frame, geometry=at.to_numpy(), index=index, crs=4549)


def spots(table, told=None, about=ABOUT, **how):
    return hotspots_layer(Town(grids=grids(), incidents=incidents(table, **how)), about, told)


def load_of(households):
    frame = grids().assign(households=pd.array(households, dtype="Int64"))
    scope = Scope("load", zh="量", en="Load", fields=(Field("households", "int", is_count=True),))
    return release(frame, scope)


def planted():
    """Always more in the south-west."""
    table = counts()
    corner(table, False, False)[:] += 60
    return table


def test_planted_spots_are_hot_and_named_by_how_they_came():
    lately, fewer = counts(), counts()
    corner(lately, True, True)[..., -3:] += 60
    corner(fewer, True, True)[:] = 5
    middle = f"{SIDE * (SIDE - 2) + SIDE - 2:014d}"
    for table, where, expected in (
        (planted(), "00000000000013", ["hot", "high-high", "persistent-hot", 12, 0]),
        (lately, middle, ["hot", "high-high", "consecutive-hot", 3, 0]),
        (fewer, middle, ["cold", "low-low", "persistent-cold", 0, 12]),
    ):
        layer = spots(table)
        columns = ["spot", "moran", "trend", "hot_weeks", "cold_weeks"]
        assert layer.features.loc[where, columns].tolist() == expected
        assert 9 <= layer.features["spot"].isin(["hot", "cold"]).sum() <= 25
        assert layer.period == "2026-06-01/2026-06-28"
        assert layer.disclosure == "internal"


def test_no_count_leaves():
    layer = spots(planted())
    told = {"grid_code", "name", "village_name", "spot", "z", "moran", "trend"}
    assert {*layer.features.columns} == {*told, "hot_weeks", "cold_weeks", "withheld", "geometry"}
    assert layer.ledger_rows().empty
    assert (layer.features["z"].dropna() * 10 % 1 < 1e-6).mean() > 0.4  # one decimal
    assert layer.notes("en") == ["counts are rounded to multiples of 5"]


def test_nothing_shows_that_a_rounded_count_does_not_tell():
    # All that leaves is the same wherever counts lie between the steps, two to each side.
    rng = np.random.default_rng(7)
    table = 5 * rng.poisson(2.5, (SIDE**2, WEEKS)) + 5
    corner(table, True, True)[:] += 20
    other = table.copy()
    changing = [*range(WEEKS - 4), WEEKS - 1]  # of the last four, summed up, only one
    table[:, changing] += rng.integers(-2, 3, (SIDE**2, len(changing))) * (table > 5)[:, changing]
    other[:, changing] += rng.integers(-2, 3, (SIDE**2, len(changing))) * (other > 5)[:, changing]
    assert (table != other).mean() > 0.3
    told = spots(table).features
    assert told["spot"].eq("hot").any()
    pd.testing.assert_frame_equal(told, spots(other).features)


def test_fewer_than_k_are_as_good_as_none():
    none, few = counts(2), counts(2)
    none[5], few[5] = 0, 0
    few[5, -4] = 4  # 4 in a week, and 4 in all four
    pd.testing.assert_frame_equal(spots(none).features, spots(few).features)


def test_days_after_the_last_whole_week_and_before_the_first_are_not_told():
    table = planted()
    whole = spots(table).features
    now = np.zeros((SIDE**2, 1), int)
    now[7] = 300
    later = incidents(now, end=MONDAY + pd.Timedelta(days=7))
    later = later[later["reported_at"] < MONDAY + pd.Timedelta(days=2)]
    long_ago = incidents(now, end=MONDAY - pd.Timedelta(weeks=WEEKS))
    rows = [incidents(table), later, long_ago]
    every = pd.concat(rows).set_axis([f"i{n}" for n in range(sum(map(len, rows)))])
    told = hotspots_layer(Town(grids=grids(), incidents=every), ABOUT)
    pd.testing.assert_frame_equal(told.features, whole)


@pytest.mark.parametrize(
    ("as_of", "end"),
    [("2026-06-28", "2026-06-28"), ("2026-06-27", "2026-06-21"), ("2026-07-05", "2026-07-05")],
)
def test_a_week_is_told_when_its_sunday_is_over(as_of, end):
    layer = spots(counts(), about=About(dt.date.fromisoformat(as_of)))
    assert layer.period.endswith(end)


def test_an_incident_without_a_grid_on_record_counts_where_it_lies():
    table = planted()
    pd.testing.assert_frame_equal(spots(table).features, spots(table, recorded=False).features)


def test_incidents_are_compared_with_households_as_told_and_who_is_not_told_is_not_judged():
    table, households = counts(), np.full(SIDE**2, 400)
    households[:3] = 80  # few people, as many incidents: a high rate
    households[SIDE : SIDE + 3] = 80
    households[13], households[20] = 4, 0
    said = spots(table, load_of(households)).features
    assert said.loc["00000000000013", ["spot", "trend"]].tolist() == ["not_judgeable"] * 2
    assert said.loc["00000000000020", "moran"] == "not_judgeable"
    assert said["z"].isna().sum() == said["hot_weeks"].isna().sum() >= 2
    assert said.loc["00000000000001", "spot"] == "hot"
    assert spots(table).features.loc["00000000000001", "spot"] == "not-significant"


def test_the_order_of_rows_changes_nothing():
    places, rows = grids(), incidents(planted())
    mixed = Town(
        grids=places.sample(frac=1, random_state=1), incidents=rows.sample(frac=1, random_state=2)
    )
    found = hotspots_layer(mixed, ABOUT).features.sort_index()
    pd.testing.assert_frame_equal(found, spots(planted()).features.sort_index())


def test_a_town_of_one_grid_is_not_judged():
    one = grids().iloc[:1]
    rows = incidents(np.r_[np.full((1, WEEKS), 30), np.zeros((SIDE**2 - 1, WEEKS), int)])
    said = hotspots_layer(Town(grids=one, incidents=rows), ABOUT).features
    assert said[["spot", "moran"]].to_numpy().tolist() == [["not-significant"] * 2]
    assert said["z"].isna().all()


def test_a_trend_of_fewer_than_four_weeks_is_not_judged():
    layer = spots(planted()[:, -3:])
    assert layer.features["trend"].eq("not_judgeable").all()
    assert layer.features["hot_weeks"].isna().all()
    assert layer.period == "2026-06-08/2026-06-28"
    assert layer.features["spot"].eq("hot").sum() >= 9


def test_nowhere_is_hot_where_every_grid_is_the_same():
    layer = spots(np.full((SIDE**2, WEEKS), 20))
    assert layer.features["spot"].eq("not-significant").all()
    assert layer.features["z"].isna().all()


def test_less_than_a_week_and_no_incidents_are_refused():
    short = incidents(np.full((SIDE**2, 1), 3), end=MONDAY + pd.Timedelta(days=4))
    with pytest.raises(ParameterError, match="from 2026-06-26 on hold no whole week"):
        hotspots_layer(Town(grids=grids(), incidents=short), ABOUT)
    with pytest.raises(ParameterError, match="incidents"):
        hotspots_layer(Town(grids=grids()), ABOUT)


def test_the_usual_band_reaches_eight_neighbours_on_a_lattice():
    assert usual_band_m(grids().geometry) == 800.0  # 500 · √2, rounded up
    assert usual_band_m(grids().geometry.iloc[:1]) == 100.0
    assert usual_band_m(grids().geometry.iloc[[0, 100]]) > 4000
