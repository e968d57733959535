import math
import re
from time import perf_counter

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, Point, box, get_coordinates, points, polygons

from gridgeo.errors import ContractError
from gridgeo.model.contract import Column, Contract, not_finite
from gridgeo.model.frames import GRIDS, HOUSEHOLDS, UNITS


def units(**columns):
    frame = gpd.GeoDataFrame(
        {"households": [10, 20], **columns},
        geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)],
        index=pd.Index(["a", "b"], name="unit_id"),
        crs=4549,
    )
    return frame


def test_a_frame_that_keeps_its_promise_passes_unchanged():
    frame = units()
    assert UNITS.check(frame) is frame


def test_all_breaches_are_said_at_once():
    frame = units(households=[-1, 2.5]).set_crs(None, allow_override=True)
    frame.index = pd.Index(["a", "a"], name="id")
    with pytest.raises(ContractError) as caught:
        UNITS.check(frame)
    said = str(caught.value)
    for part in ("index must be unit_id", "no CRS", "below the least", "whole number", "unique"):
        assert part in said
    assert {"unit_id", "households", "geometry"} <= set(caught.value.fields)


def test_at_most_three_keys_are_shown():
    frame = gpd.GeoDataFrame(
        {"households": [-1] * 5},
        geometry=[box(i, 0, i + 1, 1) for i in range(5)],
        index=pd.Index(list("abcde"), name="unit_id"),
        crs=4549,
    )
    with pytest.raises(ContractError, match=r"in 5 rows \(a, b, c, …\)"):
        UNITS.check(frame)


@pytest.mark.parametrize(
    ("contract", "column", "value", "code"),
    [
        (HOUSEHOLDS, "size_band", "9", "not-a-choice"),
        (HOUSEHOLDS, "lived_in", "yes", "not-bool"),
        (HOUSEHOLDS, "address_id", 7, "not-text"),
        (GRIDS, "valid_from", "2026-01-31", "not-date"),
    ],
)
def test_each_kind_of_value_names_its_fault(contract, column, value, code):
    place = Point(120, 32) if contract is HOUSEHOLDS else box(120, 32, 121, 33)
    frame = gpd.GeoDataFrame(
        {column: pd.Series([value], dtype=object).to_numpy()},
        geometry=[place],
        index=pd.Index(["x"], name=contract.key),
        crs=4490,
    )
    faults = contract.faults(frame)
    assert faults[["position", "field", "code"]].to_numpy().tolist() == [[0, column, code]]


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (None, "geometry-missing"),
        (Point(), "geometry-missing"),
        (box(0, 0, 1, 1), "geometry-kind"),
        (Point(float("inf"), 0), "geometry-not-finite"),
        (Point(200, 0), "geometry-off-earth"),
    ],
)
def test_each_bad_place_names_its_fault(place, code):
    frame = gpd.GeoDataFrame(
        geometry=gpd.GeoSeries([place], crs=4490).array,
        index=pd.Index(["x"], name="household_id"),
        crs=4490,
    )
    assert HOUSEHOLDS.faults(frame)["code"].tolist() == [code]


def test_no_contract_knows_a_name_or_number_of_a_resident():
    forbidden = {"name", "phone", "id_number", "health", "religion", "risk", "ethnicity"}
    assert not forbidden & {c.name for c in HOUSEHOLDS.columns}


texts = st.sampled_from(
    ["", " ", "\u3000", "\x1c\n", "a", "A", "3-4", "12", "1.5", "-1", "\0", "网格"]
)
moments = st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2200-01-01"))
of_dtype = {
    "str": texts | st.none(),
    "string": texts | st.none(),
    "category": texts | st.none(),
    "object": texts | st.integers(-(2**70), 2**70) | st.floats() | st.booleans() | st.none(),
    "int64": st.integers(-(2**63), 2**63 - 1) | st.integers(-1, 9),
    "Int64": st.integers(-(2**63), 2**63 - 1) | st.integers(-1, 9) | st.none(),
    "float64": st.floats(),
    "bool": st.booleans(),
    "boolean": st.booleans() | st.none(),
    "datetime64[us]": moments | st.none(),
    "datetime64[us, UTC]": moments.map(lambda t: pd.Timestamp(t, tz="UTC")) | st.none(),
}


@st.composite
def series(draw, size=None):
    """Make values of one dtype on an index that is no range."""
    dtype = draw(st.just("str") | st.sampled_from(sorted(of_dtype)))
    size = draw(st.integers(0, 6)) if size is None else size
    values = draw(st.lists(of_dtype[dtype], min_size=size, max_size=size))
    return pd.Series(pd.Series(values, dtype=dtype).array, index=range(size, 0, -1))


@st.composite
def columns(draw, name="note"):
    kind = draw(st.just("text") | st.sampled_from(["int", "float", "bool", "date", "time"]))
    text, number = kind == "text", kind in ("int", "float")
    return Column(
        name,
        kind,
        required=draw(st.booleans()),
        choices=draw(st.sampled_from([(), ("a", "3-4")])) if text else (),
        pattern=draw(st.sampled_from(["", r"[a-z]|\d+"])) if text else "",
        low=draw(st.sampled_from([None, 0])) if number else None,
        high=draw(st.sampled_from([None, 5])) if number else None,
    )


