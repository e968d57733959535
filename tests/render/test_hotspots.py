"""The map of hot and cold spots."""

import json
import re

import numpy as np
import pytest

from gridgeo.render.colours import NO_FIGURE
from gridgeo.render.hotspots import VIEWS, hotspots_map
from gridgeo.render.kinds import draw
from gridgeo.render.values import number, written
from gridgeo.words import WORDS, say
from tests.render.layers import all_layers, hotspots


@pytest.fixture(scope="module")
def pages():
    layer = hotspots()
    return {lang: hotspots_map(layer, lang) for lang in ("zh", "en")}


def legends(page):
    """Lines of each legend: text and count."""
    scales = re.findall(r'<div class="scale".*?</div>', page, flags=re.DOTALL)
    line = re.compile(r'<li><i[^>]*></i><span>([^<]*)</span>(?:<span class="count">(\d+)</span>)?')
    return [line.findall(scale) for scale in scales]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_view_has_a_legend_that_counts_every_grid_once(pages, lang):
    found = legends(pages[lang])
    assert len(found) == len(VIEWS) == 3
    shown = re.findall(r'class="scale" id="[^"]*"( hidden)?>', pages[lang])
    assert shown == ["", " hidden", " hidden"]
    for lines in found:
        assert sum(int(count) for _, count in lines) == len(hotspots().features)
        unknown = say("not_judgeable", lang)
        assert lines[-1] == (unknown[:1].upper() + unknown[1:], "1")


def test_the_first_view_bears_z_and_the_others_the_sign_of_each_class(pages):
    labels = [
        [text for *_, text in json.loads(said)]
        for said in re.findall(r"gridgeoLabels\((\[.*?\])\);", pages["en"])
    ]
    assert labels[0][:2] == ["−3.5", "−2.5"]
    assert len(labels[0]) == 11
    assert labels[1][:3] == ["↑", "=", "↓"]
    assert set(labels[2]) == {"△", "▽"}


def test_every_class_has_a_word_in_both_languages():
    for name in {one for classes in VIEWS.values() for one in classes}:
        assert name in WORDS
        assert all(WORDS[name])


def test_signs_and_colours_tell_the_classes_of_a_view_apart():
    for classes in VIEWS.values():
        looks = [look for name, look in classes.items()]
        assert len(set(looks)) == len(looks)
        assert NO_FIGURE not in {colour for colour, _ in looks}
    hot, cold = (
        {colour for name, (colour, _) in VIEWS["trend"].items() if name.endswith(end)}
        for end in ("-hot", "-cold")
    )
    red_less_blue = [int(c[1:3], 16) - int(c[5:7], 16) for c in (*hot, *cold)]
    # Orange and blue: also those tell them apart who confuse red and green.
    assert min(red_less_blue[: len(hot)]) > 0 > max(red_less_blue[len(hot) :])


def test_z_is_written_with_its_sign_and_one_place():
    layer = hotspots()
    assert written(layer, "z", "en")[0] == "−3.5"
    assert written(layer, "z", "zh")[-1] == "–"
    assert number(-0.04, layer.field("z")) == number(0.04, layer.field("z")) == "+0.0"
    assert written(layer, "spot", "zh")[:2] == ["热点", "冷点"]


def test_the_heat_says_that_its_bandwidth_never_changes():
    layers = all_layers()
    assert "spread over 300 m, always the same" in draw("incidents", layers, "en")
    assert "固定带宽 300 米" in draw("incidents", layers, "zh")


def test_a_map_on_which_nothing_can_be_judged_opens_too():
    layer = hotspots()
    layer.features["z"] = np.nan
    for name in VIEWS:
        layer.features[name] = "not_judgeable"
    counted = [dict(lines) for lines in legends(hotspots_map(layer, "en"))]
    assert counted[0] == {"Hot spot": "0", "Cold spot": "0", "Cannot be judged": "12"}
