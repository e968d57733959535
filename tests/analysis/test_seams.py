import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gridgeo.analysis.hotspots import discovery_rate
from gridgeo.analysis.seams import bounces, seams
from gridgeo.errors import CRSError, ParameterError

METRES = 4549
SIDE = 1000.0
START = pd.Timestamp("2026-06-01T00:00Z")
COUNTS = ["bounces", "border_km", "per_km", "near"]


def squares(columns=3, rows=2, move=(0.0, 0.0), name="g"):
    """Squares of a kilometre: g00 g10 g20 in the lower row, g01 … above."""
    cells = [(x, y) for y in range(rows) for x in range(columns)]
    return gpd.GeoDataFrame(
        geometry=[
            shapely.box(
                move[0] + x * SIDE, move[1] + y * SIDE, move[0] + (x + 1) * SIDE,
                move[1] + (y + 1) * SIDE,
            )
            for x, y in cells
        ],
        index=pd.Index([f"{name}{x}{y}" for x, y in cells], name="grid_code"),
        crs=METRES,
    )  # fmt: skip


def points(spots, name="i"):
    return gpd.GeoDataFrame(
        geometry=gpd.GeoSeries.from_xy(*zip(*spots, strict=True)).values if spots else [],
        index=pd.Index([f"{name}{n}" for n in range(len(spots))], dtype="str"),
        crs=METRES,
    )


def sent(*routes):
    """Dispatches: each route an incident and the grids it went to, an hour apart."""
    rows = [
        (incident, grid, START + pd.Timedelta(hours=hour))
        for incident, *grids in routes
        for hour, grid in enumerate(grids)
    ]
    frame = pd.DataFrame(rows, columns=["incident_id", "grid_code", "dispatched_at"])
    return frame.astype({"dispatched_at": "datetime64[us, UTC]"})


ROUTES = st.lists(
    st.tuples(
        st.floats(0, 3 * SIDE),
        st.floats(0, 2 * SIDE),
        st.lists(st.sampled_from([*squares().index, None, "elsewhere"]), max_size=4),
    ),
    max_size=15,
)


def case(routes, name="i"):
    incidents = points([(x, y) for x, y, _ in routes], name)
    return incidents, sent(*((f"{name}{n}", *grids) for n, (_, _, grids) in enumerate(routes)))


# --- hand-worked cases ------------------------------------------------------------------------


def test_a_border_of_many_bounces_is_a_seam_and_the_others_are_none():
    # Ten incidents near every inner border; four of those between g00 and g10 bounce, one of
    # those between g11 and g21.
    middle = {  # middles of the seven inner borders
        "g00+g10": (1000, 500), "g00+g01": (500, 1000), "g10+g20": (2000, 500),
        "g10+g11": (1500, 1000), "g20+g21": (2500, 1000), "g01+g11": (1000, 1500),
        "g11+g21": (2000, 1500),
    }  # fmt: skip
    spots = [(x, y) for x, y in middle.values() for _ in range(10)]
    routes = [(f"i{n}", "g00", "g10") for n in range(3)] + [("i3", "g10", "g00", "g10")]
    routes += [("i60", "g11", "g21"), ("i61", "g11", "g11")]
    found = seams(points(spots), sent(*routes), squares(), within_m=50)
    assert found.index.tolist() == list(middle)
    assert found["border_km"].tolist() == [1.0] * 7
    assert found["near"].tolist() == [10] * 7
    assert found["bounces"].to_dict() == dict.fromkeys(middle, 0) | {"g00+g10": 4, "g11+g21": 1}
    assert found["expected"].tolist() == pytest.approx([5 / 7] * 7)
    # P(X ≥ 4) of Poisson(5/7) = 1 − e^(−5/7) (1 + 5/7 + (5/7)²/2 + (5/7)³/6)
    p = 1 - np.exp(-5 / 7) * (1 + 5 / 7 + (5 / 7) ** 2 / 2 + (5 / 7) ** 3 / 6)
    assert found.loc["g00+g10", "p"] == pytest.approx(p)
    assert found.loc["g00+g10", "q"] == pytest.approx(7 * p)
    assert found.index[found["seam"]].tolist() == ["g00+g10"]  # 7p = 0.044
    assert not seams(points(spots), sent(*routes), squares(), 50, fdr=0.04)["seam"].any()
    line = shapely.LineString([(1000, 0), (1000, 1000)])
    assert found.geometry["g00+g10"].equals(line)