def fault_of(column, value):
    """Judge one value as the docstrings say, with plain Python."""
    text = column.kind == "text" and isinstance(value, str)
    if value is None or pd.isna(value) or (text and not value.strip()):
        return "missing" if column.required else ""
    match column.kind:
        case "text":
            if not text:
                return "not-text"
            if column.choices and value not in column.choices:
                return "not-a-choice"
            return "" if re.fullmatch(column.pattern or ".*", value, re.DOTALL) else "pattern"
        case "int" | "float":
            try:
                number = math.nan if isinstance(value, pd.Timestamp) else float(value)
            except ValueError:
                number = math.nan
            if not math.isfinite(number) or (column.kind == "int" and number % 1):
                return f"not-{column.kind}"
            if column.low is not None and number < column.low:
                return "too-low"
            return "too-high" if column.high is not None and number > column.high else ""
        case "bool":
            return "" if isinstance(value, bool | np.bool_) else "not-bool"
    return "" if isinstance(value, pd.Timestamp) else f"not-{column.kind}"


@given(values=series(), column=columns())
def test_whole_columns_are_judged_as_their_values_one_by_one(values, column):
    faults = column.faults(values)
    assert faults.index.equals(values.index)
    assert faults.dtype == object
    assert faults.tolist() == [fault_of(column, value) for value in values]


def bent(x, y):
    with np.errstate(invalid="ignore"):
        return LineString([(0, 0), (x, y), (1, 1)])


coordinates = st.sampled_from([0.0, 120.0, -181.0, 181.0, 91.0, np.nan, np.inf])
places = st.one_of(
    st.sampled_from([None, Point(), MultiPoint(), box(0, 0, 1, 1), box(0, 0, 200, 1)]),
    st.builds(Point, coordinates, coordinates),
    st.builds(bent, coordinates, coordinates),
)


def fault_of_place(allowed, place, in_degrees):
    if place is None or place.is_empty:
        return "geometry-missing"
    if place.geom_type not in allowed:
        return "geometry-kind"
    x, y = np.abs(get_coordinates(place)).T
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return "geometry-not-finite"
    return "geometry-off-earth" if in_degrees and (x.max() > 180 or y.max() > 90) else ""


@given(data=st.data(), crs=st.sampled_from([4490, 4549, None]))
def test_every_fault_of_a_row_stands_in_the_order_of_the_contract(data, crs):
    size = data.draw(st.integers(0, 5))
    one, two = data.draw(columns("one")), data.draw(columns("two"))
    allowed = data.draw(st.sampled_from([("Point",), ("LineString", "Polygon")]))
    keys = data.draw(series(size))
    shapes = data.draw(st.lists(places, min_size=size, max_size=size))
    frame = gpd.GeoDataFrame(
        {"two": data.draw(series(size)).array, "one": data.draw(series(size)).array},
        geometry=gpd.GeoSeries(shapes, crs=crs).array,
        index=pd.Index(keys.array, name="key"),
    )
    expected, seen = [], set()
    for position, key in enumerate(frame.index):
        fault = fault_of(Column("key", "text", required=True), key)
        if not fault and key in seen:
            fault = "duplicate-key"
        if not fault:
            seen.add(key)
        expected += [
            [position, "key", fault],
            [position, "one", fault_of(one, frame["one"].iloc[position])],
            [position, "two", fault_of(two, frame["two"].iloc[position])],
            [position, "geometry", fault_of_place(allowed, shapes[position], crs == 4490)],
        ]
    faults = Contract("things", "key", (one, two), allowed).faults(frame)
    found = faults[["position", "field", "code"]].to_numpy().tolist()
    assert found == [row for row in expected if row[2]]
    assert [str(dtype) for dtype in faults.dtypes] == ["int64", *["str"] * 4]


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_border_with_a_hole_in_its_numbers_is_no_border(hole):
    with np.errstate(invalid="ignore"):
        torn = polygons([[1, 0], [2, hole], [2, 1], [1, 0]])
    frame = units()
    frame.geometry = [box(0, 0, 1, 1), torn]
    faults = UNITS.faults(frame)
    assert faults[["position", "field", "code"]].to_numpy().tolist() == [
        [1, "geometry", "geometry-not-finite"]
    ]
    with pytest.raises(ContractError, match=r"not a finite number in 1 rows \(b\)"):
        UNITS.check(frame)


def test_shapes_that_are_missing_or_empty_have_no_endless_coordinate():
    shapes = np.array([None, Point(), Point(1, 2), Point(np.inf, 2)], dtype=object)
    assert not_finite(shapes).tolist() == [False, False, False, True]


@pytest.mark.parametrize("kind", ["int", "float"])
@pytest.mark.parametrize(
    "days",
    [
        pd.Series(pd.to_datetime(["2026-01-31", None])),
        pd.Series(pd.to_datetime(["2026-01-31", None], utc=True)),
        pd.Series(pd.to_timedelta(["1D", None])),
        pd.Series(pd.PeriodIndex(["2026-01", None], freq="M")),
    ],
    ids=["naive", "zoned", "span", "month"],
)
def test_dates_and_times_are_no_numbers_though_pandas_counts_them(kind, days):
    assert Column("n", kind).faults(days).tolist() == [f"not-{kind}", ""]


def test_the_households_of_a_city_are_judged_in_no_time():
    n = 200_000
    rng = np.random.default_rng(0)
    frame = gpd.GeoDataFrame(
        {"size_band": "3-4", "lived_in": True, "grid_code": "32128210000101"},
        geometry=points(rng.uniform(30, 31, (n, 2))),
        index=pd.Index([f"{i:06d}" for i in range(n)], name="household_id"),
        crs=4490,
    )
    start = perf_counter()
    assert len(HOUSEHOLDS.faults(frame)) == 0
    assert perf_counter() - start < 3, "six times what a quiet machine needs"
