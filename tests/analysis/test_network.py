"""Distances along streets. Laws are held against Floyd and Warshall on streets cut by shapely."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point

from gridgeo.analysis.network import service_areas, street_distances, streets_within
from gridgeo.analysis.reach import reach
from gridgeo.errors import CRSError, GeometryError, ParameterError

METRES = 4549
LATTICE = st.tuples(st.integers(0, 5), st.integers(0, 5))
# Corners on a lattice: streets share corners, run twice, cross, end in the middle of others.
LINES = st.lists(LATTICE.map(lambda p: (p[0] * 100.0, p[1] * 100.0)), min_size=2, max_size=4)
STREETS = st.lists(LINES.filter(lambda line: len(set(line)) > 1), min_size=1, max_size=10)
PLACES = st.tuples(st.integers(-60, 560), st.integers(-60, 560))
SOME = st.lists(PLACES.map(lambda p: (p[0] + 0.25, p[1] + 0.5)), min_size=1, max_size=6)


def points(places, crs=METRES):
    return gpd.GeoSeries([p and Point(p) for p in places], crs=crs)


def streets_of(lines, crs=METRES):
    return gpd.GeoSeries([line and LineString(line) for line in lines], crs=crs)


class Walks:
    """Streets cut at every place that counts, and all distances between these."""

    def __init__(self, lines, places):
        pairs = [pair for line in lines for pair in itertools.pairwise(line) if len(set(pair)) > 1]
        pieces = [LineString(pair) for pair in pairs]
        ends = {line[i] for line in lines for i in (0, -1)}
        stops = [
            {*pair, *(e for e in ends if Point(e).distance(piece) < 1e-6)}
            for pair, piece in zip(pairs, pieces, strict=True)
        ]
        self.off_m = []
        for number, place in enumerate(places):
            far = np.array([Point(place).distance(piece) for piece in pieces])
            at = int(far.argmin())
            foot = pieces[at].interpolate(pieces[at].project(Point(place))).coords[0]
            met = [c for c in stops[at] if Point(c).distance(Point(foot)) < 1e-6]
            # Two nearest points that do not hang together: either may be taken.
            assume(
                all(
                    met and met[0] in stops[k]
                    for k in np.flatnonzero(far < far[at] + 1e-6)
                    if k != at
                )
            )
            stops[at].add((*foot, number))
            self.off_m.append(far[at])
        nodes = sorted(set().union(*stops))
        number = {node: i for i, node in enumerate(nodes)}
        m = np.full((len(nodes), len(nodes)), np.inf)
        np.fill_diagonal(m, 0)
        for piece, some in zip(pieces, stops, strict=True):
            ranked = sorted(some, key=lambda c, piece=piece: piece.project(Point(c[:2])))
            for a, b in itertools.pairwise(ranked):
                i, j = number[a], number[b]
                m[i, j] = m[j, i] = min(m[i, j], Point(a[:2]).distance(Point(b[:2])))
        for k in range(len(nodes)):
            m = np.minimum(m, m[:, [k]] + m[[k], :])
        foot = [i for _, i in sorted((n[2], i) for n, i in number.items() if len(n) == 3)]
        self.metres = m[np.ix_(foot, foot)]

    def from_to(self, n):
        """Distances from the first n places to the others."""
        return self.metres[:n, n:] + np.add.outer(self.off_m[:n], self.off_m[n:])


# --- laws -------------------------------------------------------------------------------------


@given(lines=STREETS, homes=SOME, stations=SOME)
def test_ways_are_as_short_as_the_shortest_of_all_ways(lines, homes, stations):
    expected = Walks(lines, homes + stations).from_to(len(homes))
    args = points(homes), points(stations), streets_of(lines)
    assert reach(*args).to_numpy() == pytest.approx(expected.min(axis=1), abs=1e-6)
    found = street_distances(*args, 600)
    near = np.zeros(expected.shape, bool)
    near[found.nonzero()] = True
    near[tuple(found.tocoo().coords)] = True
    assume(not (abs(expected - 600) < 1e-6).any())
    assert (near == (expected <= 600)).all()
    assert found.toarray()[near] == pytest.approx(expected[near], abs=1e-6)


@given(lines=STREETS, homes=SOME, stations=SOME, extra=SOME)
def test_more_stations_never_push_a_household_further_away(lines, homes, stations, extra):
    before = reach(points(homes), points(stations), streets_of(lines))
    after = reach(points(homes), points(stations + extra), streets_of(lines))
    assert (after <= before + 1e-6).all()


@given(lines=STREETS, homes=SOME, stations=SOME)
def test_no_way_is_shorter_than_the_straight_line(lines, homes, stations):
    along = reach(points(homes), points(stations), streets_of(lines))
    straight = reach(points(homes), points(stations))
    assert (along >= straight - 1e-6).all()
    assert not along.isna().any()


@given(lines=STREETS, homes=SOME, stations=SOME)
def test_moving_a_city_changes_no_distance(lines, homes, stations):
    Walks(lines, homes + stations)  # leaves out ties, which a rounding may settle another way
    city = points(homes), points(stations), streets_of(lines)
    here = reach(*city)
    there = reach(*(layer.translate(400_000, 3_500_000) for layer in city))
    assert there.to_numpy() == pytest.approx(here.to_numpy(), abs=1e-5)


@given(lines=STREETS, homes=SOME, stations=SOME, rnd=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(lines, homes, stations, rnd):
    Walks(lines, homes + stations)
    order = list(range(len(homes)))
    rnd.shuffle(order)
    mixed = [line[::-1] for line in lines]
    rnd.shuffle(mixed)
    before = reach(points(homes), points(stations), streets_of(lines))
    after = reach(points(homes).iloc[order], points(stations[::-1]), streets_of(mixed))
    assert after.sort_index().to_numpy() == pytest.approx(before.to_numpy(), abs=1e-6)


@given(lines=STREETS, homes=SOME, stations=SOME, others=STREETS, more=SOME)
def test_a_city_far_away_changes_nothing(lines, homes, stations, others, more):
    alone = reach(points(homes), points(stations), streets_of(lines))
    far = [[(x + 50_000, y) for x, y in line] for line in others]
    away = [(x + 50_000, y) for x, y in more]
    both = reach(points(homes + away), points(stations + away), streets_of(lines + far))
    assert both.iloc[: len(homes)].to_numpy() == pytest.approx(alone.to_numpy(), abs=1e-6)


@given(lines=STREETS, stations=SOME, within_m=st.integers(0, 700))
def test_a_place_on_a_street_is_within_if_its_way_to_the_station_is(lines, stations, within_m):
    streets = streets_of(lines)
    found = streets_within(points(stations), streets, within_m + 0.125)
    # Places at odd shares of every segment: none where streets cross, where the level is not told.
    pieces = [LineString(p) for line in lines for p in itertools.pairwise(line) if len(set(p)) > 1]
    spots = [
        piece.interpolate(0.137 + 0.1 * k, normalized=True) for piece in pieces for k in range(8)
    ]
    spots = [s for s in spots if sum(s.distance(p) < 1e-3 for p in pieces) == 1]
    assume(spots)
    metres = street_distances(gpd.GeoSeries(spots, crs=METRES), points(stations), streets, 1e5)
    ways = np.full(metres.shape, np.inf)
    ways[tuple(metres.tocoo().coords)] = metres.data
    for j, parts in enumerate(found.geometry):
        inside = shapely.distance(spots, parts) < 1e-6
        clear = abs(ways[:, j] - within_m - 0.125) > 1e-3
        near = np.append(ways[:, j] <= within_m + 0.125, True)[:-1]
        assert (inside == near)[clear].all()
    assert found["street_m"].to_numpy() == pytest.approx(found.length, abs=1e-6)


# --- hand-worked cases ------------------------------------------------------------------------


def only(home, station, lines):
    return reach(points([home]), points([station]), streets_of(lines)).iloc[0]


def bent(start, end, length):
    """Draw a street of a length between two corners that are nearer to each other."""
    (x, y), (a, b) = start, end
    straight = np.hypot(a - x, b - y)
    aside = np.sqrt(length**2 - straight**2) / 2
    along = np.array([a - x, b - y]) / straight
    middle = (np.array(start) + end) / 2 + aside * np.array([-along[1], along[0]])
    return LineString([start, tuple(middle), end])


def test_six_corners_and_nine_streets():
    # tests/golden/six_corners
    ways = {(1, 2): 7, (1, 3): 9, (1, 6): 14, (2, 3): 10, (2, 4): 15, (3, 4): 11, (3, 6): 2}
    ways |= {(4, 5): 6, (5, 6): 9}
    at = {k: (np.cos(k * np.pi / 3) * 0.9, np.sin(k * np.pi / 3) * 0.9) for k in range(1, 7)}
    streets = gpd.GeoSeries([bent(at[a], at[b], m) for (a, b), m in ways.items()], crs=METRES)
    # Larger, so that no corner is within 2 cm of a street it does not lie on.
    streets = streets.scale(300, 300, origin=(0, 0))
    corners = points([(x * 300, y * 300) for x, y in at.values()])
    for start, expected in ((1, [0, 7, 9, 20, 20, 11]), (3, [9, 10, 0, 11, 11, 2])):
        found = reach(corners, corners.iloc[[start - 1]], streets) / 300
        assert found.to_numpy() == pytest.approx(expected, rel=1e-9, abs=1e-9)
    every = street_distances(corners, corners, streets, 21 * 300).toarray() / 300
    assert every[0] == pytest.approx([0, 7, 9, 20, 20, 11], rel=1e-9, abs=1e-9)
    assert every == pytest.approx(every.T)


def test_the_ways_to_and_from_the_street_count():
    assert only((20, 5), (90, -7), [[(0, 0), (100, 0)]]) == 5 + 70 + 7
    # Beyond the end of a street the nearest point is the end: 3-4-5.
    assert only((-30, 40), (100, 0), [[(0, 0), (100, 0)]]) == 50 + 100
    # On the same spot, the way goes to the street and back.
    assert only((50, 10), (50, 10), [[(0, 0), (100, 0)]]) == 20


def test_a_river_without_a_bridge_cannot_be_crossed():
    north, south = [(0, 50), (900, 50)], [(0, -50), (900, -50)]
    assert only((100, 50), (100, -50), [north, south]) == np.inf
    bridge = [(500, -50), (500, 50)]
    assert only((100, 50), (100, -50), [north, south, bridge]) == 400 + 100 + 400


def test_streets_that_cross_without_a_corner_pass_over_each_other():
    over, under = [(-100, 0), (100, 0)], [(0, -100), (0, 100)]
    assert only((-100, 0), (0, 100), [over, under]) == np.inf
    assert only((-100, 0), (0, 100), [[(-100, 0), (0, 0), (100, 0)], under]) == np.inf
    joined = [(-100, 0), (0, 0), (100, 0)], [(0, -100), (0, 0), (0, 100)]
    assert only((-100, 0), (0, 100), joined) == 200


@pytest.mark.parametrize(("gap_m", "way_m"), [(0, 150), (0.01, 150), (0.05, np.inf)])
def test_a_street_that_ends_on_another_joins_it_there(gap_m, way_m):
    through, side = [(0, 0), (100, 0)], [(50, gap_m), (50, 100)]
    assert only((0, 0), (50, 100), [through, side]) == pytest.approx(way_m, abs=0.02)
    # Two that end together there join it as well, though neither end is loose.
    other = [(50, gap_m), (60, 100)]
    assert only((0, 0), (50, 100), [through, side, other]) == pytest.approx(way_m, abs=0.02)


def test_ends_that_were_each_rounded_another_way_meet():
    tips = [(0, 0), (0.004, 0), (0.009, 0.001), (0.013, 0)]
    far = [(-100, 0), (0, 100), (0, -100), (100, 0)]
    lines = [list(pair) for pair in zip(far, tips, strict=True)]
    for a, b in itertools.permutations(far, 2):
        assert only(a, b, lines) == pytest.approx(200, abs=0.05)


def test_of_two_streets_between_two_corners_the_shorter_is_walked():
    # A sparse matrix would add the two up.
    short, long = [(0, 0), (100, 0)], [(0, 0), (50, 200), (100, 0)]
    for lines in ([short, long], [long, short], [short, short, long], [short, short[::-1]]):
        assert only((0, 0), (100, 0), lines) == 100


def test_stations_on_one_street_do_not_hide_each_other():
    homes = points([(10, 0), (45, 0), (80, 0)])
    stations = points([(0, 0), (50, 0), (50, 0), (70, 30)])
    assert reach(homes, stations, streets_of([[(0, 0), (100, 0)]])).tolist() == pytest.approx(
        [10, 5, 30]
    )


def test_one_household_and_all_its_stations():
    street = streets_of([[(0, 0), (100, 0)], [(500, 0), (600, 0)]])
    found = street_distances(
        points([(10, 0), None]), points([(10, 0), (90, 0), (550, 0)]), street, 80
    )
    assert (found.shape, found.nnz, found[0, 1]) == ((2, 3), 2, 80.0)
    assert sorted(found.data) == [0.0, 80.0]  # 0 m is a distance, not nothing
    assert street_distances(points([(10, 0)]), points([]), street, 80).shape == (1, 0)


def test_the_area_served_by_a_station():
    street = streets_of([[(0, 0), (1000, 0)]])
    stations = points([(500, 40), (500, 300), None])
    parts = streets_within(stations, street, 240)
    assert parts.geometry.iloc[0].equals(MultiLineString([[(300, 0), (700, 0)]]))
    assert parts["street_m"].tolist() == pytest.approx([400, 0, 0])
    assert parts.is_empty.tolist() == [False, True, True]
    areas = service_areas(stations, street, 240, beside_m=10)
    # A strip of 400 by 20 m with round ends, and 40 m to the station's own round end.
    assert areas["area_m2"].iloc[0] == pytest.approx(
        400 * 20 + 30 * 20 + 1.5 * np.pi * 100, rel=0.01
    )
    assert areas["area_m2"].tolist()[1:] == [0, 0]
    assert areas.geometry.iloc[0].contains(Point(500, 40))
    assert areas.crs == stations.crs
    assert service_areas(stations.iloc[:0], street, 240, 10).empty


def test_a_street_reached_from_both_ends_counts_once():
    ring = streets_of([[(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]])
    parts = streets_within(points([(0, 0)] * 3), ring, 1000)
    assert parts["street_m"].tolist() == pytest.approx([400] * 3)
    assert parts.length.tolist() == pytest.approx([400] * 3)
    assert streets_within(points([(0, 0)]), ring, 150)["street_m"].tolist() == pytest.approx([300])


def test_a_service_area_does_not_leap_over_the_river():
    lines = [[(0, 50), (900, 50)], [(0, -50), (900, -50)], [(500, -50), (500, 50)]]
    area = service_areas(points([(100, 50)]), streets_of(lines), 450, 30).geometry.iloc[0]
    assert area.contains(Point(300, 50))
    assert not area.intersects(Point(300, -50))


# --- edges ------------------------------------------------------------------------------------


def test_nobody_nothing_and_nowhere():
    street = streets_of([[(0, 0), (100, 0)]])
    homes = points([(0, 0), None])
    assert reach(homes, points([(0, 0)]), street).tolist() == pytest.approx(
        [0, np.nan], nan_ok=True
    )
    for stations, lines in (([], street), ([(0, 0)], street.iloc[:0]), ([None], street)):
        found = reach(homes, points(stations), lines)
        assert found.tolist() == pytest.approx([np.inf, np.nan], nan_ok=True)
    assert reach(points([]), points([(0, 0)]), street).empty
    assert streets_within(points([(0, 0)]), street.iloc[:0], 9)["street_m"].tolist() == [0]


def test_rows_without_a_street_and_streets_of_one_place_are_passed_over():
    lines = gpd.GeoSeries(
        [None, LineString(), LineString([(5, 5), (5, 5)]), LineString([(0, 0), (100, 0)])],
        crs=METRES,
    )
    assert reach(points([(5, 5)]), points([(95, 0)]), lines).tolist() == pytest.approx([95])


def test_parts_of_a_street_count_one_by_one():
    parts = gpd.GeoSeries([MultiLineString([[(0, 0), (50, 0)], [(60, 0), (100, 0)]])], crs=METRES)
    assert reach(points([(0, 0), (60, 0)]), points([(100, 0)]), parts).tolist() == [np.inf, 40]


def test_heights_are_not_looked_at():
    lines = gpd.GeoSeries([LineString([(0, 0, 9), (100, 0, 50)])], crs=METRES)
    assert reach(points([(0, 0, 3)]), points([(100, 0)]), lines).tolist() == [100]


def test_the_answer_is_on_the_index_of_the_households():
    homes = gpd.GeoSeries([Point(0, 0)], index=pd.Index(["h7"], name="household_id"), crs=METRES)
    found = reach(homes, homes, streets_of([[(0, 0), (1, 0)]]))
    assert (found.index.tolist(), found.index.name, found.name) == (
        ["h7"],
        "household_id",
        "reach_m",
    )


def test_layers_are_brought_into_the_crs_of_the_households():
    homes = points([(500_000, 3_540_000)])
    stations = points([(500_100, 3_540_000)]).to_crs(4490)
    street = streets_of([[(500_000, 3_540_000), (500_100, 3_540_000)]]).to_crs(4490)
    assert reach(homes, stations, street).tolist() == pytest.approx([100], abs=1e-3)


def test_refuses_what_is_no_street_no_point_or_has_no_metres():
    here, street = points([(0, 0)]), streets_of([[(0, 0), (1, 0)]])
    with pytest.raises(GeometryError, match="streets has 1 rows"):
        reach(here, here, here)
    with pytest.raises(GeometryError, match="stations has 1 rows that are no points"):
        reach(here, street, street)
    with pytest.raises(CRSError, match=r"to_metric\(households\)"):
        reach(points([(114, 30)], 4490), here, street)
    with pytest.raises(CRSError, match="streets has no CRS"):
        reach(here, here, streets_of([[(0, 0), (1, 0)]], crs=None))
    with pytest.raises(ParameterError, match="within_m"):
        streets_within(here, street, -1)
    with pytest.raises(ParameterError, match="beside_m"):
        service_areas(here, street, 1, np.nan)
