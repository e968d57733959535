"""Which units hang together, and what a planner is told of islands, pieces and bridges."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from shapely import MultiPolygon, box

import gridgeo as gg
from gridgeo.errors import CRSError, InfeasibleError
from tests.analysis.units.drawn import NORTH, layer, line, places, square

TOWN = layer([square()])
LINE = layer([line((-50, 50), (150, 50))])
RIVER = layer([square(-50, 40, 150, 60)])


def told(units, *names):
    return [units.attrs["report"][name] for name in names]


def spots(units):
    """South-west corner of each unit's box in the town's own metres, to name it by."""
    return [(round(x - 526_000), round(y - NORTH)) for x, y, *_ in units.bounds.to_numpy()]


def bridges(units, *layers):
    edges = gg.unit_edges(units, *layers)
    name = spots(units)
    over = edges[edges["how"] == "bridge"]
    return sorted(
        tuple(sorted((name[a], name[b])))
        for a, b in zip(over["first"], over["second"], strict=True)
    )


def test_across_a_line_the_two_that_face_each_other_are_bridged():
    street = layer([line((50, -5), (50, 105))])
    units = gg.units_from_streets(TOWN, street, LINE)
    pairs = [((0, 0), (0, 50)), ((50, 0), (50, 50))]
    assert bridges(units, LINE, street) == pairs
    assert told(units, "islands", "pieces", "bridged_pieces", "lone_pieces") == [
        [],
        2,
        [[1, 2]],
        [],
    ]
    name = dict(zip(units.index, spots(units), strict=True))
    assert sorted(tuple(sorted(map(name.get, p))) for p in told(units, "bridges")[0]) == pairs


def test_across_water_all_that_touch_the_bridgeheads_are_bridged():
    street = layer([line((50, -5), (50, 105))])
    units = gg.units_from_streets(TOWN, street, RIVER)
    assert units[units["kind"] == "water"].area.tolist() == pytest.approx([2000])
    assert bridges(units, RIVER, street) == [
        ((0, 0), (0, 60)),
        ((0, 0), (50, 60)),
        ((0, 60), (50, 0)),
        ((50, 0), (50, 60)),
    ]
    assert (units.loc[units["kind"] == "water", "piece"] == 0).all()


@pytest.mark.parametrize(
    ("streets", "crosses"),
    [
        ([line((50, 0), (50, 50)), line((50, 50), (50, 70))], True),  # two features that meet
        ([line((50, 0), (50, 50)), line((50, 50), (60, 50)), line((60, 50), (60, 70))], True),
        ([line((50, 0), (50, 50))], False),  # a street that ends at the river
        ([line((50, 0), (50, 49))], False),
        ([line((20, 0), (20, 50), (80, 50), (80, 0))], False),  # a street along the bank
        ([line((0, 50), (100, 50))], False),
        ([line((20, 0), (50, 50), (80, 0))], False),  # it touches the river and turns back
        ([line((50, 50), (50, 100)), line((60, 0), (60, 50))], False),  # ends 10 m apart
    ],
)
def test_only_a_street_that_gets_to_the_other_side_of_a_line_is_a_bridge(streets, crosses):
    units = gg.units_from_streets(TOWN, layer(streets), LINE)
    assert units["piece"].nunique() == 2
    assert (told(units, "bridged_pieces") == [[[1, 2]]]) is crosses
    assert (told(units, "lone_pieces") == [[]]) is crosses


@pytest.mark.parametrize(
    ("streets", "crosses"),
    [
        ([line((50, 0), (50, 50)), line((50, 50), (50, 100))], True),  # parted on the bridge
        ([line((50, 0), (50, 45)), line((50, 45), (70, 55)), line((70, 55), (70, 100))], True),
        ([line((50, 0), (50, 50))], False),  # a pier
        ([line((20, 0), (20, 40), (80, 40), (80, 0))], False),  # a quay on the bank
        ([line((20, 0), (20, 41), (80, 41), (80, 0))], False),  # a quay over the water
        ([line((0, 50), (100, 50))], False),  # a ship's way
    ],
)
def test_only_a_street_from_bank_to_bank_is_a_bridge(streets, crosses):
    units = gg.units_from_streets(TOWN, layer(streets), RIVER)
    assert units.loc[units["kind"] == "land", "piece"].nunique() == 2
    assert (told(units, "bridged_pieces") == [[[1, 2]]]) is crosses


def test_pieces_that_no_bridge_reaches_and_units_without_a_neighbour_are_named():
    waters = layer([square(20, -5, 30, 105), square(60, -5, 70, 105)])
    street = layer([line((0, 50), (50, 50))])
    units = gg.units_from_streets(TOWN, street, waters)
    east = units.index[[x >= 70 for x, _ in spots(units)]]
    assert told(units, "islands", "pieces") == [units.index[units.area.round() == 3000].tolist(), 3]
    assert told(units, "lone_pieces") == [[units.loc[east[0], "piece"]]]
    land = units[units["kind"] == "land"]
    edges = gg.unit_edges(land, waters)
    alone = gg.UnitGraph(land, edges[["first", "second"]].to_numpy()).isolated
    assert alone.tolist() == told(units, "islands")[0]


def test_an_island_in_the_boundary_is_one():
    parts = layer([MultiPolygon([square(0, 0, 40, 40), square(60, 60, 100, 100)])])
    for units in (gg.units_from_streets(parts, None), gg.units_from_points(layer([]), parts)):
        assert told(units, "islands", "pieces") == [["U0001", "U0002"], 2]
        assert gg.UnitGraph(units).isolated.tolist() == ["U0001", "U0002"]


@given(place=places)
def test_edges_are_the_neighbours_of_the_unit_graph_but_for_those_across_a_barrier(place):
    units = gg.units_from_streets(*place[:3])
    edges = gg.unit_edges(units, place.barriers, place.streets)
    pairs = edges[["first", "second"]].to_numpy()
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert not edges.duplicated(["first", "second"]).any()
    piece = units["piece"].to_numpy()[pairs]
    assert (piece > 0).all()
    border = (edges["how"] == "border").to_numpy()
    assert (piece[border, 0] == piece[border, 1]).all()
    touching = set(map(tuple, gg.UnitGraph(units).pairs.tolist()))
    assert set(map(tuple, pairs[border].tolist())) <= touching
    if place.barriers.empty:
        assert set(map(tuple, pairs.tolist())) == touching
    if place.streets.empty:
        assert border.all()
    ids = units.index.to_numpy()[pairs[~border]].tolist()
    assert told(units, "bridges") == [ids]


@given(place=places)
def test_edges_do_not_depend_on_the_order_or_on_which_units_are_asked(place):
    units = gg.units_from_streets(*place[:3])
    edges = gg.unit_edges(units, place.barriers, place.streets)
    some = units[units["kind"] == "land"].iloc[::-1]
    if some.empty:
        return
    other = gg.unit_edges(some, place.barriers.iloc[::-1], place.streets.iloc[::-1])

    def named(frame, of):
        ids = np.sort(of.index.to_numpy()[frame[["first", "second"]].to_numpy()], axis=1)
        return sorted(zip(*ids.T.tolist(), frame["how"], frame["shared_m"].round(3), strict=True))

    assert named(other, some) == named(edges, units)


def test_units_keep_their_report_through_files_and_tables(tmp_path):
    street = layer([line((50, -5), (50, 105))])
    units = gg.units_from_streets(TOWN, street, RIVER, buildings=layer([square(1, 1, 9, 9)]))
    units.to_parquet(tmp_path / "units.parquet")
    back = gpd.read_parquet(tmp_path / "units.parquet")
    assert back.geometry.geom_equals(units.geometry).all()
    assert back.attrs in ({}, units.attrs)
    units.to_file(tmp_path / "units.gpkg")
    cells = gg.units_from_points(layer([]), TOWN)
    both = pd.concat([units, cells, units.iloc[:1]])
    assert len(both) == len(units) + len(cells) + 1
    assert pd.concat([units, units]).attrs == units.attrs
    assert units.merge(units.drop(columns="geometry"), on="unit_id").shape[0] == len(units)


def test_a_plan_over_the_bridges_keeps_to_them():
    """Four quarters, two banks: with the bridge in the west only, no grid reaches over the east."""
    street = layer([line((25, -5), (25, 105)), line((60, -5), (60, 49)), line((60, 51), (60, 105))])
    units = gg.units_from_streets(TOWN, street, RIVER)
    land = units[units["kind"] == "land"].assign(load=1.0)
    edges = gg.unit_edges(land, RIVER, street)
    graph = gg.UnitGraph(land, edges[["first", "second"]].to_numpy())
    plan = gg.balance(graph, "load", k=2)
    assert plan.scores["noncontiguous"] == 0
    assert sorted(plan.assignment.value_counts()) == [3, 3]
    alone = edges[edges["how"] == "border"][["first", "second"]].to_numpy()
    with pytest.raises(InfeasibleError):
        gg.balance(gg.UnitGraph(land, alone), "load", k=1)
    assert gg.balance(graph, "load", k=1).scores["noncontiguous"] == 0


def test_refuses_units_that_do_not_measure():
    with pytest.raises(CRSError, match=r"to_metric\(units\)"):
        gg.unit_edges(layer([box(120, 31, 121, 32)], crs=4490), None)
