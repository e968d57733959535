"""The map of the sample city's worst town, from the whole city."""

import os

import pytest

from benchmarks import pictures
from benchmarks.balance_page import between
from gridgeo.sample import city

pytestmark = pytest.mark.trial


@pytest.mark.skipif(not os.environ.get("GRIDGEO_TRIAL"), reason="makes the whole city")
def test_the_caption_of_the_worst_town_is_what_its_function_says():
    name, town = pictures.worst_town(city(1.0, 0))
    assert pictures.town_caption(name, town.figures) in between(pictures.ROOT / "README.md", "town")
