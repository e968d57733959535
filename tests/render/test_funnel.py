"""The page of funnels."""

import html
import re

import pytest

from gridgeo.publish import reopen
from gridgeo.render.assessment import GRADES
from gridgeo.render.funnel import funnel_page
from tests.render.layers import assessment


@pytest.fixture(scope="module")
def layer():
    return assessment(city=True)


def dots(page):
    """Place, colour and text of every dot, by plot."""
    one = re.compile(
        r'<circle cx="([\d.]+)" cy="([\d.]+)" r="4.5" fill="(#\w+)".*?<title>(.*?)</title>'
    )
    return [one.findall(figure) for figure in re.findall(r"<figure>.*?</figure>", page, re.S)]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_unit_of_the_level_has_a_dot_in_the_colour_of_its_grade(layer, lang):
    plots = dots(funnel_page(layer, lang))
    assert [len(plot) for plot in plots] == [12, 12, 12]
    rows = layer.features[layer.features["level"] == "grid"]
    on_time = rows[rows["metric"] == "on-time"].sort_values("denominator")
    for (_, _, colour, text), row in zip(plots[0], on_time.itertuples(), strict=True):
        assert colour == GRADES.get(row.grade, "#d5dae0")
        assert html.unescape(text).startswith(f"{row.name}: {row.share:.1%} ({row.denominator})")


def test_more_lies_further_right_and_better_further_up(layer):
    plot = dots(funnel_page(layer, "en"))[0]
    x, y = ([float(dot[axis]) for dot in plot] for axis in (0, 1))
    assert x == sorted(x)  # the shares of the made-up town rise with the denominator
    assert y == sorted(y, reverse=True)


def test_what_is_withheld_has_no_dot(layer):
    features = layer.features.copy()
    away = features.index[features["metric"] == "visited"][:3]
    features.loc[away, ["numerator", "denominator", "share"]] = None
    assert [len(p) for p in dots(funnel_page(reopen(features, layer.meta()), "en"))] == [12, 9, 12]


def test_of_few_units_no_funnel_is_drawn(layer):
    assert dots(funnel_page(layer, "en", "city")) == []
    few = layer.features[layer.features["metric"].eq("on-time")].iloc[:4]
    assert dots(funnel_page(reopen(few, layer.meta()), "en")) == []


def test_names_from_data_are_text_and_the_page_loads_nothing(layer):
    page = funnel_page(layer, "zh")
    assert "default-src 'none'" in page
    assert not re.search(
        r"<script|<img|\bsrc=|url\(|https?://|onerror=[^&]*>", page.split("<body>")[0]
    )
    body = re.sub(r"<title>.*?</title>", "", page.split("<body>")[1])
    assert "<script" not in body
    assert "<img" not in body
    titles = re.findall(r"<title>(.*?)</title>", page.split("<body>")[1])
    assert not any(set("<>") & set(title) for title in titles)


def test_units_that_are_all_alike_are_no_trouble(layer):
    features = layer.features.copy()
    features[["share", "limit_low", "limit_high", "peers_share"]] = 1.0
    assert len(dots(funnel_page(reopen(features, layer.meta()), "en"))) == 3
