import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box
from shapely.affinity import rotate, translate

from gridgeo.analysis.adjacency import shared_borders
from gridgeo.errors import GeometryError


def borders(*shapes, min_shared_m=0.01):
    found = shared_borders(gpd.GeoSeries(list(shapes), crs=4549), min_shared_m)
    return {tuple(pair): m for pair, m in zip(found.pairs.tolist(), found.shared_m, strict=True)}


@st.composite
def carved(draw):
    """Rectangles that fill a square with T-junctions, turned by any angle."""
    pieces = [box(0, 0, 64, 64)]
    for _ in range(draw(st.integers(0, 12))):
        piece = pieces.pop(draw(st.integers(0, len(pieces) - 1)))
        x0, y0, x1, y1 = piece.bounds
        share = draw(st.sampled_from([0.25, 0.37, 0.5, 0.75]))
        if draw(st.booleans()):
            x = x0 + share * (x1 - x0)
            pieces += [box(x0, y0, x, y1), box(x, y0, x1, y1)]
        else:
            y = y0 + share * (y1 - y0)
            pieces += [box(x0, y0, x1, y), box(x0, y, x1, y1)]
    return pieces, draw(st.sampled_from([0.0, 17.3, 45.0, 88.8]))


# --- laws -------------------------------------------------------------------------------------


@given(carved())
def test_neighbours_and_lengths_are_those_of_the_drawing_however_it_is_turned(drawing):
    pieces, degrees = drawing
    exact = {}
    for i, one in enumerate(pieces):
        for j in range(i + 1, len(pieces)):
            length = one.boundary.intersection(pieces[j].boundary).length
            if length > 0.01:
                exact[i, j] = length
    turned = [translate(rotate(p, degrees, origin=(0, 0)), 5e5, 3.5e6) for p in pieces]
    found = borders(*turned)
    assert found.keys() == exact.keys()
    assert all(abs(found[pair] - exact[pair]) < 1e-6 for pair in exact)


def test_border_length_of_real_blocks_is_what_geos_measures(samples):
    blocks = gpd.read_parquet(samples / "providence" / "blocks.parquet").iloc[:400]
    found = shared_borders(blocks.geometry)
    lines = blocks.boundary.to_numpy()
    first, second = shapely.STRtree(lines).query(lines, predicate="intersects")
    length = shapely.length(shapely.intersection(lines[first], lines[second]))
    real = (first < second) & (length > 0.01)
    order = np.lexsort((second[real], first[real]))
    assert found.pairs.tolist() == np.column_stack([first, second])[real][order].tolist()
    assert np.allclose(found.shared_m, length[real][order])


# --- worked cases -----------------------------------------------------------------------------


def test_a_point_is_no_border():
    assert borders(box(0, 0, 1, 1), box(1, 1, 2, 2)) == {}


def test_borders_whose_corners_do_not_match_are_found():
    wall = box(0, 0, 1, 3)
    rooms = [box(1, 0, 2, 1.2), box(1, 1.2, 2, 3)]
    found = borders(wall, *rooms)
    assert found == pytest.approx({(0, 1): 1.2, (0, 2): 1.8, (1, 2): 1.0})


def test_borders_a_few_millimetres_apart_are_borders_and_streets_are_not():
    assert borders(box(0, 0, 10, 10), box(10.004, 0, 20, 10)) == pytest.approx({(0, 1): 10.0})
    assert borders(box(0, 0, 10, 10), box(10.5, 0, 20, 10)) == {}


def test_two_units_that_meet_at_a_sharp_angle_share_a_point_only():
    low = Polygon([(0, 0), (100, 0), (100, -10)])
    high = Polygon([(0, 0), (100, 5), (100, 20)])
    assert borders(low, high) == {}


@pytest.mark.parametrize(("shared", "found"), [(0.4, False), (0.5, False), (0.6, True)])
def test_more_than_the_least_length_must_be_shared(shared, found):
    pair = box(0, 0, 1, 1), box(1, 1 - shared, 2, 2 - shared)
    assert ((0, 1) in borders(*pair, min_shared_m=0.5)) is found


def test_a_unit_of_two_parts_is_one_unit():
    exclave = MultiPolygon([box(0, 0, 1, 1), box(2, 0, 3, 1)])
    assert borders(exclave, box(1, 0, 2, 1)) == pytest.approx({(0, 1): 2.0})


def test_an_enclave_touches_its_surroundings_all_round():
    ring = box(0, 0, 3, 3).difference(box(1, 1, 2, 2))
    assert borders(ring, box(1, 1, 2, 2)) == pytest.approx({(0, 1): 4.0})


def test_three_units_stacked_on_each_other_all_share_their_outline():
    assert borders(*[box(0, 0, 1, 1)] * 3) == pytest.approx({(0, 1): 4, (0, 2): 4, (1, 2): 4})


def test_an_invalid_unit_is_mended_and_reported():
    bow = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    found = shared_borders(gpd.GeoSeries([bow, box(2, 0, 3, 2)], crs=4549))
    assert found.mended.tolist() == [True, False]
    assert found.shared_m.tolist() == [2.0]


def test_one_unit_has_no_neighbour():
    assert borders(box(0, 0, 1, 1)) == {}


# --- refusals ---------------------------------------------------------------------------------


ENDLESS = shapely.from_wkt("POLYGON ((0 0, inf 0, 1 1, 0 0))")


@pytest.mark.parametrize("shape", [None, Polygon(), Point(0, 0), ENDLESS])
def test_a_unit_without_an_area_is_named(shape):
    units = gpd.GeoSeries([box(0, 0, 1, 1), shape], index=["good", "bad"], crs=4549)
    with pytest.raises(GeometryError, match="bad") as refusal:
        shared_borders(units)
    assert refusal.value.code == "geometry.unit"
