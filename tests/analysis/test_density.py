import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, Polygon, box

from gridgeo.analysis.density import heat
from gridgeo.errors import CRSError, GeometryError, ParameterError

METRES = 4549
PLACES = st.lists(st.tuples(st.floats(-2e4, 2e4), st.floats(-2e4, 2e4)), max_size=12)
# An L: its inner corner and its ends lie near every point.
CITY = gpd.GeoSeries(
    [Polygon([(0, 0), (3000, 0), (3000, 900), (1100, 900), (1100, 2500), (0, 2500)])], crs=METRES
)


def points(places):
    return gpd.GeoSeries([Point(p) for p in places], crs=METRES)


def middles(found):
    rows, columns = found.density.shape
    x = found.west + (np.arange(columns) + 0.5) * found.cell_m
    y = found.south + (np.arange(rows) + 0.5) * found.cell_m
    return np.meshgrid(x, y)


# --- laws -------------------------------------------------------------------------------------


@given(places=PLACES, bandwidth_m=st.floats(1000, 4000))
def test_no_incident_is_lost_or_made(places, bandwidth_m):
    found = heat(points(places), bandwidth_m, 500)
    assert found.incidents == pytest.approx(len(places))
    assert found.outside == 0
    assert (found.density >= 0).all()


@given(
    places=st.lists(st.tuples(st.floats(-500, 3500), st.floats(-500, 3000)), max_size=20),
    bandwidth_m=st.floats(100, 900),
)
def test_what_lies_inside_the_city_stays_inside(places, bandwidth_m):
    found = heat(points(places), bandwidth_m, 100, within=CITY)
    assert found.incidents + found.outside == pytest.approx(len(places))
    within = sum(CITY[0].covers(Point(p)) for p in places)
    assert found.incidents >= within - 1e-9
    x, y = middles(found)
    touched = [
        CITY[0].intersects(Point(a, b).buffer(50, cap_style="square"))
        for a, b in zip(x.ravel(), y.ravel(), strict=True)
    ]
    assert (found.density.ravel()[~np.array(touched)] == 0).all()


@given(places=PLACES.filter(bool), columns=st.integers(-9, 9), rows=st.integers(-9, 9))
def test_moving_by_whole_cells_moves_the_map(places, columns, rows):
    whole = [(np.floor(x), np.floor(y)) for x, y in places]
    here = heat(points(whole), 1500, 500)
    there = heat(points(whole).translate(500 * columns, 500 * rows), 1500, 500)
    assert there.density == pytest.approx(here.density)
    assert there.west - here.west == 500 * columns
    assert there.south - here.south == 500 * rows


@given(places=PLACES, more=PLACES)
def test_two_periods_on_one_lattice_add_up(places, more):
    city = gpd.GeoSeries([box(-2e4, -2e4, 2e4, 2e4)], crs=METRES)
    first, second, both = (heat(points(p), 2000, 1000, city) for p in (places, more, places + more))
    assert both.density == pytest.approx(first.density + second.density, abs=1e-12)
    assert (first.west, first.south) == (both.west, both.south)


# --- figures made another way -------------------------------------------------------------------


def test_the_density_is_that_of_the_kernel_itself():
    rng = np.random.default_rng(2)
    places = rng.uniform(0, 2000, (40, 2))
    found = heat(points(places), 200, 10)
    x, y = middles(found)
    away2 = sum((m[..., None] - c) ** 2 for m, c in zip((x, y), places.T, strict=True))
    exact = np.exp(-away2 / (2 * 200**2)).sum(axis=-1) / (2 * np.pi * 0.2**2)
    assert found.density == pytest.approx(exact, abs=0.02 * exact.max())


def test_an_even_city_is_even_up_to_its_border():
    # One incident in each cell: the border takes nothing away in sum, and less in places than
    # the 37 % of an edge and 60 % of a corner that an uncorrected kernel spills over it.
    city = gpd.GeoSeries([box(1, 1, 1999, 999)], crs=METRES)
    x, y = np.meshgrid(np.arange(50, 2000, 100), np.arange(50, 1000, 100))
    found = heat(points(zip(x.ravel(), y.ravel(), strict=True)), 150, 100, city)
    assert found.density.shape == (10, 20)
    assert found.incidents == pytest.approx(200)
    assert found.density.min() > 65
    assert np.delete(found.density, [0, -1], axis=1).min() > 80
    assert found.density[4:6, 8:12] == pytest.approx(100, rel=0.03)


def test_weights_count():
    two = points([(0, 0), (0, 0)])
    assert heat(two, 300, 100, weights=[2, 0.5]).incidents == pytest.approx(2.5)
    assert heat(two[:1], 300, 100, weights=[2.5]).density == pytest.approx(
        heat(two, 300, 100, weights=[2, 0.5]).density
    )


# --- edges ------------------------------------------------------------------------------------


def test_no_incidents():
    assert heat(points([]), 300, 100).density.shape == (0, 0)
    empty = heat(points([]), 300, 100, CITY)
    assert empty.density.shape == (26, 31)
    assert empty.incidents == 0


def test_the_city_may_be_in_another_crs():
    found = heat(points([(5e5, 35.5e5)]), 300, 100)
    there = gpd.GeoSeries([Point(5e5, 35.5e5).buffer(2000)], crs=METRES).to_crs(4490)
    assert heat(points([(5e5, 35.5e5)]), 300, 100, there).density.max() == pytest.approx(
        found.density.max()
    )


def test_refuses_what_makes_no_map():
    one = points([(0, 0)])
    with pytest.raises(CRSError, match=r"to_metric\(points\)"):
        heat(one.set_crs(4490, allow_override=True), 300, 100)
    with pytest.raises(GeometryError, match="1 rows of points have no place, such as 0"):
        heat(points([]).reindex([0]), 300, 100)
    with pytest.raises(ParameterError, match="cells of 400 m are larger than the bandwidth"):
        heat(one, 300, 400)
    with pytest.raises(ParameterError, match="bandwidth_m is 0; it must be above 0"):
        heat(one, 0, 100)
    with pytest.raises(ParameterError, match=r"would have .* cells; at most 50,000,000"):
        heat(points([(0, 0), (1e7, 1e7)]), 300, 100)
    with pytest.raises(ParameterError, match="within has no shape"):
        heat(one, 300, 100, CITY[:0])
    with pytest.raises(ParameterError, match=r"weights has shape \(2,\)"):
        heat(one, 300, 100, weights=[1, 2])
    with pytest.raises(ParameterError, match="1 of 1 figures of weights are negative"):
        heat(one, 300, 100, weights=[-1])
