import itertools
import pickle
import struct

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.assign import HOW, Assigner, assign
from gridgeo.analysis.assign_table import assign_table
from gridgeo.analysis.point_columns import Place, coordinates_of
from gridgeo.errors import CRSError, GeometryError, ParameterError
from gridgeo.model.crs import moved

GRIDS = gpd.GeoSeries(
    [shapely.box(0, 0, 2, 2), shapely.box(2, 0, 4, 2)], index=["G1", "G2"], crs=4549
)
METRES = GRIDS.crs
SPOTS = (
    [1, 2, 3, 9, np.nan],
    [1, 1, 1, 9, 0],
)  # inside G1, on the border, inside G2, in none, no place
CODES = ["G1", "G1", "G2", None, None]


def wkb(x, y):
    return pa.array(list(shapely.to_wkb(shapely.points(x, y))), pa.binary())


def separated(x, y):
    return pa.StructArray.from_arrays([pa.array(x), pa.array(y)], ["x", "y"])


def interleaved(x, y):
    pairs = np.column_stack([x, y]).astype(float).ravel()
    return pa.FixedSizeListArray.from_arrays(pa.array(pairs), 2)


def as_text(values):
    return pa.array(["" if np.isnan(v) else f" {v} " for v in values])


WAYS = {
    "floats": lambda x, y: {"x": pa.array(x, pa.float64()), "y": pa.array(y, pa.float64())},
    "single": lambda x, y: {"x": pa.array(x, pa.float32()), "y": pa.array(y, pa.float32())},
    "text": lambda x, y: {"x": as_text(x), "y": as_text(y)},
    "words": lambda x, y: {"x": as_text(x).dictionary_encode(), "y": as_text(y)},
    "wkb": lambda x, y: {"p": wkb(x, y)},
    "large": lambda x, y: {"p": wkb(x, y).cast(pa.large_binary())},
    "fixed": lambda x, y: {"p": wkb(x, y).cast(pa.binary(21))},
    "view": lambda x, y: {"p": wkb(x, y).cast(pa.binary_view())},
    "wkt": lambda x, y: {"p": pa.array(list(shapely.to_wkt(shapely.points(x, y))))},
    "separated": lambda x, y: {"p": separated(x, y)},
    "interleaved": lambda x, y: {"p": interleaved(x, y)},
}


@pytest.mark.parametrize("way", WAYS)
def test_points_are_read_however_they_are_encoded(way):
    x, y = (np.array(v, dtype=float) for v in SPOTS)
    table = pa.table({"id": range(5), **WAYS[way](x, y)})
    place = Place(tuple(table.schema.names[1:]), METRES)
    for given_table in (table, table.to_batches()[0]):
        got = assign_table(Assigner(GRIDS), given_table, place)
        assert got.table["grid_code"].to_pylist() == CODES
        assert got.table["how"].to_pylist() == ["inside", "border", "inside", "none", "none"]
        assert got.table["distance_m"].to_pylist() == [0, 0, 0, None, None]
        assert got.counts.tolist() == [2, 1, 0, 2]
        assert got.unplaced == 1
        pd.testing.assert_frame_equal(
            got.table.select(table.schema.names).to_pandas(), table.to_pandas()
        )
    none = assign_table(Assigner(GRIDS), table.slice(0, 0), place)
    assert none.table.num_rows == 0
    assert none.table.schema == got.table.schema
    assert none.counts.sum() == none.unplaced == 0


def encoded(spot, way):
    """One point in WKB as some software writes it."""
    if way == "null" or spot is None:
        return None
    if way == "cut":
        return shapely.to_wkb(shapely.Point(spot))[:13]
    if way == "multi":
        return shapely.to_wkb(shapely.MultiPoint([spot]))
    if way == "empty":
        return shapely.to_wkb(shapely.Point())
    if way == "high":
        return shapely.to_wkb(shapely.Point(*spot, 7.0))
    if way == "ewkb":
        return shapely.to_wkb(shapely.set_srid(shapely.Point(spot), 4549), include_srid=True)
    return shapely.to_wkb(shapely.Point(spot), byte_order=0 if way == "big" else 1)


