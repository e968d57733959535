"""The map of grades."""

import re

import pytest

from gridgeo.render.assessment import GRADES, assessment_map
from gridgeo.render.colours import NO_FIGURE
from gridgeo.render.kinds import draw
from gridgeo.render.offline import require_self_contained
from gridgeo.services.assessment import METRICS
from gridgeo.words import WORDS, say
from tests.render.layers import all_layers, assessment


@pytest.fixture(scope="module")
def pages():
    layer = assessment()
    return {lang: assessment_map(layer, lang) for lang in ("zh", "en")}


def legends(page):
    """Lines of each legend: text and count."""
    scales = re.findall(r'<div class="scale".*?</div>', page, flags=re.DOTALL)
    line = re.compile(r'<li><i[^>]*></i><span>([^<]*)</span>(?:<span class="count">(\d+)</span>)?')
    return [line.findall(scale) for scale in scales]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_graded_figure_is_a_view_whose_legend_counts_every_grid_once(pages, lang):
    found = legends(pages[lang])
    assert len(found) == 2  # closing rates are not graded
    for lines in found:
        assert sum(int(count) for _, count in lines) == 12
        assert [text for text, _ in lines[:5]] == [
            say(grade, lang)[:1].upper() + say(grade, lang)[1:] for grade in GRADES
        ]


def test_what_is_no_grid_is_not_drawn(pages):
    assert assessment_map(assessment(city=True), "en") == pages["en"]


def test_every_grade_and_figure_has_a_word_in_both_languages():
    for name in (*GRADES, *METRICS):
        assert all(WORDS[name])
    assert len({*GRADES.values(), NO_FIGURE}) == len(GRADES) + 1


def test_a_chinese_page_says_nothing_of_it_in_english(pages):
    assert say("not enough evidence", "zh") in pages["zh"]
    assert "not enough evidence" not in re.sub(r"<script.*?</script>", "", pages["zh"], flags=re.S)


def test_the_page_stands_alone(pages):
    for page in pages.values():
        require_self_contained(page)
    assert draw("assessment", all_layers(), "en") == pages["en"]
