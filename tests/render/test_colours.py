import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridgeo.model.findings import KIND_WEIGHTS
from gridgeo.publish import Field
from gridgeo.render.assets import text
from gridgeo.render.blind_spots import KINDS
from gridgeo.render.colours import CIVIDIS, NO_FIGURE, Classes, even_classes, ramp, steep_classes
from gridgeo.render.values import number

figures = arrays(
    np.float64,
    st.integers(0, 40),
    elements=st.one_of(st.just(np.nan), st.integers(0, 10**6).map(float), st.floats(0.01, 1e6)),
)


@given(figures, st.sampled_from([even_classes, steep_classes]))
def test_a_scale_is_short_ascending_and_paints_every_figure(values, cut):
    classes = cut(values)
    assert 1 <= len(classes.colours) == len(classes.breaks) + 1 <= 8
    assert list(classes.breaks) == sorted(set(classes.breaks))
    painted = classes.paint(values)
    assert [colour == NO_FIGURE for colour in painted] == np.isnan(values).tolist()
    assert len(classes.labels(str)) == len(classes.colours)


@pytest.mark.parametrize(
    ("values", "breaks"),
    [
        ([100, 220, 370, 480, 700], [200, 300, 400, 500, 600]),
        ([0.1, 0.2], None),
        ([5, 5, 5], []),
        ([], []),
    ],
)
def test_breaks_are_round_numbers(values, breaks):
    found = list(even_classes(np.array(values, float)).breaks)
    assert breaks is None or found == breaks


def test_a_value_on_a_break_belongs_to_the_class_above():
    classes = Classes((0.0, 10.0), ("a", "b", "c"))
    assert classes.paint(np.array([-1, 0, 9.9, 10, np.nan])) == ["a", "b", "b", "c", NO_FIGURE]
    assert classes.labels(lambda b: f"{b:g}") == ["< 0", "0 – 10", "≥ 10"]


def test_a_ramp_begins_and_ends_with_its_anchors():
    assert ramp(CIVIDIS, 5)[0] == CIVIDIS[0]
    assert ramp(CIVIDIS, 5)[-1] == CIVIDIS[-1]
    assert len(set(ramp(CIVIDIS, 7))) == 7


@pytest.mark.parametrize(
    ("value", "field", "text"),
    [
        (0.123, Field("deviation_share", "float"), "+12.3%"),
        (0.0625, Field("area_km2", "float"), "0.06"),
        (-0.05, Field("deviation_share", "float"), "−5.0%"),
        (0.5, Field("reached_share", "float"), "50.0%"),
        (1234.0, Field("households", "int"), "1,234"),
        (117.66, Field("load_per_worker", "float"), "117.7"),
        (-3.0, Field("change", "int"), "−3"),
    ],
)
def test_figures_are_written_with_unit_sign_and_thousands(value, field, text):
    assert number(value, field) == text


def test_every_kind_of_the_register_has_a_look_of_its_own():
    assert set(KIND_WEIGHTS) == set(KINDS)
    assert len(set(KINDS.values())) == len(KINDS)


def luminance(colour):
    """Relative luminance by WCAG 2.2."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_few_incidents_look_like_the_page_and_more_are_always_darker():
    colours = steep_classes(np.array([1.0, 3, 8, 15, 30, 70, 150, 400])).colours
    light = [luminance(colour) for colour in colours]
    assert light == sorted(light, reverse=True)
    page = re.search(r"background: (#[0-9a-f]{6})", text("templates/page.css")).group(1)
    # Yellow is as light as the page, and shouts: each of red, green and blue is near.
    apart = [abs(int(colours[0][i : i + 2], 16) - int(page[i : i + 2], 16)) for i in (1, 3, 5)]
    assert max(apart) < 20
    assert (light[0] + 0.05) / (light[-1] + 0.05) > 7