LOST = ("null", "empty", "cut")
ENCODINGS = ("plain", "plain", "plain", "big", "high", "ewkb", "multi", *LOST)


@given(
    rows=st.lists(
        st.tuples(st.integers(-1, 9), st.integers(-1, 5), st.sampled_from(ENCODINGS)), max_size=30
    ),
    cuts=st.lists(st.integers(0, 30), max_size=3),
    within=st.sampled_from([None, 0.0, 0.75]),
)
def test_any_mixture_of_wkb_in_any_chunks_is_answered_as_the_shapes_are(rows, cuts, within):
    spots = [(a / 2, b / 2) for a, b, _ in rows]
    kinds = [kind for _, _, kind in rows]
    cells = pa.array([encoded(*one) for one in zip(spots, kinds, strict=True)], pa.binary())
    cuts = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    # each chunk is a slice, so that its first byte is not the buffer's first
    pieces = [cells[a:b] for a, b in itertools.pairwise(cuts)]
    table = pa.table({"p": pa.chunked_array(pieces, pa.binary())})
    lost = [kind in LOST for kind in kinds]
    shapes = [None if gone else shapely.Point(s) for s, gone in zip(spots, lost, strict=True)]
    right = assign(gpd.GeoSeries(shapes, crs=4549), GRIDS, within)
    got = assign_table(Assigner(GRIDS, within), table, Place(("p",), METRES), key="grid_id")
    said = got.table.to_pandas()
    assert said["how"].tolist() == right["how"].tolist()
    assert (
        said["grid_id"].astype(object).fillna("").tolist() == right["grid_id"].fillna("").tolist()
    )
    np.testing.assert_array_equal(said["distance_m"].to_numpy(float), right["distance_m"])
    assert got.unplaced == sum(lost)
    assert dict(zip(HOW, got.counts.tolist(), strict=True)) == {
        way: int((right["how"] == way).sum()) for way in HOW
    }


@pytest.mark.parametrize("encode", [separated, interleaved])
def test_gaps_and_slices_of_geoarrow_keep_their_rows(encode):
    x, y = np.array([9.0, 1.0, 1.0, 3.0]), np.array([9.0, 1.0, 1.0, 1.0])
    whole = encode(x, y)
    gaps = pa.array([False, False, True, False])
    whole = (
        pa.StructArray.from_arrays(whole.flatten(), ["x", "y"], mask=gaps)
        if (encode is separated)
        else pa.FixedSizeListArray.from_arrays(whole.values, 2, mask=gaps)
    )
    table = pa.table({"p": whole.slice(1)})
    got = assign_table(Assigner(GRIDS), table, Place(("p",), METRES))
    assert got.table["grid_code"].to_pylist() == ["G1", None, "G2"]
    assert got.unplaced == 1


def test_a_point_whose_header_lies_is_read_by_its_own_header():
    """21 bytes alone say nothing: here of a line that was cut, and of an unknown kind."""
    line = struct.pack("<BIIdI", 1, 2, 1, 1.0, 0)
    unknown = struct.pack("<BIdd", 1, 99, 1.0, 1.0)
    turned = struct.pack("<BIdd", 0, 1, 1.0, 1.0)  # says big-endian and is not
    assert len(line) == len(unknown) == len(turned) == 21
    cells = [line, unknown, turned, shapely.Point(1, 1).wkb]
    x, y = coordinates_of(pa.table({"p": pa.array(cells)}), Place(("p",), METRES))
    assert np.isnan(x[:3]).all()
    assert (x[3], y[3]) == (1, 1)


def test_a_curve_is_no_place_and_spoils_no_other_row():
    curve = struct.pack("<BII4d", 1, 8, 2, 0.0, 0.0, 1.0, 1.0)  # CircularString
    table = pa.table({"p": pa.array([curve, shapely.Point(1, 1, 5).wkb, None])})
    got = assign_table(Assigner(GRIDS), table, Place(("p",), METRES))
    assert got.table["grid_code"].to_pylist() == [None, "G1", None]
    assert got.unplaced == 2


