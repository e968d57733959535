"""The patrolled share of streets. Laws are held against buffers of GEOS and their union."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point

from gridgeo.analysis.network.kernel import plant
from gridgeo.analysis.tracks import patrol_share, share_of_intervals, street_intervals
from gridgeo.analysis.tracks.kernel import stretches
from gridgeo.errors import CRSError, GeometryError, InputError, ParameterError

METRES = 4549
START = pd.Timestamp("2026-06-24T08:00")

PLACE = st.tuples(st.integers(-5, 105), st.integers(-5, 105))
CORNERS = st.lists(PLACE, min_size=2, max_size=5)
LINES = st.lists(CORNERS, min_size=1, max_size=6)
# Seconds to the next fix, some of them too many for one leg, and a place.
WALK = st.lists(st.tuples(st.sampled_from([0, 10, 60, 120, 121]), PLACE), min_size=1, max_size=6)
WALKS = st.lists(WALK, min_size=1, max_size=4)
RADIUS = st.sampled_from([0.5, 5.0, 13.0, 40.0])


def fixes_of(walks, crs=METRES):
    """Fixes from walks: lists of (seconds since the fix before, place)."""
    rows = [
        (f"t{n}", START + pd.Timedelta(seconds=s), place)
        for n, walk in enumerate(walks)
        for s, (_, place) in zip(np.cumsum([s for s, _ in walk]).tolist(), walk, strict=True)
    ]
    tracks, times, places = zip(*rows, strict=True) if rows else ((), (), ())
    return gpd.GeoDataFrame(
        {
            "track_id": pd.Series(tracks, dtype="str"),
            "t": pd.Series(times, dtype="datetime64[us]"),
        },
        geometry=gpd.GeoSeries([p and Point(p) for p in places], crs=crs),
    )


def streets_of(lines, crs=METRES):
    return gpd.GeoSeries([line and LineString(line) for line in lines], crs=crs)


def walked(*places, every_s=60):
    """One track, a fix a minute."""
    return fixes_of([[(every_s, place) for place in places]])


def capsules(walks, radius):
    """The area patrolled, as GEOS draws it."""
    drawn = []
    for walk in walks:
        at, spots = np.cumsum([s for s, _ in walk]), [Point(place) for _, place in walk]
        order = sorted(range(len(walk)), key=lambda i: (at[i], walk[i][1]))
        drawn += spots
        for i, j in pairwise(order):
            s = at[j] - at[i]
            if s <= 120 and spots[i].distance(spots[j]) <= 8 * s:
                drawn.append(LineString([spots[i], spots[j]]))
    return shapely.union_all(shapely.buffer(drawn, radius, quad_segs=256))


@given(walks=WALKS, lines=LINES, radius=RADIUS)
def test_equals_buffers_and_their_union(walks, lines, radius):
    streets = streets_of(lines)
    share = patrol_share(fixes_of(walks), streets, radius)
    long = streets.length.to_numpy() > 0

    def inside(area):
        # Segment by segment: a street that goes back on itself is walked twice.
        return np.array(
            [sum(LineString(p).intersection(area).length for p in pairwise(line)) for line in lines]
        )

    area = capsules(walks, radius)
    covered = (share * streets.length).to_numpy()
    # GEOS draws a circle from inside, 5e-6 of the radius off: the truth is between two of them.
    assert (covered >= inside(area) - 1e-6)[long].all()
    assert (covered <= inside(capsules(walks, radius * (1 + 2e-5))) + 1e-6)[long].all()
    flat = np.array([Point(line[0]).distance(area) == 0 for line in lines])[~long]
    assert (share[~long] == flat).all()


@given(walks=WALKS, lines=LINES, radius=RADIUS)
def test_what_is_kept_of_tracks_gives_the_same_shares_to_the_bit(walks, lines, radius):
    fixes, streets = fixes_of(walks), streets_of(lines)
    kept = street_intervals(fixes, streets, radius)
    again = share_of_intervals(kept.sample(frac=1, random_state=1), streets)
    pd.testing.assert_series_equal(again, patrol_share(fixes, streets, radius), check_exact=True)
    same = kept["street"].eq(kept["street"].shift()) & kept["track_id"].eq(kept["track_id"].shift())
    assert (kept["from_m"] > kept["to_m"].shift())[same].all()
    assert (kept["to_m"] <= streets.length.loc[kept["street"]].to_numpy() + 1e-9).all()


@given(walks=WALKS, more=WALKS, lines=LINES, radius=RADIUS)
def test_more_tracks_and_a_longer_walk_never_lower_a_share(walks, more, lines, radius):
    streets = streets_of(lines)
    before = patrol_share(fixes_of(walks), streets, radius)
    assert (patrol_share(fixes_of([*walks, *more]), streets, radius) >= before).all()
    late = [(121, place) for _, place in more[0]]
    assert (patrol_share(fixes_of([walks[0] + late, *walks[1:]]), streets, radius) >= before).all()


@given(walks=WALKS, lines=LINES, radius=RADIUS, wider=st.floats(1.0, 3.0))
def test_a_wider_radius_never_lowers_a_share(walks, lines, radius, wider):
    fixes, streets = fixes_of(walks), streets_of(lines)
    narrow = patrol_share(fixes, streets, radius)
    assert (patrol_share(fixes, streets, radius * wider) >= narrow - 1e-12).all()


@given(walks=WALKS, lines=LINES, radius=RADIUS, seed=st.integers(0, 99))
def test_the_order_of_rows_says_nothing(walks, lines, radius, seed):
    fixes, streets = fixes_of(walks), streets_of(lines)
    share = patrol_share(fixes, streets, radius)
    mixed = streets.sample(frac=1, random_state=seed)
    again = patrol_share(fixes.sample(frac=1, random_state=seed), mixed, radius)
    pd.testing.assert_series_equal(again, share.loc[mixed.index], check_exact=True)


@given(walks=WALKS, lines=LINES, radius=RADIUS)
def test_moving_a_city_changes_nothing_and_two_cities_are_both(walks, lines, radius):
    fixes, streets = fixes_of(walks), streets_of(lines)
    share = patrol_share(fixes, streets, radius)
    east, north = 500_000, 3_500_000
    there = fixes.set_geometry(fixes.translate(east, north)).assign(
        track_id="other-" + fixes["track_id"]
    )
    far = streets.translate(east, north)
    assert patrol_share(there, far, radius).tolist() == share.tolist()
    both = patrol_share(pd.concat([fixes, there]), pd.concat([streets, far]), radius)
    assert both.tolist() == share.tolist() * 2


@given(walks=WALKS, line=CORNERS, radius=RADIUS)
def test_the_share_of_a_street_is_that_of_its_pieces_by_length(walks, line, radius):
    fixes, street = fixes_of(walks), LineString(line)
    pieces = [LineString(pair) for pair in pairwise(line)]
    halves = [part for p in pieces for part in (p, LineString([p.centroid, p.coords[1]]))]
    halves[::2] = [LineString([p.coords[0], p.centroid]) for p in pieces]
    if not all(part.length for part in halves):
        return
    shares = patrol_share(fixes, gpd.GeoSeries(halves, crs=METRES), radius)
    length = np.array([part.length for part in halves])
    whole = gpd.GeoSeries([street, MultiLineString(pieces)], crs=METRES)
    expected = (shares @ length) / length.sum()
    assert patrol_share(fixes, whole, radius).tolist() == pytest.approx([expected] * 2, abs=1e-9)


def test_a_leg_beside_a_street_covers_its_length_and_two_half_chords():
    street = streets_of([[(0, 0), (1000, 0)]])
    # 300 m of leg 12 m away, radius 20: chords of 2·sqrt(20² − 12²) = 32 m.
    covered = patrol_share(walked((200, 12), (500, 12)), street, 20)[0] * 1000
    assert covered == pytest.approx(300 + 32, abs=1e-9)
    # At exactly the radius the strip just reaches it, and beyond it does not.
    assert patrol_share(walked((200, 20), (500, 20)), street, 20)[0] * 1000 == 300
    assert patrol_share(walked((200, 20.001), (500, 20.001)), street, 20)[0] == 0


def test_a_crossing_covers_twice_the_radius_and_by_the_sine_when_aslant():
    street = streets_of([[(-500, 0), (500, 0)]])
    assert patrol_share(walked((0, -200), (0, 200)), street, 15)[0] * 1000 == pytest.approx(30)
    # 3-4-5: a strip 15 wide to each side cuts the street in 2·15 / (4/5) = 37.5 m.
    slant = walked((-150, -200), (150, 200))
    assert patrol_share(slant, street, 15, max_speed_m_s=9)[0] * 1000 == pytest.approx(37.5)


def test_a_lone_fix_is_a_disc():
    street = streets_of([[(-100, 3), (100, 3)]])
    assert patrol_share(walked((0, 0)), street, 5)[0] * 200 == pytest.approx(8)
    assert patrol_share(walked((0, 0)), street, 2)[0] == 0


def test_a_track_breaks_at_a_gap_in_time_and_at_impossible_speed():
    street = streets_of([[(0, 0), (800, 0)]])
    ends = [(0, 0), (800, 0)]

    def share(seconds, **limits):
        return patrol_share(walked(*ends, every_s=seconds), street, 5, **limits)[0]

    assert share(120) == share(100) == 1.0  # 120 s and 8 m/s are just allowed
    assert share(121) == share(99) == pytest.approx(10 / 800)
    assert share(121, max_gap_s=121) == share(99, max_speed_m_s=8.1) == 1.0


def test_legs_join_fixes_of_one_track_by_time_whatever_the_order_of_rows():
    street = streets_of([[(0, 0), (200, 0)]])
    fixes = walked((0, 0), (100, 0), (200, 0))
    assert patrol_share(fixes.iloc[[2, 0, 1]], street, 1)[0] == 1.0
    fixes["track_id"] = ["a", "b", "a"]
    # The walk of a goes on over the fix of b: 120 s apart.
    assert patrol_share(fixes, street, 1)[0] == 1.0
    fixes["track_id"] = ["a", "b", "c"]
    assert patrol_share(fixes, street, 1)[0] == pytest.approx(4 / 200)


def test_metres_run_through_the_parts_of_a_street_and_past_its_corners():
    street = MultiLineString([[(0, 0), (100, 0), (100, 50)], [(100, 100), (200, 100)]])
    streets = gpd.GeoSeries([street], index=pd.Index(["R1"], name="street_id"), crs=METRES)
    kept = street_intervals(
        fixes_of([[(0, (60, 0)), (60, (140, 0))], [(0, (150, 100))]]), streets, 10
    )
    assert kept.to_dict("list") == {
        "track_id": ["t0", "t1"],
        "street": ["R1", "R1"],
        "from_m": pytest.approx([50, 190]),
        "to_m": pytest.approx([110, 210]),
    }


def test_rows_without_a_place_are_passed_over_and_streets_without_a_line_have_no_share():
    with np.errstate(invalid="ignore"):
        endless = LineString([(0, 0), (np.nan, 0)])
    streets = gpd.GeoSeries(
        [
            LineString([(0, 0), (100, 0)]),
            None,
            LineString(),
            endless,
            LineString([(50, 0), (50, 0)]),
            LineString([(50, 9), (50, 9)]),
            LineString([(0, 0, 7), (0, 0, 9), (100, 0, 7)]),
        ],
        index=list("abcdefa"),
        crs=METRES,
    )
    fixes = fixes_of(
        [[(0, (0, 0)), (50, None), (0, (np.nan, 5)), (0, (5, np.inf)), (50, (100, 0))]]
    )
    share = patrol_share(fixes, streets, 5)
    assert share.index.tolist() == list("abcdefa")
    assert share.name == "patrol_share"
    np.testing.assert_array_equal(share, [1, np.nan, np.nan, np.nan, 1, 0, 1])
    kept = street_intervals(fixes, streets.iloc[:6], 5)
    assert kept["street"].tolist() == ["a", "e"]
    np.testing.assert_array_equal(share_of_intervals(kept, streets.iloc[:6]), share.iloc[:6])


def test_nothing_in_is_nothing_out():
    fixes, streets = fixes_of([]), streets_of([[(0, 0), (1, 0)]])
    assert patrol_share(fixes, streets, 5).tolist() == [0.0]
    assert patrol_share(walked((0, 0)), streets[:0], 5).empty
    kept = street_intervals(fixes, streets, 5)
    assert list(kept) == ["track_id", "street", "from_m", "to_m"]
    assert share_of_intervals(kept, streets).tolist() == [0.0]
    assert street_intervals(walked((0, 0)), streets[:0], 5).empty
    assert share_of_intervals(kept, streets[:0]).empty


def test_times_of_any_kind_and_points_of_any_crs_say_the_same():
    street = streets_of([[(0, 0), (60, 0)]]).translate(500_000, 3_500_000)
    fixes = walked((500_000, 3_500_000), (500_060, 3_500_000))
    aware = fixes["t"].dt.tz_localize("UTC")
    for t in (
        aware,
        aware.dt.tz_convert("Asia/Shanghai"),
        fixes["t"].astype("str"),
        fixes["t"].astype(object),
        fixes["t"].astype("datetime64[s]"),
    ):
        assert patrol_share(fixes.assign(t=t), street, 1).tolist() == [1.0]
    named = fixes.assign(track_id=pd.Categorical(fixes["track_id"]))
    assert patrol_share(named.to_crs(4490), street, 1)[0] == pytest.approx(1.0)


def test_two_fixes_of_one_moment_make_a_leg_only_at_one_place():
    street = streets_of([[(0, 0), (10, 0)]])
    twice = fixes_of([[(0, (0, 0)), (0, (0, 0)), (0, (10, 0))]])
    assert patrol_share(twice, street, 1)[0] == pytest.approx(2 / 10)
    alone = fixes_of([[(0, (5, 0)), (0, (5, 0))]])
    assert patrol_share(alone, street, 1)[0] == pytest.approx(2 / 10)


def test_a_radius_of_nothing_covers_what_was_walked_on():
    street = streets_of([[(0, 0), (100, 0)]])
    assert patrol_share(walked((25, 0), (75, 0)), street, 0)[0] == 0.5


def test_streets_may_be_there_twice_but_what_is_kept_must_name_one():
    street = streets_of([[(0, 0), (100, 0)]] * 2)
    street.index = ["R1", "R1"]
    fixes = walked((0, 0), (50, 0))
    assert patrol_share(fixes, street, 0).tolist() == [0.5, 0.5]
    with pytest.raises(InputError, match="such as R1"):
        street_intervals(fixes, street, 0)
    with pytest.raises(InputError, match="such as R1"):
        share_of_intervals(pd.DataFrame({"street": [], "from_m": [], "to_m": []}), street)


def test_kept_stretches_of_other_streets_and_past_an_end_do_not_count():
    street = streets_of([[(0, 0), (100, 0)]])
    kept = pd.DataFrame(
        {"street": [0, 0, 7, 0], "from_m": [0, 90, 0, 200], "to_m": [10, 150, 50, 300]}
    )
    assert share_of_intervals(kept, street).tolist() == [pytest.approx(0.2)]
    for wrong in ({"from_m": [-1.0, 0, 0, 0]}, {"to_m": [5.0, 80, 1, 300]}):
        with pytest.raises(InputError, match="1 rows that are no stretch"):
            share_of_intervals(kept.assign(**wrong), street)
    with pytest.raises(InputError, match="no column street"):
        share_of_intervals(kept.drop(columns="street"), street)


def test_a_street_met_everywhere_by_a_crowd_is_asked_no_further():
    # A million pairs: the tree must leave out what is covered already.
    rng = np.random.default_rng(1)
    xy = rng.normal([500, 0], 3, size=(20_000, 2))
    ends = np.repeat(np.arange(len(xy)), 2).reshape(-1, 2)
    lines = np.repeat([[0.0, 0.0, 1000.0, 0.0]], 50, axis=0)
    segment, low, high = stretches(lines, np.arange(50), plant(xy, ends), 20.0)
    assert segment.tolist() == list(range(50))
    reach = np.sqrt(np.maximum(400 - xy[:, 1] ** 2, 0))
    assert low[0] * 1000 == pytest.approx((xy[:, 0] - reach).min())
    assert high[0] * 1000 == pytest.approx((xy[:, 0] + reach).max())


def test_many_stretches_of_one_segment_are_kept_apart_by_centimetres():
    xy = np.column_stack([np.arange(300) * 10.0, np.zeros(300)])
    rng = np.random.default_rng(1)
    ends = np.repeat(rng.permutation(300), 2).reshape(-1, 2)
    segment, low, high = stretches(
        np.array([[-5.0, 0.0, 2995.0, 0.0]]), np.array([0]), plant(xy, ends), 4.99
    )
    assert len(segment) == 300
    np.testing.assert_allclose(low * 3000, np.arange(300) * 10 + 0.01)
    np.testing.assert_allclose(high * 3000, np.arange(300) * 10 + 9.99)


@pytest.mark.parametrize("crs", [None, "EPSG:4490", "EPSG:3857"])
def test_refuses_streets_that_cannot_measure(crs):
    fixes, street = walked((0, 0)), streets_of([[(0, 0), (1, 0)]], crs=crs)
    for ask in (patrol_share, street_intervals):
        with pytest.raises(CRSError, match=r"to_metric\(streets\)"):
            ask(fixes, street, 5)
    with pytest.raises(CRSError, match=r"to_metric\(streets\)"):
        share_of_intervals(pd.DataFrame({"street": [], "from_m": [], "to_m": []}), street)
    with pytest.raises(CRSError, match="fixes has no CRS"):
        patrol_share(fixes_of([[(0, (0, 0))]], crs=None), streets_of([[(0, 0), (1, 0)]]), 5)


def test_refuses_what_are_no_tracks_and_no_streets():
    fixes, street = walked((0, 0), (1, 0)), streets_of([[(0, 0), (1, 0)]])
    for column in ("track_id", "t"):
        with pytest.raises(InputError, match=f"fixes has no column {column}"):
            patrol_share(fixes.drop(columns=column), street, 5)
        with pytest.raises(InputError, match=f"1 rows with no .*{column}"):
            patrol_share(fixes.assign(**{column: [None, fixes[column][1]]}), street, 5)
    with pytest.raises(InputError, match="no column track_id"):
        patrol_share(fixes.geometry, street, 5)
    with pytest.raises(InputError, match=r"t of fixes is int64.*unit='s'"):
        patrol_share(fixes.assign(t=[1, 2]), street, 5)
    with pytest.raises(InputError, match="no time"):
        patrol_share(fixes.assign(t=["2026-06-24T08:00", "noon"]), street, 5)
    with pytest.raises(GeometryError, match="fixes has 2 rows that are no points"):
        patrol_share(fixes.set_geometry(fixes.buffer(1)), street, 5)
    with pytest.raises(GeometryError, match="LineString or MultiLineString"):
        patrol_share(fixes, street.buffer(1), 5)


@pytest.mark.parametrize("value", [-1, np.nan, np.inf, "5", None])
def test_refuses_distances_and_limits_that_are_none(value):
    fixes, street = walked((0, 0), (1, 0)), streets_of([[(0, 0), (1, 0)]])
    for ask in (patrol_share, street_intervals):
        with pytest.raises(ParameterError, match="radius_m is"):
            ask(fixes, street, value)
        for name in ("max_gap_s", "max_speed_m_s"):
            with pytest.raises(ParameterError, match=f"{name} is"):
                ask(fixes, street, 5, **{name: value})
