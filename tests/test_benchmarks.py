import json
import sys
import time
from contextlib import nullcontext
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from benchmarks import (
    assign,
    assign_damage,
    assign_files,
    assign_peers,
    assign_runs,
    balance,
    peers,
)
from benchmarks.__main__ import main, names, run
from benchmarks.alone import alone
from benchmarks.assign_tables import Line, ratio
from benchmarks.balance_cases import river_city
from benchmarks.balance_page import write
from benchmarks.balance_runs import judged, least_moved
from benchmarks.partitions import partition, people
from gridgeo.analysis.balance import UnitGraph
from gridgeo.analysis.locate import GridIndex


@pytest.fixture
def our_server(cluster, database, monkeypatch):
    """The tests' PostGIS in place of the private one of the benchmark."""
    url = cluster.url(database, "admin").replace("+psycopg", "")
    monkeypatch.setattr(assign_peers, "private_postgis", lambda: nullcontext(url))
    return url


def test_a_benchmark_is_kept_with_the_machine_and_the_versions_it_ran_on(tmp_path, our_server):
    asked = [500, 20, "--seeds=1", "--here", "--only=peers,throughput,large,exact,damage,memory"]
    said = run("assign", asked, tmp_path)
    assert "500 points, 20 grids" in said
    assert "Not measured: nothing." in said
    kept = json.loads((tmp_path / "assign.json").read_text(encoding="utf-8"))
    assert kept["arguments"] == asked
    assert kept["printed"] == said.splitlines()
    assert kept["machine"]["cpus"] >= 1
    assert {"python", "geos", "gridgeo", "numpy"} <= set(kept["versions"])
    page = (tmp_path / "assign.md").read_text(encoding="utf-8")
    assert said in page
    assert kept["machine"]["model"] in page


def test_helpers_are_no_benchmarks_and_an_unknown_name_is_answered_with_the_known():
    assert "assign" in names()
    assert "partitions" not in names()
    with pytest.raises(SystemExit, match=r"no benchmark 'asign'; there are .*assign"):
        main("asign")


def crossing():
    """Four squares around a corner, and points inside, on corner and sides, and outside."""
    squares = [(1, 1), (0, 1), (1, 0), (0, 0)]
    grids = np.array([shapely.box(x, y, x + 1, y + 1) for x, y in squares])
    x = np.array([1.5, 0.5, 1.0, 1.5, 0.5, 1.0, 9.0])
    y = np.array([1.5, 1.5, 1.0, 1.0, 0.5, 0.5, 9.0])
    return grids, x, y, [0, 1, 0, 0, 3, 2, -1]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", sorted(assign_peers.PEERS))
def test_a_peer_gives_the_first_grid_that_covers_each_point(name, threads, request):
    grids, x, y, expected = crossing()
    server = request.getfixturevalue("our_server") if name.startswith("PostGIS") else None
    ready, can = assign_peers.PEERS[name]
    with ready(grids, x, y, min(threads, max(can)), server) as peer:
        began = peer.seconds()
        assert assign_peers.first_of(peer.ask(), len(x)).tolist() == expected
        assert peer.seconds() >= began


def test_hard_points_are_on_beside_and_off_borders_and_geos_finds_them_as_shapely_does():
    grids = partition(12, 5, steps=20, holes=0.3)
    index = GridIndex(gpd.GeoSeries(grids))
    x, y = assign_runs.hard_points(index, grids, 4000, 1)
    points = shapely.points(x, y)
    covered = np.array([shapely.covers(grid, points) for grid in grids])
    expected = np.where(covered.any(axis=0), covered.argmax(axis=0), -1)
    np.testing.assert_array_equal(assign_runs.by_geos(grids, x, y), expected)
    on = shapely.intersects(shapely.union_all(shapely.boundary(grids)), points)
    assert on.sum() > 600
    assert (~on & (expected >= 0)).sum() > 500
    assert (expected < 0).sum() > 100


@pytest.mark.parametrize("way", sorted(assign_damage.WAYS))
def test_damage_changes_the_share_asked_for_and_leaves_the_others(way):
    clean = partition(200, 2, steps=20)
    grids = assign_damage.damaged(clean, way, 0.05, 3)
    same = shapely.equals_exact(grids[: len(clean)], clean)
    changed = len(grids) - same.sum()
    assert changed == round(0.05 * len(clean))
    others = assign_damage.damaged(clean, way, 0.05, 4)
    assert not all(map(shapely.equals_exact, others, grids))


