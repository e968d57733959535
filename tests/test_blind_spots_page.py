"""The page about blind spots names every kind as the code has it."""

import re
from pathlib import Path

import gridgeo
from gridgeo.model.findings import KIND_WEIGHTS
from gridgeo.services.standards import Standards
from gridgeo.words import say

PAGE = (Path(__file__).parent.parent / "docs" / "blind-spots.md").read_text(encoding="utf-8")
LINES = [line for line in PAGE.splitlines() if line.startswith("| `")]
ROWS = {cells[0]: cells[1:] for cells in (re.split(r" *\| *", line.strip("| ")) for line in LINES)}


def test_every_kind_has_its_row_its_word_and_its_weight():
    told = {kind.strip("`"): (cells[0], float(cells[-1])) for kind, cells in ROWS.items()}
    assert told == {kind: (say(kind, "zh"), weight) for kind, weight in KIND_WEIGHTS.items()}


def test_the_standards_are_those_in_force():
    standards = Standards()
    standard = {kind.strip("`"): cells[2] for kind, cells in ROWS.items()}
    assert standard["reach"].startswith(f"{standards.reach_within_m:,.0f} m ")
    assert standard["visit-overdue"].startswith(f"{standards.visit_within_days} days")
    assert standard["patrol"].startswith(
        f"{standards.patrols_per_day} a day over {standards.patrol_within_days} days"
    )
    assert f"{standards.patrol_fixes} fixes" in standard["patrol"]
    assert f"{standards.patrol_apart_h:g} h apart" in standard["patrol"]
    assert f"{standards.patrol_radius_m:.0f} m" in standard["patrol-share"]
    assert standard["response"].startswith(f"{standards.on_time_share:.0%}".replace("%", " %"))
    assert standard["records"] == f"{standards.least_record_quality:g}"
    for low, high in (standards.bands.urban, standards.bands.rural):
        assert f"{low}–{high}" in standard["size"]


def test_every_function_it_names_exists():
    assert set(re.findall(r"`gg\.(\w+)`", PAGE)) <= set(gridgeo.__all__)
