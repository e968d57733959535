"""The page of known answers tells what is there, and leaves no golden case out."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "known-answers.md").read_text(encoding="utf-8")


def test_every_golden_folder_stands_on_the_page_and_says_where_it_comes_from():
    folders = {path.name for path in (ROOT / "tests" / "golden").iterdir() if path.is_dir()}
    linked = set(re.findall(r"\]\(\.\./tests/golden/(\w+)/README\.md\)", PAGE))
    assert linked == folders
    for name in folders:
        words = (ROOT / "tests" / "golden" / name / "README.md").read_text(encoding="utf-8")
        assert re.search(r"\b(19|20)\d\d\b|https://|github\.com", words), name


def test_every_test_it_names_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
    assert len(named) >= 30
    for path, test in named:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert f"def {test}(" in text if test else "def test_" in text, f"{path}::{test}"


def test_pages_it_leads_to_exist():
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
