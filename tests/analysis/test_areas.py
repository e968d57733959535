import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Polygon, box

from gridgeo.analysis.areas import generic_points, mended_areas, polygon_parts
from gridgeo.analysis.locate import GridIndex
from gridgeo.errors import GeometryError

CORNERS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=8)


def mended(*shapes):
    return mended_areas(np.array(shapes, dtype=object), range(len(shapes)))


@given(rings=st.lists(CORNERS, min_size=1, max_size=3), seed=st.integers(0, 10**6))
def test_a_mended_shape_covers_what_the_index_says_it_covers(rings, seed):
    shape = MultiPolygon([Polygon(ring) for ring in rings])
    (area,), _ = mended(shape)
    x, y = 6 * np.random.default_rng(seed).random((2, 200))
    inside = GridIndex(gpd.GeoDataFrame(geometry=[shape], crs=4549)).locate(x, y) == 0
    assert (shapely.intersects_xy(area, x, y) == inside).all() if area else not inside.any()


def test_a_valid_shape_stays_as_it_is_but_for_its_heights():
    shape = box(0, 0, 9, 9) - box(2, 2, 3, 3)
    areas, changed = mended(shape, shapely.force_3d(shape, 5.0))
    assert not changed
    assert [a.wkb for a in areas] == [shape.wkb] * 2


def test_a_part_drawn_twice_is_no_area_and_one_drawn_thrice_is_one():
    square = box(0, 0, 2, 2)
    areas, changed = mended(MultiPolygon([square] * 2), MultiPolygon([square] * 3))
    assert changed == [0, 1]
    assert areas[0] is None
    assert areas[1].area == 4.0


def test_missing_empty_and_flat_shapes_have_no_area_left():
    areas, changed = mended(None, Polygon(), Polygon([(0, 0), (9, 9), (0, 0)]), box(0, 0, 1, 1))
    assert changed == [0, 1, 2]
    assert [a is None for a in areas] == [True, True, True, False]


def test_the_shapes_handed_in_stay_as_they_were():
    shapes = np.array([Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), None], dtype=object)
    before = shapes.copy()
    mended_areas(shapes, range(2))
    assert (shapes == before).all()


def test_refuses_lines_and_shows_at_most_three_names():
    lines = np.array([LineString([(0, 0), (1, 1)])] * 4, dtype=object)
    with pytest.raises(GeometryError, match=r"villages has 4 rows .* \(a, b, c, …\)"):
        mended_areas(lines, "abcd", "villages")


def test_a_generic_point_is_inside_even_where_a_face_tapers_to_nothing_half_way():
    # Two kites tied by a neck of a nanometre, right where the scan line of GEOS finds its point.
    neck = 1e-9
    face = Polygon([(0, 0), (2, 5), (0, 10), (10, 10), (2 + neck, 5 + neck), (10, 0)])
    assert face.boundary.distance(face.representative_point()) < neck
    (point,) = generic_points(np.array([face]))
    assert face.contains(point)
    assert face.boundary.distance(point) > 0.1


def test_polygons_are_kept_above_an_area_with_their_owner():
    shapes = [box(0, 0, 1, 1), None, LineString([(0, 0), (1, 1)]), MultiPolygon([box(0, 0, 2, 2)])]
    mixed = shapely.GeometryCollection([box(0, 0, 3, 3), LineString([(0, 0), (1, 1)])])
    owner, parts = polygon_parts(np.array([*shapes, mixed], dtype=object), 1.0)
    assert owner.tolist() == [3, 4]
    assert shapely.area(parts).tolist() == [4.0, 9.0]