def test_a_peer_that_is_missing_is_named_and_the_others_are_measured(capsys, monkeypatch):
    def missing(*_):
        raise ModuleNotFoundError("No module named 'nosuchpeer'")

    monkeypatch.setattr(assign, "PEERS", {"gone": (missing, (1,)), **one_peer()})
    monkeypatch.setattr(assign_runs, "PEERS", assign.PEERS)
    monkeypatch.setitem(assign.TARGETS, "gone", 2)
    monkeypatch.setattr(assign_peers, "private_postgis", failing_server)
    found = assign.main(300, 12, "--here", "--only=peers", "--seeds=1")
    said = capsys.readouterr().out
    assert "Not measured: gone / ours, 300 points, 12 grids" in said
    assert "nosuchpeer" in said
    assert "No private PostGIS: it does not start" in said
    assert found["peers"][f"{assign.SHAPELY}, 1"][0]["differs"] == 0


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_the_command_line_is_measured_on_files_it_can_read(kind, tmp_path):
    grids, points, out = (tmp_path / f"{name}.{kind}" for name in ("grids", "points", "out"))
    grids = grids.with_suffix(".parquet")
    assign_files.grids_in(grids, 20)
    assert assign_files.points_in(points, 300) * 1e6 == points.stat().st_size
    seconds, peak_mb = assign_files.run("assign", points, "--grids", grids, "-o", out)
    assert seconds > 0
    assert peak_mb > 50
    read = pd.read_parquet if kind == "parquet" else pd.read_csv
    answer = read(out)
    assert answer["point_id"].tolist() == list(range(300))
    assert answer["how"].eq("inside").mean() > 0.8
    with pytest.raises(RuntimeError, match="nosuch"):
        assign_files.run("assign", tmp_path / "nosuch.csv", "--grids", grids, "-o", out)


def one_peer():
    return {assign.SHAPELY: assign_peers.PEERS[assign.SHAPELY]}


def failing_server():
    raise RuntimeError("it does not start")


def test_lines_of_other_benchmarks_are_taken_and_the_missing_named(monkeypatch):
    there = SimpleNamespace(lines=lambda points, _: [Line(f"{points}", (2.0,))])
    monkeypatch.setitem(sys.modules, "benchmarks.there", there)
    monkeypatch.setattr(
        assign, "OTHERS", {"what": ("there", "lines"), "nobody": ("nosuch", "lines")}
    )
    taken, missing = assign.others(7, 3)
    assert taken.what == "7"
    assert missing.what == "nobody"
    assert missing.cells("day")[3] == "not measured"
    assert "benchmarks.nosuch" in missing.cells("day")[1]


@pytest.mark.parametrize(
    ("line", "met", "said"),
    [
        (Line("", (29.0, 31.0, 33.0), 30), True, "31 (29–33) ×"),
        (Line("", (29.0, 29.5, 33.0), 30), False, "29.5 (29–33) ×"),
        (Line("", (599.0, 601.0), 600, "MB", most=True), True, "600 (599–601) MB"),
        (Line("", (0.0, 0.0, 1.0), 0, "", most=True, exact=True), False, "0 (0–1)"),
        (Line("", (0.9, 0.7, 1.0), 0.8, exact=True), False, "0.9 (0.7–1) ×"),
        (Line("", (1234.5,), None, "s"), None, "1,234 s"),
        (Line("", (), 30, note="gone"), None, "gone"),
    ],
)
def test_a_target_is_kept_by_the_median_or_by_all(line, met, said):
    assert line.met() is met
    assert line.cells("day")[1] == said


def test_a_ratio_is_theirs_by_ours_of_the_same_round():
    run = {"seconds": [6.0, 4.0, 10.0], "ours_s": [1.0, 2.0, 2.0], "build_s": 2.0}
    assert ratio(run) == 5.0
    assert ratio(run, building=True) == 2.0


def test_the_page_of_assign_has_a_place_for_every_table():
    text = assign.PAGE.read_text(encoding="utf-8")
    for name in assign.HEADS:
        assert f"<!-- {name} -->" in text
        assert f"<!-- /{name} -->" in text


