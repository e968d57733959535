"""The repository speaks of the project alone."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.fail(f"git ls-files failed: {listed.stderr}")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def text_files():
    for path in tracked():
        if "vendor" in path.parts or not path.is_file():
            continue
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_no_path_of_a_machine_and_no_registry_address_stands_in_the_tree():
    pattern = re.compile(
        r"index-url|\"resolved\": *\"http|(?:^|[\s\"'=:(])/(?:root|home|work)/[A-Za-z0-9._-]+/"
    )
    here = Path(__file__).resolve()
    found = [
        f"{path.relative_to(ROOT)}: {match.group(0).strip()}"
        for path, text in text_files()
        if path.resolve() != here
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_no_source_file_passes_400_lines_without_a_reason_at_its_top():
    long = {}
    for path in tracked("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > 400 and "Long because" not in "\n".join(lines[:30]):
            long[str(path.relative_to(ROOT))] = len(lines)
    assert long == {}


def test_every_constraint_is_a_plain_version():
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+]+", line), line
