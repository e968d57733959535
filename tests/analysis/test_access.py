from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array
from shapely import LineString, Point, box

from gridgeo.analysis.access import access, access_faults, shared_out
from gridgeo.analysis.network import street_distances
from gridgeo.analysis.reach import reach
from gridgeo.errors import CRSError, GeometryError, InputError, ParameterError
from gridgeo.model.findings import FINDINGS

GOLDEN = Path(__file__).parent.parent / "golden"
METRES = 4549
METHODS = ("2sfca", "e2sfca", "3sfca")
# On a lattice of 10 m many pairs are exactly a radius, or a third of it, apart.
PLACES = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda p: (p[0] * 10, p[1] * 10))
HOMES = st.lists(st.tuples(PLACES, st.integers(0, 9)), min_size=1, max_size=20)
STATIONS = st.lists(st.tuples(PLACES, st.integers(0, 50)), max_size=6)
BANKS = (range(0, 201, 100), range(300, 601, 100))
WALK_M = 251  # ways are multiples of 10 m: none is a rounding away from it, or from a third of it


def layer(rows, column, crs=METRES):
    return gpd.GeoDataFrame(
        {column: [float(amount) for _, amount in rows]},
        geometry=[place and Point(place) for place, _ in rows],
        crs=crs,
    )


def homes_of(rows, crs=METRES):
    return layer(rows, "persons", crs)


def stations_of(rows, crs=METRES):
    return layer(rows, "capacity", crs)


