import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from gridgeo.errors import ContractError, InputError, ParameterError
from gridgeo.ingest.plan_file import read_plan
from gridgeo.model.plan import FORCED_COLUMNS, Plan

SUFFIXES = [".csv", ".gpkg", ".parquet", ".geojson", ".fgb"]


def plan_of(index, grids, before=None):
    n = len(index)
    shapes = [box(100 * x, 0, 100 * x + 100, 100) for x in range(n)]
    units = gpd.GeoDataFrame(geometry=shapes, index=index, crs=4549)
    assignment = pd.Series(grids, index=index, name="grid_id")
    return Plan(
        units=units,
        load=pd.Series(1.0, index=index, name="load"),
        assignment=assignment,
        targets=pd.Series(1.0, index=pd.Index(pd.unique(assignment))),
        scores={},
        forced=pd.DataFrame(columns=list(FORCED_COLUMNS)),
        moved=index[:0],
        before=before,
    )


# What people call things: codes with zeros, numbers as text, Chinese, signs, quotes, separators.
words = st.one_of(
    st.sampled_from(
        ["007", "7", "-1", "=1+1", "new-1", "东一", "NA", "nan", "1.0", "a,b", 'a"b', "x;y", "+8",
         "@x", "true", "1e5", "null", "None"]
    ),
    st.text("0123456789", min_size=1, max_size=20),
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=6),
).filter(lambda text: not text.startswith("'"))  # fmt: skip
numbers = st.integers(-(2**53), 2**53)


@st.composite
def indices(draw, n):
    kind = draw(st.sampled_from(["words", "numbers", "levels"]))
    name = draw(st.sampled_from([None, "unit_id", "楼栋", "load", "grid_id"]))
    if kind == "levels":
        pairs = st.tuples(words, st.integers(0, 9))
        rows = draw(st.lists(pairs, min_size=n, max_size=n, unique=True))
        return pd.MultiIndex.from_tuples(rows, names=[name, draw(st.sampled_from([None, "no"]))])
    ids = words if kind == "words" else numbers
    return pd.Index(draw(st.lists(ids, min_size=n, max_size=n, unique=True)), name=name)


@given(st.data(), st.integers(1, 6), st.sampled_from(SUFFIXES))
def test_what_to_file_wrote_is_read_back_to_the_same_assignment(tmp_path_factory, data, n, suffix):
    index = data.draw(indices(n))
    mixtures = st.one_of(words, st.integers(0, 99)).filter(lambda one: not str(one).isdigit())
    ids = data.draw(st.sampled_from([words, numbers, mixtures]))
    grids = data.draw(st.lists(ids, min_size=n, max_size=n))
    plan = plan_of(index, grids)
    path = tmp_path_factory.mktemp("plan") / f"plan{suffix}"
    plan.to_file(path)
    shuffled = plan.units.iloc[data.draw(st.permutations(range(n)))]
    back = read_plan(path, shuffled, known=grids)
    assert back.index.equals(shuffled.index)
    assert back.reindex(index).tolist() == grids
    assert back.name == "grid_id"
    plain = read_plan(path, index)
    assert plain.map(str).tolist() == [str(grid) for grid in grids]
    if suffix != ".csv" and len({type(grid) for grid in grids}) == 1:
        assert plain.tolist() == grids


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_grids_as_balance_numbers_them_come_back_as_numbers(tmp_path, suffix):
    index = pd.Index([f"u{i:02}" for i in range(12)], name="unit_id")
    plan = plan_of(index, [i % 11 for i in range(12)], before=pd.Series("old", index=index))
    plan.to_file(tmp_path / f"plan{suffix}")
    assert read_plan(tmp_path / f"plan{suffix}", plan.units).equals(plan.assignment)


def test_todays_numbers_beside_new_grids_are_found_among_the_known(tmp_path):
    index = pd.Index([1, 2, 3])
    plan = plan_of(index, [101, "new-1", 102], before=pd.Series([101, 101, 102], index=index))
    plan.to_file(tmp_path / "plan.csv")
    assert read_plan(tmp_path / "plan.csv", index, known=[101, 102]).tolist() == [101, "new-1", 102]
    assert read_plan(tmp_path / "plan.csv", index).tolist() == ["101", "new-1", "102"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("unit,grid\nb,e\na,w\n", "utf-8"),
        ("unit;grid\r\nb;e\r\na;w\r\n", "utf-8-sig"),
        ("楼栋\t负责网格\nb\te\na\tw\n", "gb18030"),
        ("备注,网格编码,单元编号\n 甲,e,b\n 乙,w,a\n", "gb18030"),
        ("GRID CODE,remark,Unit-ID\ne,1,b\nw,2,a\n", "utf-8"),
        ("grid_code,unit_id,grid_id\nold,b,e\nold,a,w\n", "utf-8"),
    ],
)
def test_a_table_of_a_person_is_read_by_names_else_by_place(tmp_path, text, encoding):
    path = tmp_path / "plan.csv"
    path.write_bytes(text.encode(encoding))
    assert read_plan(path, pd.Index(["a", "b"])).to_dict() == {"a": "w", "b": "e"}


def test_a_workbooks_numbers_name_units_and_grids(tmp_path):
    path = tmp_path / "plan.xlsx"
    pd.DataFrame({"unit": [2, 1], "grid": [101, 102.0]}).to_excel(path, index=False)
    assert read_plan(path, pd.Index([1, 2])).to_dict() == {1: 102, 2: 101}
    assert read_plan(path, pd.Index(["1", "2"]), known=["101", "102"]).to_dict() == {
        "1": "102",
        "2": "101",
    }


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("unit,grid\na,w\n", ContractError, r"plan.csv does not fit .* 1 units are missing \(b\)"),
        ("unit,grid\na,w\nb,e\nc,e\n", ContractError, r"1 units are unknown \(c\)"),
        ("unit,grid\na,w\nb,e\na,e\n", ContractError, r"1 units stand more than once \(a\)"),
        ("unit,grid\na,w\nb,\n", ContractError, r"1 units have no grid \(b\)"),
        ("unit,grid\na,w\n,e\n", InputError, "1 rows without a unit, the first is data row 2"),
        ("unit\na\nb\n", InputError, "must have a column more"),
        ("unit,grid\na,w,x\nb,e\n", InputError, "1 rows that do not fit its 2 columns"),
        ("", InputError, "is empty"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, text, error, said):
    path = tmp_path / "plan.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=said):
        read_plan(path, pd.Index(["a", "b"]))


def test_ids_no_file_tells_apart_are_refused(tmp_path):
    path = tmp_path / "plan.csv"
    path.write_text("unit,grid\n1,w\n", encoding="utf-8")
    with pytest.raises(ContractError, match=r"1 ids of units are written like another"):
        read_plan(path, pd.Index([1, "1"], dtype=object))
    with pytest.raises(ParameterError, match=r"list; .* give graph\.units"):
        read_plan(path, ["1"])
