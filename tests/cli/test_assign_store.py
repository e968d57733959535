"""``gridgeo assign`` on the store."""

import pandas as pd
import pytest

from tests.cli.test_plan_states import V, on_city, on_store, plan_of

pytestmark = pytest.mark.db

__all__ = ["on_city", "on_store"]  # fixtures


@pytest.fixture
def lively(on_city, tmp_path):
    """Six incidents in each unit of the first grid, and two in none."""
    lon = [120.005, 120.015, 120.025] * 6 + [121.0, 121.0]
    incidents(tmp_path / "incidents.csv", lon, "2026-05-01T08:00:00Z")
    done = on_city("import", "incidents", tmp_path / "incidents.csv", "--crs", "4490")
    assert "20 new" in done.stdout, done.stderr
    return on_city


def incidents(path, lon, when, first=0):
    rows = {
        "incident_id": [f"i{n}" for n in range(first, first + len(lon))],
        "class_code": "0101",
        "reported_at": when,
        "lon": lon,
        "lat": 32.005,
    }
    pd.DataFrame(rows).to_csv(path, index=False)


def test_incidents_get_their_grid_and_the_next_import_is_all_that_is_answered_again(
    lively, tmp_path
):
    assert "0 incidents have their grid, 20 wait" in lively("status").stdout
    assert "gridgeo assign" in lively("status").stderr
    done = lively("assign")
    assert done.returncode == 0, done.stderr
    assert "20 incidents have the grid that was in force" in done.stdout
    assert "20 are new" in done.stdout
    assert "20 incidents have their grid, 0 wait" in lively("status").stdout
    incidents(tmp_path / "more.csv", [120.015, 120.035], "2026-05-02T08:00:00Z", first=19)
    lively("import", "incidents", tmp_path / "more.csv", "--crs", "4490")
    done = lively("assign")
    assert "21 incidents have the grid" in done.stdout
    assert "  1 are new" in done.stdout
    assert "  1 were answered again: their place or day is another" in done.stdout
    assert "  1 of these have another grid now" in done.stdout


def test_nearest_asked_for_with_another_distance_answers_all_anew(lively):
    lively("assign")
    done = lively("assign", "--nearest-within", "100000")
    assert done.returncode == 0, done.stderr
    assert "20 were answered again: nearest is asked for otherwise" in done.stdout
    assert "2 of these have another grid now" in done.stdout
    refused = lively("assign", "--nearest-within", "-1")
    assert refused.returncode == 1
    assert "nearest_within_m is -1" in refused.stderr


def test_a_plan_is_foretold_and_changes_nothing(lively, tmp_path):
    lively("plan", "save", plan_of(tmp_path / "p.csv", u2=f"{V}02"), "--by", "王芳")
    done = lively("assign", "--plan", "1")
    assert done.returncode == 0, done.stderr
    assert "≈ 5 incidents from 2025-05-02 to 2026-05-01 would have another grid" in done.stdout
    assert f"{V}01" in done.stdout
    assert "gridgeo plan show 1" in done.stderr
    assert "20 wait" in lively("status").stdout
    assert "0 incidents from" in lively("assign", "--plan", "1", "--until", "2026-05-01").stdout
    assert lively("assign", "--plan", "9").returncode == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--since", "2026-01-01"], "Say --plan N"),
        (["points.csv"], "Name all three"),
        (["--grids", "g.geojson"], "Name all three"),
        (["p.csv", "--grids", "g.csv", "-o", "o.csv", "--plan", "1"], "Name no file"),
        (["--plan", "1", "--since", "soon"], "is no day"),
    ],
)
def test_what_does_not_go_together_is_said_with_the_way_out(on_store, asked, said):
    done = on_store("assign", *asked)
    assert done.returncode == 1
    assert said in done.stderr