# --- laws -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@given(homes=HOMES, stations=STATIONS)
def test_what_persons_have_is_the_capacity_of_the_stations_that_reach_anybody(
    method, homes, stations
):
    given_out = access(homes_of(homes), stations_of(stations), 150, method).to_numpy() @ [
        persons for _, persons in homes
    ]
    there = sum(
        capacity
        for (a, b), capacity in stations
        if any(persons and (x - a) ** 2 + (y - b) ** 2 <= 150**2 for (x, y), persons in homes)
    )
    assert given_out == pytest.approx(there, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
@given(homes=HOMES, stations=STATIONS)
def test_nobody_has_anything_beyond_reach_and_everybody_something_within(method, homes, stations):
    homes = [(place, persons + 1) for place, persons in homes]
    stations = [(place, capacity + 1) for place, capacity in stations]
    found = access(homes_of(homes), stations_of(stations), 150, method)
    near = reach(homes_of(homes), stations_of(stations)) <= 150
    assert ((found > 0) == near).all()


@pytest.mark.parametrize("method", METHODS)
@given(homes=HOMES, stations=STATIONS, rnd=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(method, homes, stations, rnd):
    order = list(range(len(homes)))
    rnd.shuffle(order)
    before = access(homes_of(homes), stations_of(stations), 150, method)
    after = access(homes_of(homes).iloc[order], stations_of(stations[::-1]), 150, method)
    pd.testing.assert_series_equal(before, after.sort_index(), rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@given(homes=HOMES, stations=STATIONS)
def test_moving_a_city_changes_nothing(method, homes, stations):
    def moved(rows):
        return [((x + 500_000, y + 3_540_000), amount) for (x, y), amount in rows]

    here = access(homes_of(homes), stations_of(stations), 150, method)
    there = access(homes_of(moved(homes)), stations_of(moved(stations)), 150, method)
    pd.testing.assert_series_equal(here, there, rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@given(homes=HOMES, stations=STATIONS, more=HOMES, others=STATIONS)
def test_two_cities_far_apart_give_what_each_gives(method, homes, stations, more, others):
    def away(rows):
        return [((x + 10_000, y), amount) for (x, y), amount in rows]

    both = access(homes_of(homes + away(more)), stations_of(stations + away(others)), 150, method)
    one = access(homes_of(homes), stations_of(stations), 150, method)
    two = access(homes_of(more), stations_of(others), 150, method)
    assert both.to_numpy() == pytest.approx(np.concatenate([one, two]), rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
@given(homes=HOMES, stations=STATIONS)
def test_distances_given_are_as_good_as_places(method, homes, stations):
    plain = access(homes_of(homes), stations_of(stations), 150, method).to_numpy()
    metres = np.array(
        [[np.hypot(x - a, y - b) for (a, b), _ in stations] for (x, y), _ in homes]
    ).reshape(len(homes), len(stations))
    i, j = np.nonzero(metres < 200)
    sparse = coo_array((metres[i, j], (i, j)), shape=metres.shape)
    frames = [
        pd.DataFrame(some.drop(columns="geometry"))
        for some in (homes_of(homes), stations_of(stations))
    ]
    for distances in (metres, np.where(metres > 150, np.nan, metres), sparse, csr_array(sparse)):
        found = access(*frames, 150, method, distances=distances)
        assert found.to_numpy() == pytest.approx(plain, rel=1e-9)


# Streets every 100 m both ways, without the one between 200 and 300 m: a river.
STREETS = gpd.GeoSeries(
    [LineString([(x, y) for y in range(0, 601, 100)]) for x in range(0, 601, 100)]
    + [LineString([(x, y) for x in some]) for y in range(0, 601, 100) for some in BANKS],
    crs=METRES,
)


def along_streets(homes, stations, radius, method, streets=STREETS):
    homes, stations = homes_of(homes), stations_of(stations)
    metres = street_distances(homes, stations, streets, radius)
    return access(homes, stations, radius, method, distances=metres)


@pytest.mark.parametrize("method", METHODS)
@given(homes=HOMES, stations=STATIONS, rnd=st.randoms(use_true_random=False))
def test_along_streets_nothing_is_lost_and_no_order_counts(method, homes, stations, rnd):
    found = along_streets(homes, stations, WALK_M, method)
    persons = np.array([count for _, count in homes], float)
    near = street_distances(homes_of(homes), stations_of(stations), STREETS, WALK_M)
    coo = near.tocoo()
    met = {j for i, j in zip(*coo.coords, strict=True) if persons[i]}
    there = sum(stations[j][1] for j in met)
    assert found.to_numpy() @ persons == pytest.approx(there, rel=1e-9)
    order = rnd.sample(range(len(homes)), len(homes))
    mixed = along_streets([homes[k] for k in order], stations[::-1], WALK_M, method)
    assert mixed.to_numpy() == pytest.approx(found.to_numpy()[order], rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
@given(homes=HOMES, stations=STATIONS, more=HOMES, others=STATIONS)
def test_along_streets_two_cities_give_what_each_gives(method, homes, stations, more, others):
    def away(rows):
        return [((x + 8192, y), amount) for (x, y), amount in rows]

    streets = pd.concat([STREETS, STREETS.translate(8192, 0)])
    one = along_streets(homes, stations, WALK_M, method)
    two = along_streets(more, others, WALK_M, method)
    both = along_streets(homes + away(more), stations + away(others), WALK_M, method, streets)
    assert both.to_numpy() == pytest.approx(np.concatenate([one, two]), rel=1e-9)


@given(homes=HOMES, stations=STATIONS)
def test_rings_of_one_weight_are_no_rings(homes, stations):
    plain = access(homes_of(homes), stations_of(stations), 150)
    rings = access(homes_of(homes), stations_of(stations), 150, "e2sfca", weights=[0.5] * 4)
    assert rings.to_numpy() == pytest.approx(plain.to_numpy(), rel=1e-9)


# --- golden cases -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_answers_are_those_of_the_package_access_and_nothing_becomes_0(method):
    homes = pd.read_csv(GOLDEN / "access" / "households.csv")
    stations = pd.read_csv(GOLDEN / "access" / "stations.csv")
    homes, stations = (
        gpd.GeoDataFrame(t, geometry=gpd.points_from_xy(t["x"], t["y"]), crs=METRES)
        for t in (homes, stations)
    )
    found = access(homes, stations, 700, method)
    expected = homes[method].fillna(0)
    assert expected.eq(0).sum() == 9
    assert found.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (False, [2.1, 2.1, 2.1, 2.1]),
        (True, [0.6686168, 1.3565093, 2.0921208, 2.8355005]),
    ],
)
def test_shares_are_those_of_the_r_package_fca(chosen, expected):
    home, base = np.repeat(np.arange(4), 6), np.tile(np.arange(6), 4)
    f = np.arange(1.0, 25.0) if chosen else np.ones(24)
    found = shared_out(home, base, f, np.arange(1.0, 5.0), np.arange(1.0, 7.0), chosen)
    assert found == pytest.approx(expected, abs=6e-8)


def test_places_and_physicians_of_luo_and_wang():
    ways = pd.read_csv(GOLDEN / "luo_wang_2003" / "ways.csv", index_col="place")
    expected = pd.read_csv(GOLDEN / "luo_wang_2003" / "places.csv", index_col="place")["access"]
    homes = pd.DataFrame({"persons": 1}, index=ways.index)
    physicians = pd.DataFrame({"capacity": [1, 1]}, index=ways.columns)
    found = access(homes, physicians, 30, distances=ways.to_numpy())
    pd.testing.assert_series_equal(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("power", "expected"), [(1, [11 / 15, 11 / 15, 8 / 15]), (2, [7 / 9, 7 / 9, 4 / 9])]
)
def test_weights_may_be_those_of_gravity(power, expected):
    home, base = np.repeat(np.arange(3), 2), np.tile(np.arange(2), 3)
    f = np.array([1, 1, 1, 1, 1, 2.0]) ** -power
    found = shared_out(home, base, f, np.ones(3), np.ones(2), chosen=False)
    assert found == pytest.approx(expected, rel=1e-12)


# --- hand-worked cases ------------------------------------------------------------------------


def test_a_household_between_two_stations_has_a_share_of_both():
    # One physician for eight people and one for five: 1/8, 1/5, and 1/8 + 1/5 between them.
    homes = homes_of([((0, 0), 4), ((400, 0), 4), ((800, 0), 1)])
    stations = stations_of([((100, 0), 1), ((700, 0), 1)])
    assert access(homes, stations, 300).tolist() == pytest.approx([0.125, 0.325, 0.2])


def test_rings_and_choice_worked_by_hand():
    # h1 is 200 m from A; h2 exactly 300 m from A (still the second third) and 450 m from B.
    homes = homes_of([((0, 0), 10), ((500, 0), 20)])
    stations = stations_of([((200, 0), 6), ((950, 0), 3)])
    radius = 450
    # Thirds: h1–A 200 → 0.68; h2–A 300 → 0.68; h2–B 450 → 0.22.
    e2 = access(homes, stations, radius, "e2sfca")
    ra, rb = 6 / (0.68 * 10 + 0.68 * 20), 3 / (0.22 * 20)
    assert e2.tolist() == pytest.approx([0.68 * ra, 0.68 * ra + 0.22 * rb])
    g = [0.68 / 0.9, 0.22 / 0.9]
    ra, rb = 6 / (0.68 * 10 + g[0] * 0.68 * 20), 3 / (g[1] * 0.22 * 20)
    third = access(homes, stations, radius, "3sfca")
    assert third.tolist() == pytest.approx([0.68 * ra, g[0] * 0.68 * ra + g[1] * 0.22 * rb])


@pytest.mark.parametrize(("metres", "share"), [(500, 1.0), (500.0001, 0.0)])
def test_who_is_exactly_a_radius_away_is_in_reach(metres, share):
    homes = homes_of([((metres, 0), 2)])
    assert access(homes, stations_of([((0, 0), 2)]), 500).tolist() == [share]


def test_a_station_for_nobody_adds_nothing():
    homes = homes_of([((0, 0), 0), ((900, 0), 5)])
    stations = stations_of([((0, 0), 7), ((900, 0), 10), ((5000, 0), 1)])
    assert access(homes, stations, 100).tolist() == [0.0, 2.0]


def test_a_household_with_too_few_places_is_a_row_of_the_register():
    homes = homes_of([((0, 0), 2), ((0, 0), 2), ((900, 0), 1), (None, 1)]).assign(
        grid_code=["01", "01", "02", "02"], lived_in=[True, False, True, True], size_band="2"
    )
    value = access(homes, stations_of([((0, 0), 2)]), 500)
    assert value.tolist()[:3] == [0.5, 0.5, 0.0]
    faults = access_faults(homes, value, 0.6, "0.6places-500m")
    assert FINDINGS.check(faults) is faults
    shown = ["kind", "subject", "grid_code", "value", "standard", "households", "persons"]
    assert faults[shown].to_numpy().tolist() == [
        ["access", "0", "01", 0.5, "0.6places-500m", 1, 2.0],
        ["access", "2", "02", 0.0, "0.6places-500m", 1, 2.0],
    ]
    assert access_faults(homes, value, 0.5, "")["subject"].tolist() == ["2"]
    thirds = pd.Series([1 / 3 + 1 / 3 + 1 / 3 - 2**-53] * 4)
    assert access_faults(homes, thirds, 1.0, "").empty
    for least in (0, -1, np.nan, np.inf):
        with pytest.raises(ParameterError, match="least"):
            access_faults(homes, value, least, "")


def test_a_stored_0_is_a_distance_and_what_is_not_stored_is_none():
    stored = csr_array((np.array([0.0, 5.0]), ([0, 1], [0, 1])), shape=(3, 2))
    homes, stations = pd.DataFrame({"persons": [2, 1, 1]}), pd.DataFrame({"capacity": [6, 1]})
    assert access(homes, stations, 1, distances=stored).tolist() == [3.0, 0.0, 0.0]
    # Of a pair stored twice the shorter way counts, once: 4 m, neither 9 nor 13.
    twice = coo_array(([9.0, 4.0, 1.0], ([0, 0, 1], [0, 0, 0])), shape=(3, 2))
    found = access(homes, stations, 9, "e2sfca", distances=twice)
    ratio = 6 / (0.68 * 2 + 1 * 1)
    assert found.tolist() == pytest.approx([0.68 * ratio, ratio, 0.0])


# --- edges ------------------------------------------------------------------------------------


def test_without_stations_everybody_has_nothing_and_who_has_no_point_is_not_judged():
    homes = homes_of([((0, 0), 1), (None, 1)])
    found = access(homes, stations_of([]), 500)
    assert found.tolist() == pytest.approx([0.0, np.nan], nan_ok=True)
    assert found.name == "access"
    assert access(homes.iloc[:0], stations_of([((0, 0), 1)]), 500).empty


def test_a_station_without_a_point_serves_nobody():
    stations = stations_of([(None, 5), ((0, 0), 3)])
    assert access(homes_of([((0, 0), 1)]), stations, 10).tolist() == [3.0]


def test_without_columns_each_row_counts_1():
    homes = homes_of([((0, 0), 7), ((1, 0), 9)])
    stations = stations_of([((0, 0), 4)])
    assert access(homes.geometry, stations.geometry, 10).tolist() == [0.5, 0.5]
    assert access(homes, stations, 10, demand=None, capacity=None).tolist() == [0.5, 0.5]
    with pytest.raises(InputError, match=r"no column persons.*demand=None"):
        access(homes.drop(columns="persons"), stations, 10)


def test_refuses_distances_of_another_city():
    homes, stations = homes_of([((0, 0), 1)]), stations_of([((0, 0), 1)])
    with pytest.raises(ParameterError, match=r"shape \(2, 1\); 1 households and 1 stations need"):
        access(homes, stations, 5, distances=np.zeros((2, 1)))
    with pytest.raises(ParameterError, match="1 negative"):
        access(homes, stations, 5, distances=np.array([[-1]]))


@pytest.mark.parametrize("lost", [np.nan, -1, np.inf])
def test_refuses_amounts_that_cannot_be_shared_out(lost):
    good = [((0, 0), 1)]
    with pytest.raises(InputError, match="households has 1 rows whose persons"):
        access(homes_of([*good, ((0, 0), lost)]), stations_of(good), 10)
    with pytest.raises(InputError, match="stations has 1 rows whose capacity"):
        access(homes_of(good), stations_of([*good, ((0, 0), lost)]), 10)


def test_stations_are_brought_into_the_crs_of_the_households():
    homes = homes_of([((500_000, 3_540_000), 2)])
    stations = stations_of([((500_030, 3_540_040), 1)]).to_crs(4490)
    assert access(homes, stations, 50.01).tolist() == [0.5]
    assert access(homes, stations, 49.99).tolist() == [0.0]


@pytest.mark.parametrize("crs", [None, "EPSG:4490", "EPSG:3857"])
def test_refuses_a_crs_that_cannot_measure(crs):
    with pytest.raises(CRSError, match=r"to_metric\(households\)"):
        access(homes_of([((114.3, 30.6), 1)], crs), stations_of([]), 500)


def test_refuses_areas():
    areas = gpd.GeoDataFrame({"capacity": [1.0]}, geometry=[box(0, 0, 1, 1)], crs=METRES)
    with pytest.raises(GeometryError, match=r"stations has 1 rows that are no points \(0\)"):
        access(homes_of([((0, 0), 1)]), areas, 500)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"radius_m": -1}, "radius_m"),
        ({"radius_m": np.inf}, "radius_m"),
        ({"radius_m": "500"}, "radius_m"),
        ({"method": "4sfca"}, "method"),
        ({"method": "2sfca", "weights": [1.0]}, "weights"),
        ({"method": "e2sfca", "weights": []}, "weights"),
        ({"method": "3sfca", "weights": [1, -1]}, "weights"),
    ],
)
def test_refuses_what_cannot_be_meant(wrong, word):
    with pytest.raises(ParameterError, match=word):
        access(homes_of([]), stations_of([]), **({"radius_m": 500} | wrong))
