import json
import os
import signal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from pyproj import CRS

import gridgeo as gg
from gridgeo.analysis.assign import HOW
from gridgeo.analysis.assign_table import Place
from gridgeo.errors import ConflictError, InputError
from gridgeo.scale.assign import assign_dataset

METRES = CRS.from_epsg(4549)
XY = Place(("x", "y"), METRES)


def points_at(folder, rows=(1000, 1, 500), group=100, seed=0):
    """Files of points; some rows have no place."""
    rng = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    files = []
    for k, n in enumerate(rows):
        x, y = rng.random((2, n)) * 1100 - 50
        x[::17] = np.nan
        names = pa.array([f"点{k}-{i}" for i in range(n)], pa.string())
        table = pa.table({"name": names, "x": x, "y": y})
        files.append(folder / f"points-{k}.parquet")
        pq.write_table(table, files[-1], row_group_size=group)
    return files


def whole(place):
    return pyarrow.dataset.dataset(place, format="parquet").to_table().to_pandas()


def expected(files, grids, within_m=None):
    points = pd.concat([pq.read_table(f).to_pandas() for f in files], ignore_index=True)
    at = gpd.GeoSeries.from_xy(points["x"], points["y"], crs=METRES)
    answer = gg.assign(at, grids, within_m).rename(columns={"grid_id": "grid_code"})
    return points.join(answer)


def assert_same(found, wanted):
    found, wanted = (f.assign(grid_code=f["grid_code"].astype("str")) for f in (found, wanted))
    found["how"] = found["how"].astype("str")
    pd.testing.assert_frame_equal(found, wanted)


@pytest.mark.parametrize("within_m", [None, 30.0])
def test_a_data_set_has_the_answers_of_assign_in_the_order_of_its_rows(
    engine, grids, tmp_path, within_m
):
    files = points_at(tmp_path / "in")
    told = []
    ways = assign_dataset(
        engine, files, XY, grids, tmp_path / "out", within_m,
        progress=lambda share, _: told.append(share), part_rows=250,
    )  # fmt: skip
    wanted = expected(files, grids, within_m)
    assert_same(whole(tmp_path / "out"), wanted)
    assert {how: ways[how] for how in HOW} == {
        how: int((wanted["how"] == how).sum()) for how in HOW
    }
    assert ways["unplaced"] == int(wanted["x"].isna().sum())
    assert told[-1] == 1.0
    assert len(told) == 7  # 4 + 1 + 2 parts
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]


def test_files_and_groups_without_rows_stay_files_without_rows(engine, grids, tmp_path):
    files = points_at(tmp_path / "in", rows=(0, 3, 0))
    ways = assign_dataset(engine, files, XY, grids, tmp_path / "out")
    assert sum(ways[how] for how in HOW) == 3
    assert_same(whole(tmp_path / "out"), expected(files, grids))
    names = pq.read_schema(tmp_path / "out" / "part-000000.parquet").names
    assert names == ["name", "x", "y", "grid_code", "how", "distance_m"]


def test_an_index_that_pandas_only_counts_becomes_a_column_that_goes_on(engine, grids, tmp_path):
    index = pd.RangeIndex(10, 30, 2, name="no")
    frame = pd.DataFrame({"x": np.arange(10.0), "y": 1.0}, index=index)
    frame.to_parquet(tmp_path / "p.parquet", row_group_size=3)
    assign_dataset(engine, [tmp_path / "p.parquet"], XY, grids, tmp_path / "out", part_rows=1)
    assert whole(tmp_path / "out")["no"].tolist() == list(range(10, 30, 2))


@pytest.fixture
def slow_parts(monkeypatch):
    """Parts so small that a run lasts."""
    return {"rows": (60_000,), "group": 500}


@pytest.mark.parametrize("victims", [1, 2])
def test_workers_that_are_killed_lose_nothing(engine, grids, tmp_path, slow_parts, victims):
    files = points_at(tmp_path / "in", **slow_parts)
    pids = list(engine.run(os.getpid).values())[:victims]
    killed = []

    def kill(share, said):
        if share > 0.2 and not killed:
            killed.extend(pids)
            for pid in pids:
                os.kill(pid, signal.SIGKILL)

    ways = assign_dataset(engine, files, XY, grids, tmp_path / "out", progress=kill, part_rows=500)
    assert len(killed) == victims
    assert sum(ways[how] for how in HOW) == 60_000
    assert_same(whole(tmp_path / "out"), expected(files, grids))
    engine.wait_for_workers(2, timeout=120)


def test_the_same_call_again_makes_only_what_is_missing(engine, grids, tmp_path):
    files = points_at(tmp_path / "in")
    call = (engine, files, XY, grids, tmp_path / "out")
    first = assign_dataset(*call, part_rows=250)
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("part-*")}
    assert assign_dataset(*call, part_rows=250) == first
    assert before == {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("part-*")}
    # As a run leaves it that was killed: beside its place, a part missing, one half-written.
    (tmp_path / "out").rename(tmp_path / "out.part")
    half = tmp_path / "out.part" / "part-000002.parquet"
    half.write_bytes(half.read_bytes()[:-100])
    (tmp_path / "out.part" / "part-000004.parquet").unlink()
    (tmp_path / "out.part" / ".part-000004.parquet.0").write_bytes(b"PAR1")
    assert assign_dataset(*call, part_rows=250) == first
    after = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").glob("part-*")}
    assert {n for n in before if before[n] != after[n]} == {half.name, "part-000004.parquet"}
    assert_same(whole(tmp_path / "out"), expected(files, grids))
    assert not list((tmp_path / "out").glob(".*"))


def test_other_grids_or_points_start_anew_and_replace_what_stands(engine, grids, tmp_path):
    files = points_at(tmp_path / "in")
    assign_dataset(engine, files, XY, grids, tmp_path / "out")
    fewer = grids.iloc[::2]
    assign_dataset(engine, files, XY, fewer, tmp_path / "out")
    assert_same(whole(tmp_path / "out"), expected(files, fewer))
    files = points_at(tmp_path / "in", seed=1)
    assign_dataset(engine, files, XY, fewer, tmp_path / "out")
    assert_same(whole(tmp_path / "out"), expected(files, fewer))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]


def test_a_folder_of_somebody_else_is_not_touched(engine, grids, tmp_path):
    files = points_at(tmp_path / "in")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("x")
    with pytest.raises(ConflictError, match="no data set that gridgeo wrote"):
        assign_dataset(engine, files, XY, grids, tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_files_that_do_not_fit_together_are_refused_by_name(engine, grids, tmp_path):
    files = points_at(tmp_path / "in")
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "in" / "other.parquet")
    (tmp_path / "in" / "text.parquet").write_text("x")
    for name, said in (("other", "other columns than points-0"), ("text", "cannot be read")):
        with pytest.raises(InputError, match=said):
            assign_dataset(
                engine, [*files, tmp_path / "in" / f"{name}.parquet"], XY, grids, tmp_path / "out"
            )
    assert not (tmp_path / "out").exists()


def test_points_that_change_while_they_are_read_give_no_output(engine, grids, tmp_path):
    files = points_at(tmp_path / "in")

    def change(share, said):
        if share == 1.0:
            os.utime(files[0])

    with pytest.raises(ConflictError, match="changed while they were read"):
        assign_dataset(engine, files, XY, grids, tmp_path / "out", progress=change)
    assert not (tmp_path / "out").exists()
    assign_dataset(engine, files, XY, grids, tmp_path / "out")
    assert_same(whole(tmp_path / "out"), expected(files, grids))
    assert json.loads((tmp_path / "out" / "_gridgeo.json").read_text())["digest"]
