import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Polygon, box

from gridgeo.errors import ContractError, ParameterError
from gridgeo.model.plan import FORCED_COLUMNS, Plan

IDS = pd.Index(["a", "b", "c", "d"], name="unit_id")


def units(**columns):
    shapes = [box(100 * x, 0, 100 * x + 100, 100) for x in range(4)]
    return gpd.GeoDataFrame(columns, geometry=shapes, index=IDS, crs=4549)


def plan(frame=None, grids=("w", "w", "e", "e"), before=None, load=(10.0, 30.0, 20.0, 20.0)):
    frame = units(households=[1, 3, 2, 2]) if frame is None else frame
    assignment = pd.Series(grids, index=frame.index, name="grid_id")
    today = None if before is None else pd.Series(before, index=frame.index)
    moved = frame.index[:0]
    if today is not None:
        moved = frame.index[(today.notna() & (today != assignment)).to_numpy()]
    return Plan(
        units=frame,
        load=pd.Series(load, index=frame.index, name="load"),
        assignment=assignment,
        targets=pd.Series(40.0, index=pd.Index(sorted(set(grids), key=str))),
        scores={},
        forced=pd.DataFrame(columns=list(FORCED_COLUMNS)),
        moved=moved,
        before=today,
    )


def test_a_plan_sums_and_dissolves_its_grids():
    grids = plan().grids()
    assert grids.index.tolist() == ["e", "w"]
    assert grids.index.name == "grid_id"
    assert grids["load"].tolist() == [40.0, 40.0]
    assert grids["units"].tolist() == [2, 2]
    assert grids["deviation"].tolist() == [0.0, 0.0]
    assert grids.crs.to_epsg() == 4549
    assert grids.geometry["w"].equals(box(0, 0, 200, 100))
    assert plan(load=(0.0,) * 4).deviations().tolist() == [-1.0, -1.0]


def test_an_invalid_unit_is_mended_in_the_drawing_only():
    frame = units()
    bow = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    frame.loc["a", "geometry"] = bow
    grids = plan(frame).grids()
    assert grids.is_valid.all()
    assert grids.area["w"] == pytest.approx(15_000)
    assert frame.geometry["a"] is bow or frame.geometry["a"].equals_exact(bow, 0)


def test_each_changed_border_tells_load_households_and_ways():
    told = plan(before=["w", "e", "e", "w"]).explain()
    assert told[["from_grid", "to_grid", "units"]].to_numpy().tolist() == [
        ["e", "w", 1],
        ["w", "e", 1],
    ]
    assert told["load"].tolist() == [30.0, 20.0]
    assert told["households"].tolist() == [3, 2]
    # b stands at 150 m: e was b and c with its centre at 190; w is a and b, at 125.
    # d stands at 350 m: w was a and d with its centre at 250; e is c and d, at 300.
    assert told["distance_before_m"].tolist() == pytest.approx([40.0, 100.0])
    assert told["distance_after_m"].tolist() == pytest.approx([25.0, 50.0])


def test_who_had_no_grid_has_not_moved_and_without_a_plan_in_force_nothing_has():
    assert plan(before=[None, "w", "e", "e"]).explain().empty
    assert plan().explain().empty
    assert plan().explain().columns[0] == "from_grid"


def test_without_shapes_a_plan_still_explains_but_does_not_draw():
    bare = plan(pd.DataFrame(index=IDS), before=["w", "e", "e", "e"])
    told = bare.explain()
    assert told["load"].tolist() == [30.0]
    assert np.isnan(told["distance_after_m"]).all()
    assert np.isnan(told["households"]).all()
    with pytest.raises(ContractError, match="geometry"):
        bare.grids()


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet", ".fgb", ".shp", ".csv"])
def test_a_plan_is_read_back_as_it_was_written(tmp_path, suffix):
    path = tmp_path / f"plan{suffix}"
    mixed = plan(grids=(1, 1, "new-1", "new-1"), before=[1, 1, 1, 1])
    mixed.to_file(path)
    if suffix == ".csv":
        back = pd.read_csv(path)
    elif suffix == ".parquet":
        back = gpd.read_parquet(path).reset_index()
    else:
        back = gpd.read_file(path, **({"layer": "units"} if suffix == ".gpkg" else {}))
    back = back.sort_values("unit_id", ignore_index=True)  # FlatGeobuf sorts by place
    assert back["unit_id"].tolist() == list(IDS)
    assert back["grid_id"].tolist() == ["1", "1", "new-1", "new-1"]
    assert back["load"].tolist() == [10.0, 30.0, 20.0, 20.0]
    if suffix == ".gpkg":
        assert gpd.read_file(path, layer="grids")["grid_id"].tolist() == ["1", "new-1"]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet", ".csv"])
def test_units_known_by_several_columns_keep_them_in_a_file(tmp_path, suffix):
    path = tmp_path / f"plan{suffix}"
    frame = units()
    frame.index = pd.MultiIndex.from_tuples(
        [("v", 1), ("v", "2"), ("w", 1), ("w", 3)], names=["load", None]
    )
    plan(frame, before=["w", "w", "e", "e"]).to_file(path)
    if suffix == ".csv":
        back = pd.read_csv(path)
    elif suffix == ".parquet":
        back = gpd.read_parquet(path).reset_index()
    else:
        back = gpd.read_file(path, **({"layer": "units"} if suffix == ".gpkg" else {}))
    # A level may not take the name of a column of the plan.
    assert back["unit_load"].tolist() == ["v", "v", "w", "w"]
    assert back["unit_id_2"].astype(str).tolist() == ["1", "2", "1", "3"]
    assert back["grid_id"].tolist() == ["w", "w", "e", "e"]
    assert back["load"].tolist() == [10.0, 30.0, 20.0, 20.0]


def test_an_unknown_extension_is_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"\.doc"):
        plan().to_file(tmp_path / "plan.doc")


def test_what_leaves_a_unit_or_a_grid_out_is_no_plan():
    with pytest.raises(ContractError, match="1 units have no grid"):
        plan(grids=("w", "w", "e", None))
    whole = plan()
    with pytest.raises(ContractError, match="1 grids have no unit"):
        Plan(
            units=whole.units,
            load=whole.load,
            assignment=whole.assignment,
            targets=pd.Series(1.0, index=["e", "w", "x"]),
            scores={},
            forced=whole.forced,
            moved=whole.moved,
        )


def test_the_share_of_grids_in_a_band_counts_both_ends():
    made = plan(grids=("a", "b", "c", "d"))  # loads 10, 30, 20, 20
    assert made.share_in_band(20, 30) == 0.75
    assert made.share_in_band(10, 10) == 0.25
    assert made.share_in_band(31, 99) == 0.0
    with pytest.raises(ParameterError, match="low must not be above high"):
        made.share_in_band(30, 20)


def test_reock_of_a_square_and_of_two_is_their_closed_form():
    # A square of side 1 in its circle: 1 ÷ π/2; a 2:1 rectangle: 2 ÷ (5/4)π.
    assert plan(grids=("a", "b", "c", "d")).reock().tolist() == pytest.approx([2 / np.pi] * 4)
    assert plan().reock().to_dict() == pytest.approx({"e": 8 / 5 / np.pi, "w": 8 / 5 / np.pi})
    apart = plan(grids=("w", "e", "e", "w")).reock()  # 1 × 2 and, four units wide, 2 of 1 × 4
    assert apart.to_dict() == pytest.approx({"e": 8 / 5 / np.pi, "w": 2 / (np.pi * 17 / 4)})