def test_one_bounce_makes_no_seam_wherever_it_is():
    spots = [(1000.0, 500.0), *[(500.0, 1000.0)] * 500]
    found = seams(points(spots), sent(("i0", "g00", "g10")), squares())
    assert found.loc["g00+g10", "q"] < 0.05
    assert not found["seam"].any()
    assert seams(points(spots), sent(("i0", "g00", "g10")), squares(), least=1)["seam"].sum() == 1


def test_an_incident_exactly_so_far_from_the_border_lies_near_it():
    routes = sent(("i0", "g00", "g10"), ("i1", "g00", "g10"))
    found = seams(points([(900.0, 500.0), (899.0, 500.0)]), routes, squares(), within_m=100)
    assert found.loc["g00+g10", ["bounces", "near"]].tolist() == [1, 1]


def test_an_incident_counts_once_for_a_border_and_for_each_border_it_crosses():
    incident = points([(1000.0, 1000.0)])
    routes = sent(("i0", "g00", "g10", "g00", "g10", "g11", None, "g01"))
    found = seams(incident, routes, squares())["bounces"]
    assert found[found > 0].to_dict() == {"g00+g10": 1, "g10+g11": 1, "g01+g11": 1}


def test_grids_that_meet_in_a_point_are_no_neighbours():
    found = seams(points([(1000.0, 1000.0)]), sent(("i0", "g00", "g11")), squares())
    assert "g00+g11" not in found.index
    assert found["bounces"].sum() == 0


def test_a_border_drawn_twice_with_other_vertices_is_shared():
    left = shapely.Polygon([(0, 0), (100, 0), (100.004, 30), (99.996, 70), (100, 100), (0, 100)])
    grids = gpd.GeoDataFrame(
        geometry=[left, shapely.box(100, -50, 200, 150)], index=["a", "b"], crs=METRES
    )
    found = seams(points([(90.0, 50.0)]), sent(("i0", "b", "a")), grids)
    assert found.loc["a+b", "border_km"] == pytest.approx(0.1, rel=1e-3)
    assert found.loc["a+b", "bounces"] == 1


def test_bounces_go_by_time_and_of_the_same_moment_by_order():
    routes = sent(("i0", "a", "b"), ("i1", "a", "b", "a"))
    routes.loc[[0, 1], "dispatched_at"] = [START + pd.Timedelta(hours=5), START]
    found = bounces(routes)
    assert found[["incident_id", "grid_from", "grid_to"]].to_numpy().tolist() == [
        ["i0", "b", "a"],
        ["i1", "a", "b"],
        ["i1", "b", "a"],
    ]
    together = routes.assign(dispatched_at=START)
    assert bounces(together)["grid_from"].tolist() == ["a", "a", "b"]


# --- laws -------------------------------------------------------------------------------------


@given(ROUTES)
def test_every_bounce_is_counted_as_one_by_one(routes):
    incidents, dispatches = case(routes)
    grids = squares()
    found = seams(incidents, dispatches, grids, within_m=120)
    for pair, row in found.iterrows():
        a, b = grids.geometry[row["grid_a"]], grids.geometry[row["grid_b"]]
        line = a.intersection(b)
        near = [n for n, (x, y, _) in enumerate(routes) if shapely.Point(x, y).dwithin(line, 120)]
        crossed = 0
        for n in near:
            way = [g for g in routes[n][2] if g is not None]
            hops = {frozenset(hop) for hop in itertools.pairwise(way)}
            crossed += frozenset(pair.split("+")) in hops
        assert (row["near"], row["bounces"]) == (len(near), crossed)
        assert row["border_km"] == pytest.approx(line.length / 1000)
        assert row["per_km"] == pytest.approx(row["bounces"] / row["border_km"])
    p = stats.poisson.sf(found["bounces"] - 1, found["expected"])
    np.testing.assert_allclose(found["p"], np.where(found["bounces"] > 0, p, 1.0), atol=1e-12)
    q = discovery_rate(found["p"].where(found["near"] > 0).to_numpy())
    np.testing.assert_allclose(found["q"], q)
    assert (found["seam"] == ((found["q"] <= 0.05) & (found["bounces"] >= 3))).all()
    assert found["expected"].sum() == pytest.approx(found["bounces"].sum())


