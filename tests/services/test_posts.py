"""What each grid lacks, worked out by hand."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from gridgeo.errors import ParameterError
from gridgeo.services.layers import staffing_layer
from gridgeo.services.posts import posts_layer
from tests.services.test_coverage_layers import ABOUT, Town

GRIDS = gpd.GeoDataFrame(
    {"name": list("abcde"), "village_code": ["v"] * 5},
    geometry=[box(500_000 + 1000 * n, 0, 501_000 + 1000 * n, 1000) for n in range(5)],
    index=pd.Index(["1", "2", "3", "4", "5"], name="grid_code", dtype="str"),
    crs=4549,
)
# full-time: w1, w3; the others part-time.
WORKERS = pd.DataFrame(
    {"employment": ["full-time", "part-time", "full-time", "part-time"]},
    index=pd.Index(["w1", "w2", "w3", "w4"], name="worker_id"),
)


def posts(*rows):
    """Appointments (grid, worker, role), all filed and in force."""
    frame = pd.DataFrame(rows, columns=["grid_code", "worker_id", "role"])
    return frame.assign(state="filed", valid_from=pd.Timestamp("2026-01-01"), valid_to=pd.NaT)


def test_each_need_is_told_with_the_fewest_people_to_hire():
    rows = [
        # 1: complete. 2: no leader. 3: one worker, full-time. 4: two, none full-time. 5: nobody.
        ("1", "w4", "leader"), ("1", "w1", "worker"), ("1", "w2", "worker"),
        ("2", "w1", "worker"), ("2", "w2", "worker"),
        ("3", "w4", "leader"), ("3", "w3", "worker"),
        ("4", "w1", "leader"), ("4", "w2", "worker"), ("4", "w4", "worker"),
    ]  # fmt: skip
    source = Town(grids=GRIDS, workers=WORKERS, appointments=posts(*rows))
    layer = posts_layer(source, ABOUT)
    assert layer.features["needs"].tolist() == [
        "complete", "needs-leader", "needs-workers", "needs-full-time", "needs-several",
    ]  # fmt: skip
    assert layer.features["hires"].tolist() == [0, 1, 1, 1, 3]
    assert layer.features["full_time"].tolist() == [1, 1, 1, 0, 0]
    assert layer.disclosure == "internal"
    assert (layer.features["withheld"] == "").all()


def test_without_appointments_nothing_is_judged():
    with pytest.raises(ParameterError, match="no appointments"):
        posts_layer(Town(grids=GRIDS, workers=WORKERS), ABOUT)


def test_workers_as_placed_are_not_called_like_the_posts_as_they_are():
    source = Town(grids=GRIDS.assign(load=[100, 200, 300, 400, 500]), workers=WORKERS)
    source.frames["appointments"] = posts(("1", "w1", "worker"))
    placed, is_so = staffing_layer(source, ABOUT, 15, "load"), posts_layer(source, ABOUT)
    assert (placed.id, is_so.id) == ("placement", "staffing")
    assert placed.features["workers"].sum() == 15
    assert placed.title("en") == "Placement of workers"
    assert {placed.zh, placed.en}.isdisjoint({is_so.zh, is_so.en, "网格员配置"})
