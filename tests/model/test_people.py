import numpy as np
import pandas as pd
import pytest
from shapely import Point

from gridgeo.model.frames import SIZE_BANDS
from gridgeo.model.people import PERSONS_PER_HOUSEHOLD, lived_in, persons_of


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (pd.DataFrame({"lived_in": [True, False, None]}), [True, False, True]),
        (
            pd.DataFrame({"lived_in": pd.array([True, False, pd.NA], "boolean")}),
            [True, False, True],
        ),
        (pd.DataFrame({"lived_in": [False, False]}), [False, False]),
        (pd.DataFrame(index=range(2)), [True, True]),
        (pd.Series([Point(0, 0)]), [True]),
    ],
)
def test_a_dwelling_is_lived_in_unless_the_record_says_no(record, expected):
    assert lived_in(record).tolist() == expected


def test_persons_are_the_middle_of_their_band_and_nobody_where_nobody_lives():
    homes = pd.DataFrame({"size_band": [*SIZE_BANDS, None, "2"], "lived_in": [True] * 5 + [False]})
    assert persons_of(homes).tolist() == [1.0, 2.0, 3.5, 5.5, PERSONS_PER_HOUSEHOLD, 0.0]


@pytest.mark.parametrize("homes", [pd.Series([Point(0, 0)]), pd.DataFrame(index=range(1))])
def test_a_household_without_a_band_counts_as_the_mean_one(homes):
    assert persons_of(homes).tolist() == [PERSONS_PER_HOUSEHOLD]


def test_no_household_is_nobody():
    assert persons_of(pd.DataFrame({"size_band": []})).dtype == np.float64
