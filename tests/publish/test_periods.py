"""An attack on cells by period, with all that is published at hand."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgeo.errors import ParameterError
from gridgeo.publish import k_safe_cells
from gridgeo.publish.periods import cells_by_period

K = 5


def scatter(seed, n=400, periods=3):
    rng = np.random.default_rng(seed)
    # Half in a town, half in the country; some exactly on the lines of the lattice.
    xy = np.vstack([rng.normal(4000, 500, (n // 2, 2)), rng.uniform(0, 12000, (n - n // 2, 2))])
    xy[::7] = np.round(xy[::7] / 250) * 250
    period = rng.choice(periods, n, p=[0.1, 0.3, 0.6])
    return gpd.GeoSeries.from_xy(*(xy + 500_000).T, crs=4549), period


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_no_published_figure_pins_a_small_count_down(seed):
    points, period = scatter(seed)
    cells = k_safe_cells(points, K).frame
    made = cells_by_period(cells, points, period, 3, K)
    told = made.frame[[0, 1, 2]].to_numpy()
    assert (told >= K).all()
    assert told.sum() == len(points)
    total = told.sum(axis=1)
    for cell_id, union in made.member.items():
        c = cells["count"][cell_id]
        row = made.frame.index.get_loc(union)
        # Totals of unions are sums of published cells, nothing else.
        assert total[row] == cells["count"][made.member == union].sum()
        for t in told[row]:
            low, high = max(0, c + t - total[row]), min(c, t)
            assert high - low >= K or (low == high and high >= K)


def test_a_period_with_fewer_than_k_in_all_shows_no_cell():
    points, period = scatter(1)
    period[:] = 0
    period[:4] = 1
    period[4:40] = 2
    made = cells_by_period(k_safe_cells(points, K).frame, points, period, 3, K)
    assert made.frame.empty


def test_the_unions_cover_the_cells_without_overlap():
    points, period = scatter(3)
    cells = k_safe_cells(points, K).frame
    made = cells_by_period(cells, points, period, 3, K).frame
    assert 1 < len(made) < len(cells)
    assert made.area.sum() == pytest.approx(cells.area.sum())
    assert made.union_all().area == pytest.approx(cells.area.sum())


def test_refuses_cells_of_other_points():
    points, period = scatter(4)
    with pytest.raises(ParameterError, match="k_safe_cells"):
        cells_by_period(k_safe_cells(points[1:], K).frame, points, period, 3, K)
