import numpy as np

from gridgeo.analysis.balance.extremes import raise_to


def test_a_place_named_several_times_keeps_the_greatest():
    values = np.array([1.0, 5.0, 0.0, 2.0])
    raise_to(values, np.array([0, 1, 0, 2, 0]), np.array([3.0, 4.0, np.inf, -1.0, 7.0]))
    assert values.tolist() == [np.inf, 5.0, 0.0, 2.0]


def test_nothing_to_raise_changes_nothing():
    values = np.array([1.0, np.inf])
    raise_to(values, np.empty(0, int), np.empty(0))
    assert values.tolist() == [1.0, np.inf]
