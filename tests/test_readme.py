"""What the README says is true."""

import os
import re
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest
from typer.main import get_command

import gridgeo
from gridgeo.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block_under(heading):
    """The first indented block after a heading, as a script."""
    lines = README.split(f"## {heading}", 1)[1].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("    "))
    taken = []
    for line in lines[start:]:
        if not line.startswith("    "):
            break
        taken.append(line[4:])
    return "\n".join(taken)


def test_every_command_it_names_exists():
    named = set(re.findall(r"^    (?:\w+=\S+ )?gridgeo ([a-z-]+)", README, flags=re.MULTILINE))
    assert named <= set(get_command(app).commands)
    assert len(named) >= 8


def test_every_file_it_leads_to_exists():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_every_function_it_names_exists():
    named = set(re.findall(r"`gg\.(\w+)`", README))
    assert named <= set(gridgeo.__all__)
    assert len(named) >= 10


def test_a_question_about_borders_is_answered_by_files_as_it_says(tmp_path):
    (tmp_path / "data").symlink_to(ROOT / "data")
    script = block_under("From a question to borders in force")
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{bin_folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    # The comparison judges by the share of each village, as the proposal was asked to.
    before, after = re.findall(r"over_tolerance +│ (\d+) +│ (\d+) +│ [+-]", done.stdout)[-1]
    assert int(after) < int(before) / 10
    borders = gpd.read_file(tmp_path / "changes.gpkg")
    assert len(borders) > 0
    assert (tmp_path / "plan-3.gpkg").exists()


def test_who_is_left_out_is_found_from_the_files_of_the_town_as_it_says(tmp_path):
    (tmp_path / "data").symlink_to(ROOT / "data")
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block_under("Who is being left out")],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{bin_folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    written = re.findall(r"(?:-o|--proposals) (\S+)", block_under("Who is being left out"))
    assert len(written) == 10
    for name in written:
        assert (tmp_path / name).stat().st_size > 0, name


@pytest.mark.db
def test_providence_goes_from_blocks_to_maps_as_it_says(cluster, database, tmp_path):
    (tmp_path / "data").symlink_to(ROOT / "data")
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block_under("A real city: Providence")],
        cwd=tmp_path,
        env=os.environ
        | {
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "DATABASE_URL": cluster.url(database, "admin"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    written = tmp_path / "build" / "providence"
    grids = gpd.read_file(written / "plan.gpkg", layer="grids")
    assert len(grids) == 150
    assert done.stdout.count("forced: unit") == 2
    too_large = gpd.read_file(written / "blind-spots.geojson")
    assert too_large["kind"].tolist() == ["size", "size"]
    assert len(gpd.read_file(written / "load.geojson")) == 150
    assert (written / "load.html").stat().st_size > 100_000