@given(ROUTES, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(routes, dice):
    incidents, dispatches = case(routes)
    grids = squares()
    found = seams(incidents, dispatches, grids)
    moved = [dice.sample(range(len(f)), len(f)) for f in (incidents, dispatches)]
    again = seams(incidents.iloc[moved[0]], dispatches.iloc[moved[1]], grids)
    pd.testing.assert_frame_equal(found, again)
    turned = seams(incidents, dispatches, grids.iloc[::-1])
    turned.index = ["+".join(sorted(pair.split("+"))) for pair in turned.index]
    np.testing.assert_allclose(turned["q"].reindex(found.index), found["q"])


@given(ROUTES, st.tuples(st.integers(-5000, 5000), st.integers(-5000, 5000)))
def test_moving_the_city_changes_nothing(routes, way):
    grid_steps = [(round(x), round(y), grids) for x, y, grids in routes]
    incidents, dispatches = case(grid_steps)
    shifted = incidents.set_geometry(incidents.translate(*way))
    found = seams(incidents, dispatches, squares())
    again = seams(shifted, dispatches, squares(move=way))
    pd.testing.assert_frame_equal(found.drop(columns="geometry"), again.drop(columns="geometry"))


@given(ROUTES, ROUTES)
def test_two_cities_far_apart_are_counted_as_each_alone(one, other):
    far = (50_000.0, 0.0)
    i1, d1 = case(one)
    i2, d2 = case([(x + far[0], y, [g and g.replace("g", "h") for g in w]) for x, y, w in other],
                  "j")  # fmt: skip
    grids = [squares(), squares(move=far, name="h")]
    both = seams(pd.concat([i1, i2]), pd.concat([d1, d2]), pd.concat(grids))
    alone = pd.concat([seams(i1, d1, grids[0]), seams(i2, d2, grids[1])])
    pd.testing.assert_frame_equal(both[COUNTS], alone[COUNTS])


# --- edges ------------------------------------------------------------------------------------


def test_incidents_without_a_place_and_strange_dispatches_count_for_nothing():
    incidents = points([(1000.0, 500.0)] * 4)
    incidents.loc["i1", "geometry"] = None
    incidents.loc["i2", "geometry"] = shapely.Point()
    incidents.loc["i3", "geometry"] = shapely.Point(np.inf, 3)
    routes = sent(*((f"i{n}", "g00", "g10") for n in (0, 1, 2, 3, 9)), (None, "g00", "g10"))
    found = seams(incidents, routes, squares())
    assert found.loc["g00+g10", ["bounces", "near"]].tolist() == [1, 1]


def test_nothing_at_all():
    none = seams(points([]), sent(), squares())
    assert none["bounces"].sum() == 0
    assert none["q"].isna().all()
    assert not none["seam"].any()
    single = seams(points([]), sent(), squares().iloc[:1])
    assert len(single) == 0
    assert single.crs == METRES
    assert len(seams(points([(5.0, 5.0)]), sent(("i0", "g00", "g10")), squares().iloc[:0])) == 0


def test_incidents_in_degrees_are_brought_into_the_grids_metres():
    grids = squares(move=(500_000, 3_500_000))
    incidents = points([(501_000.0, 3_500_500.0)]).to_crs(4490)
    found = seams(incidents, sent(("i0", "g00", "g10")), grids, within_m=1)
    assert found["bounces"].sum() == 1


def test_refuses_what_cannot_be_measured():
    incidents, routes, grids = points([(5.0, 5.0)]), sent(("i0", "g00", "g10")), squares()
    with pytest.raises(CRSError, match="grids is in EPSG:3857"):
        seams(incidents, routes, grids.set_crs(3857, allow_override=True))
    with pytest.raises(ParameterError, match="no column dispatched_at"):
        seams(incidents, routes.drop(columns="dispatched_at"), grids)
    with pytest.raises(ParameterError, match="1 ids of grids stand twice, such as g00"):
        seams(incidents, routes, pd.concat([grids, grids.iloc[:1]]))
    for how, says in (
        ({"within_m": 0}, "within_m is 0"),
        ({"within_m": np.nan}, "within_m is nan"),
        ({"fdr": 1.5}, "fdr is 1.5"),
        ({"least": 0}, "least is 0"),
    ):
        with pytest.raises(ParameterError, match=says):
            seams(incidents, routes, grids, **how)