def test_a_line_among_the_points_is_refused_with_its_row():
    shapes = [shapely.Point(1, 1), None, shapely.LineString([(0, 0), (1, 1)])]
    cells = [None if shape is None else shape.wkb for shape in shapes]
    table = pa.table({"p": pa.chunked_array([cells[:1], cells[1:]])})
    with pytest.raises(GeometryError, match="a LineString at position 2 "):
        assign_table(Assigner(GRIDS), table, Place(("p",), METRES))


def test_earlier_answers_are_replaced_and_what_else_the_table_says_is_kept():
    schema = pa.schema(
        [
            pa.field("x", pa.float64(), metadata={"unit": "m"}),
            pa.field("how", pa.string()),
            pa.field("y", pa.float64()),
            pa.field("grid_code", pa.int64()),
        ],
        metadata={"geo": "kept"},
    )
    table = pa.table([[1.0], ["old"], [1.0], [7]], schema=schema)
    got = assign_table(Assigner(GRIDS), table, Place(("x", "y"), METRES)).table
    assert got.schema.names == ["x", "y", "grid_code", "how", "distance_m"]
    assert got.schema.metadata == {b"geo": b"kept"}
    assert got.schema.field("x").metadata == {b"unit": b"m"}
    assert got["grid_code"].to_pylist() == ["G1"]


@pytest.mark.parametrize("ids", [[7, 2**62 + 1], ["07", "甲"], [1.5, 2.5]])
def test_ids_come_back_as_they_are(ids):
    table = pa.table({"x": [3.0, 9.0, 1.0], "y": [1.0, 1.0, 1.0]})
    grids = GRIDS.set_axis(ids)
    got = assign_table(Assigner(grids), table, Place(("x", "y"), METRES)).table
    assert got["grid_code"].to_pylist() == [ids[1], None, ids[0]]


def test_points_in_another_crs_are_answered_as_geopandas_brings_them_over():
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(120.1, 120.3, 2000), rng.uniform(31.9, 32.1, 2000)
    degrees = gpd.GeoSeries.from_xy(lon, lat, crs=4326)
    # as wide as some of the points, so that one lies on each side
    box = shapely.box(*degrees[lon < 120.2].to_crs(4549).total_bounds)
    grids = gpd.GeoSeries([box], index=["west"], crs=4549)
    right = assign(degrees, grids, 500)
    place = pickle.loads(pickle.dumps(Place(("lon", "lat"), degrees.crs)))
    got = assign_table(
        Assigner(grids, 500), pa.table({"lon": lon, "lat": lat}), place, threads=2
    ).table.to_pandas()
    assert (
        got["grid_code"].astype(object).fillna("").tolist() == right["grid_id"].fillna("").tolist()
    )
    np.testing.assert_array_equal(got["distance_m"], right["distance_m"])
    assert set(right["how"]) == {"inside", "border", "nearest", "none"}


def test_a_point_beyond_the_reach_of_the_projection_is_in_no_grid():
    table = pa.table({"lon": [120.2, 200.0, np.inf, np.nan], "lat": [32.0, 95.0, 0.0, 0.0]})
    place = Place(("lon", "lat"), gpd.GeoSeries([], crs=4326).crs)
    world = gpd.GeoSeries([shapely.box(-1e8, -1e8, 1e8, 1e8)], index=["all"], crs=4549)
    got = assign_table(Assigner(world), table, place)
    assert got.table["grid_code"].to_pylist() == ["all", None, None, None]
    assert got.unplaced == 2


@pytest.mark.parametrize(
    ("source", "target", "blamed"), [(None, METRES, "points"), (METRES, None, "grids")]
)
def test_coordinates_whose_crs_nobody_knows_go_nowhere(source, target, blamed):
    with pytest.raises(CRSError, match=f"{blamed} has no CRS"):
        moved(np.zeros(1), np.zeros(1), source, target)


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        (("lon", "lat"), "no column lon, lat"),
        (("x", "flag"), "flag is bool"),
        (("x",), "x is double"),
    ],
)
def test_columns_that_hold_no_points_are_named(columns, match):
    table = pa.table({"x": [1.0], "flag": [True]})
    with pytest.raises(ParameterError, match=match):
        coordinates_of(table, Place(columns, METRES))
