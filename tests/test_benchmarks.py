import json

import pytest

from benchmarks.__main__ import main, names, run


def test_a_benchmark_is_kept_with_the_machine_and_the_versions_it_ran_on(tmp_path):
    said = run("assign", [500, 20], tmp_path)
    assert "500 points, 20 grids" in said
    kept = json.loads((tmp_path / "assign.json").read_text(encoding="utf-8"))
    assert kept["arguments"] == [500, 20]
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
