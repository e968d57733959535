import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from benchmarks import coverage, coverage_runs
from benchmarks.__main__ import run
from benchmarks.coverage_rows import HEADS, Row
from benchmarks.coverage_spots import judged_silent

# Whose first call takes a minute of compiling is asked in the full form only.
QUICK = [name for name in coverage_runs.CASES if name not in coverage.SLOW]
EQUAL = {"2sfca": 1e-9, "e2sfca": 1e-9, "3sfca": 1e-9, "spots": 1e-9, "moran": 1e-9}


def test_the_quick_form_measures_every_part_and_keeps_what_it_said(tmp_path):
    asked = ["--quick", "--here", "--seeds=1"]
    said = run("coverage", asked, tmp_path)
    assert "Not measured: nothing." in said
    kept = json.loads((tmp_path / "coverage.json").read_text(encoding="utf-8"))
    rows = kept["result"]["rows"]
    assert {len(row) for row in rows} == {len(HEADS)}
    whats = {row[0] for row in rows}
    assert {
        "2SFCA",
        "nearest station along streets",
        "patrolled share of streets",
        "silent grids, silent_grids: recall",
        "gaps and overlaps with areas",
    } <= whats
    assert all(row[2] for row in rows)


@pytest.mark.parametrize("name", QUICK)
def test_ours_and_the_peer_answer_the_same_instance(name):
    told = coverage_runs.raced(None, name, 1, coverage.QUICK_SHARE)
    assert told["peer_error"] == ""
    assert len(told["ours_s"]) == 1
    assert len(told["theirs_s"]) == (coverage_runs.CASES[name].theirs is not None)
    if name in EQUAL:
        assert float(told["difference"].split()[0]) <= EQUAL[name]
    if name == "mclp-small":
        assert "+0.000 %" in told["difference"]
    if name == "streets":
        assert float(told["difference"].split()[0]) <= 0.02  # pandana counts in centimetres
        assert "0.0 % of the distances wrong" not in told["difference"]


def test_a_peer_that_is_missing_is_named_and_ours_is_measured(monkeypatch):
    def missing(_):
        raise ModuleNotFoundError("No module named 'nosuchpeer'")

    monkeypatch.setitem(
        coverage_runs.CASES, "2sfca", replace(coverage_runs.CASES["2sfca"], theirs=missing)
    )
    (row,) = coverage.Bench(1, quick=True, here=True).case("2sfca")
    assert row.peer == "access: not installed: No module named 'nosuchpeer'"
    assert row.ours
    assert row.theirs == ()
    assert row.cells("day")[5] == ""


def test_rows_of_other_modules_are_taken_and_the_missing_named(monkeypatch):
    there = SimpleNamespace(rows=lambda quick: [Row("what", str(quick), (2.0,))])
    monkeypatch.setitem(sys.modules, "benchmarks.there", there)
    monkeypatch.setattr(coverage, "OTHERS", {"patrol": "there", "territory": "nosuch"})
    (taken,), (missing,) = coverage.others("patrol", True), coverage.others("territory", True)
    assert taken.on == "True"
    assert "benchmarks.nosuch" in missing.peer
    assert missing.cells("day")[7] == "not measured"


@pytest.mark.parametrize(
    ("row", "met", "ratio", "target"),
    [
        (Row("", "", (0.4, 0.6, 2.0), theirs=(4.0, 3.0), target=1), "yes", "7.5 ×", "≤ 1 s"),
        (Row("", "", (1.4, 1.6, 0.9), target=1), "short", "", "≤ 1 s"),
        (
            Row("", "", (0.55, 0.61), "", theirs=(0.1,), target=0.6, most=False),
            "short",
            "",
            "≥ 0.6",
        ),
        (Row("", "", (0.6,), ""), "", "", ""),
    ],
)
def test_a_row_says_whether_its_median_keeps_the_target(row, met, ratio, target):
    cells = dict(zip(HEADS, row.cells("day"), strict=True))
    assert (cells["met"], cells["peer / ours"], cells["target"]) == (met, ratio, target)


def test_a_case_that_fails_is_named_and_the_rest_goes_on(monkeypatch):
    bench = coverage.Bench(1, quick=True, here=True)
    monkeypatch.setattr(bench, "measured", lambda _: {"error": "out of memory"})
    (row,) = bench.case("scan")
    assert row.peer == "not measured: out of memory"


def test_precision_and_recall_are_shares_of_those_called_and_of_those_silent():
    told = judged_silent(3, 6.0)
    assert told["ours, recall"] * 40 == pytest.approx(
        told["ours, precision"] * told["ours, called"]
    )
    assert told["theirs, precision"] < 0.1 < told["ours, precision"]
    assert told["not judgeable"] == 0
    assert judged_silent(3, 6.0, days=7.0)["not judgeable"] > 1000


def test_the_page_has_a_place_for_the_table_and_the_peers():
    text = coverage.PAGE.read_text(encoding="utf-8")
    for name in ("table", "peers"):
        assert f"<!-- {name} -->" in text
        assert f"<!-- /{name} -->" in text


def test_an_unknown_part_is_refused():
    with pytest.raises(SystemExit, match="no part or wish 'heats'; parts are access"):
        coverage.main("--only=heats")