@pytest.mark.parametrize("clustered", [0.0, 0.8])
def test_partitions_are_valid_share_borders_to_the_bit_and_are_as_fine_as_said(clustered):
    grids = partition(1500, 7, clustered=clustered)
    assert shapely.is_valid(grids).all()
    assert shapely.coverage_is_valid(grids)
    assert 64 <= shapely.get_num_coordinates(grids).mean() <= 75
    kinds = shapely.get_type_id(grids)
    assert (kinds == shapely.GeometryType.MULTIPOLYGON).sum() > 40  # with an exclave
    holes = shapely.get_num_interior_rings(grids[kinds == shapely.GeometryType.POLYGON]).sum()
    enclaves = len(grids) - 1500
    assert enclaves == 45
    assert holes > enclaves + 40  # lakes, that no grid fills
    smallest, largest = np.percentile(shapely.area(grids), [5, 95])
    assert (largest > 200 * smallest) == (clustered > 0)


@pytest.mark.parametrize("n", [1, 2, 3, 11])
def test_partitions_may_be_small(n):
    grids = partition(n, 1, holes=0.4)
    assert len(grids) >= n
    assert shapely.is_valid(grids).all()


def test_people_are_where_grids_are():
    grids = partition(200, 3, clustered=0.8)
    x, y = people(grids, 50_000, 1)
    near = shapely.intersects_xy(shapely.box(*shapely.bounds(grids[0])), x, y).sum()
    assert near > 50_000 / len(grids)
    assert ((x > -300) & (x < 1300) & (y > -300) & (y < 1300)).all()


def told_then_stuck(tell, first):
    tell(first)
    tell(first + 1)
    while True:
        pass


def told_then_asleep(tell, first):
    tell(first)
    time.sleep(60)


def hungry(_tell, megabytes):
    return int(np.ones(megabytes << 17).sum())


def failing(_tell):
    raise ValueError("no such plan")


@pytest.mark.parametrize(("name", "best"), [("told_then_stuck", 5), ("told_then_asleep", 4)])
def test_a_process_that_is_ended_has_said_its_best(name, best):
    began = time.monotonic()
    outcome = alone(__name__, name, 4, limit_s=1)
    assert outcome.answer == best
    assert outcome.ended
    assert time.monotonic() - began < 50


def test_a_process_that_fails_says_why():
    outcome = alone(__name__, "failing")
    assert outcome.answer is None
    assert outcome.error == "ValueError: no such plan"
    assert not outcome.ended


def test_peak_memory_is_that_of_the_process_alone():
    mine = np.ones(300 << 17)  # 300 MB here must not count there
    lean, fat = (alone(__name__, "hungry", megabytes).peak_mb for megabytes in (1, 400))
    assert mine.all()
    assert 390 < fat - lean < 450


def joined(pairs, n):
    matrix = coo_matrix((np.ones(len(pairs)), np.transpose(pairs)), shape=(n, n))
    return connected_components(matrix, directed=False)[1]


def test_the_river_parts_its_city_and_every_region_is_one_piece():
    units = river_city(2000, 9, roads=8)
    pairs, region = UnitGraph(units).pairs, units["region"].to_numpy()
    banks = joined(pairs, len(units))
    assert banks.max() == 1
    within = joined(pairs[region[pairs[:, 0]] == region[pairs[:, 1]]], len(units))
    assert within.max() + 1 == units["region"].nunique() >= 10
    assert units["region"].min() == 0
    assert units.geometry.is_valid.all()
    assert set(units.geometry.geom_type) == {"Polygon"}


def board(width, height):
    """Neighbours of a board of squares, and their middles."""
    at = np.arange(width * height).reshape(width, height)
    pairs = [(at[:-1], at[1:]), (at[:, :-1], at[:, 1:])]
    pairs = np.vstack([np.column_stack([a.ravel(), b.ravel()]) for a, b in pairs])
    places = np.column_stack(np.divmod(at.ravel(), height)) + 0.5
    return SimpleNamespace(pairs=pairs), places


