"""Grids with a life for laws: any shapes on a small lattice of about 100 m, any days."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import strategies as st

STEP = 0.001
EDGES = (0, 10, 20, 30)  # days since 1970 on which something may change
DAYS = (-5, 0, 9, 10, 15, 20, 29, 30, 99)


def lattice(i):
    return 120 + STEP * i


def block(i, j, wide=1, high=1):
    return shapely.box(lattice(i), lattice(j) - 88, lattice(i + wide), lattice(j + high) - 88)


def _blocks():
    small = st.integers(0, 3)
    wide = st.integers(1, 2)
    return st.lists(st.builds(block, small, small, wide, wide), min_size=1, max_size=4)


def _bowtie(i, j):
    corners = [(i, j), (i + 2, j + 2), (i + 2, j), (i, j + 2)]
    return shapely.Polygon([(lattice(x), lattice(y) - 88) for x, y in corners])


valid = _blocks().map(shapely.union_all)

# Whole areas, areas in parts that touch or overlap each other (not valid), and bow ties.
shapes = st.one_of(
    valid,
    _blocks().map(shapely.MultiPolygon),
    st.builds(_bowtie, st.integers(0, 2), st.integers(0, 2)),
)


@st.composite
def versions(draw, codes="abc", shapes=shapes):
    """Each grid has a state, or none, between any two of some days."""
    rows = []
    for code in codes:
        cuts = sorted(draw(st.sets(st.sampled_from(EDGES), max_size=3)))
        for start, end in zip([None, *cuts], [*cuts, None], strict=True):
            shape = draw(st.none() | shapes)
            if shape is not None:
                rows.append((code, start, end, shape))
    return frame(rows)


def frame(rows):
    """A frame of (code, first day or None, first day no more or None, shape)."""
    codes, starts, ends, areas = zip(*rows, strict=True) if rows else ((), (), (), ())
    return gpd.GeoDataFrame(
        {"valid_from": _days(starts), "valid_to": _days(ends)},
        geometry=list(areas),
        index=pd.Index(codes, name="grid_code", dtype="str"),
        crs=4490,
    )


def _days(days):
    return pd.array(
        [pd.NaT if day is None else pd.Timestamp(0) + pd.Timedelta(days=day) for day in days],
        dtype="datetime64[us]",
    )


def spots(rng, n=200):
    """Corners, middles of sides and cells, spots a hair beside them, and any others."""
    on = rng.integers(-1, 12, (n, 2)) / 2
    on[n // 2 :] += rng.choice([0, 1e-12, 1e-7, 1e-3, 0.3], (n - n // 2, 2))
    x, y = lattice(on).T
    return x, y - 88, rng.choice(DAYS, n).astype(np.int64)