def test_metis_has_contiguous_parts_on_both_banks():
    graph, _ = board(8, 12)
    x, y = graph.pairs.T % 12
    graph.pairs = graph.pairs[(x < 4) == (y < 4)]
    labels = peers.by_metis(graph, np.ones(96), 9, 0.05, 1)
    off, broken, _ = judged(graph, np.ones(96), labels, np.full(9, 96 / 9), 0.05)
    assert broken == 0
    assert off < 0.5
    assert len(np.unique(labels[np.arange(96) % 12 < 4])) == 3


@pytest.mark.parametrize("name", ["GerryChain seed plan", "GerryChain ReCom", "GerryChain flips"])
@pytest.mark.filterwarnings("ignore")
def test_gerrychain_finds_plans_where_there_are_many(name, monkeypatch):
    graph, _ = board(6, 8)
    uneven = np.repeat([0, 0, 1, 2, 2, 3], 8)
    monkeypatch.setattr(peers, "by_metis", lambda *_: uneven)
    told = []
    solve = peers.SEARCHES[name]
    solve(told.append, graph, np.ones(48), 4, 0.1, 1)
    off, broken, _ = judged(graph, np.ones(48), told[-1], np.full(4, 12.0), 0.1)
    assert off <= 0.1
    assert broken == 0


@pytest.mark.parametrize("name", sorted(peers.PLACED))
@pytest.mark.filterwarnings("ignore")
def test_spopt_draws_contiguous_regions(name):
    graph, places = board(6, 6)
    labels = peers.PLACED[name](graph, places * 100, 4, 1)
    assert sorted(set(labels)) == [0, 1, 2, 3]
    _, broken, _ = judged(graph, np.ones(36), labels, np.full(4, 9.0), 0.05)
    assert broken == 0


def test_a_plan_is_judged_as_counted_by_hand():
    graph, _ = board(2, 3)  # 0 1 2 over 3 4 5
    load = np.array([1.0, 1, 1, 1, 1, 7])
    off, broken, cut = judged(graph, load, np.array([0, 0, 1, 0, 2, 1]), np.full(3, 4.0), 0.05)
    assert off == pytest.approx(0.75)  # 3, 8 and 1 of 4; the 7 excuses the grid of 8
    assert (broken, cut) == (0, 4)
    assert judged(graph, load, np.array([0, 1, 0, 0, 2, 1]), np.full(3, 4.0), 0.05)[1] == 2


def test_the_least_flow_is_what_a_row_of_grids_needs():
    row = SimpleNamespace(pairs=np.array([[0, 1], [1, 2]]))
    # The last has 6 above its band and the first 6 below: all of it passes the middle.
    moved = least_moved(row, np.array([4.0, 10.0, 16.0]), np.arange(3), np.full(3, 10.0), 0.0)
    assert moved == pytest.approx(12 / 30)


def test_a_case_is_measured_in_processes_of_its_own():
    result = balance.measured("growth2500", most_seeds=1)
    assert set(result["runs"]) == {"METIS contig", "balance"}
    (ours,) = result["runs"]["balance"]
    assert ours["broken"] == 0
    assert 0 < ours["base_mb"] <= ours["peak_mb"] < 2000
    (line,) = [line for line in balance.rows(result, "day") if line[1] == "balance"]
    assert line[0] == "2,500 cells, k=125"
    assert line[2] == f"{100 * ours['off']:.2f}"


def test_how_cost_grows_is_a_slope_of_logarithms():
    units = np.array([100.0, 200, 400])
    assert balance.exponents(np.column_stack([units, units**2, 7 * units**0.5])) == pytest.approx(
        [2, 0.5]
    )


def test_the_page_takes_measured_rows_and_keeps_the_others(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- cases -->\n<!-- /cases -->\nafter\n", encoding="utf-8")
    write(page, "cases", ("a", "b"), [("one", "1"), ("two", "2"), ("two", "3")])
    write(page, "cases", ("a", "b"), [("three", ""), ("one", "9")])
    text = page.read_text(encoding="utf-8")
    assert text.startswith(
        "before\n<!-- cases -->\n| a | b |\n| --- | --- |\n| one | 9 |\n| two | 2"
    )
    assert text.endswith("| two | 3 |\n| three |  |\n<!-- /cases -->\nafter\n")
    with pytest.raises(ValueError, match="no markers"):
        write(page, "growth", ("a",), [("one",)])
