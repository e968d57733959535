import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.publish.suppress import Level, withheld

K = 10
UNKNOWN = np.nan


@st.composite
def towns(draw):
    """A tree of counts: for each grid its town, its village, its count."""
    shape = draw(
        st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4), min_size=1, max_size=3)
    )
    rows = [
        (f"t{t}", f"t{t}v{v}")
        for t, villages in enumerate(shape)
        for v, grids in enumerate(villages)
        for _ in range(grids)
    ]
    few = st.one_of(st.integers(0, 25), st.sampled_from([0, 1, 9, 10, 11, 500]))
    counts = draw(st.lists(few, min_size=len(rows), max_size=len(rows)))
    return np.array(counts, float), np.array([r[0] for r in rows]), np.array([r[1] for r in rows])


def nodes_of(town, village):
    """Every total of the tree as an indicator of the grids it sums, by level."""
    n = len(town)
    return [
        np.ones((1, n)),
        np.array([town == t for t in np.unique(town)], float),
        np.array([village == v for v in np.unique(village)], float),
        np.eye(n),
    ]


def publish(counts, town, village):
    """Publish each level by itself, as its own layer does; give all equations an onlooker has."""
    whole, towns_, villages_, grids_ = nodes_of(town, village)
    known = [] if 0 < counts.sum() < K else [whole]
    town_of_village = np.array([town[row > 0][0] for row in villages_])

    def level(codes):
        return Level(codes, np.full((len(codes), 1), UNKNOWN))

    for indicator, above in (
        (towns_, []),
        (villages_, [town_of_village]),
        (grids_, [town, village]),
    ):
        values = indicator @ counts
        levels = [level(codes) for codes in above]
        hidden = withheld(values[:, None], values[:, None], levels, K)
        known.append(indicator[~hidden])
    return np.vstack(known)


@given(towns())
def test_no_small_total_can_be_worked_out_from_all_that_is_published(tree):
    counts, town, village = tree
    known = publish(counts, town, village)
    rank = np.linalg.matrix_rank(known) if known.size else 0
    for level in nodes_of(town, village):
        for wanted in level:
            if 0 < wanted @ counts < K:
                assert np.linalg.matrix_rank(np.vstack([known, wanted])) == rank + 1


def test_the_attack_succeeds_where_nothing_is_withheld():
    counts, town, village = np.array([7.0, 30.0]), np.array(["t", "t"]), np.array(["v", "v"])
    known = np.vstack([nodes_of(town, village)[2], nodes_of(town, village)[3][1:]])
    wanted = nodes_of(town, village)[3][0]
    assert np.linalg.matrix_rank(np.vstack([known, wanted])) == np.linalg.matrix_rank(known)
    assert 0 < wanted @ counts < K


@given(towns())
def test_a_total_minus_its_published_parts_is_never_small(tree):
    counts, town, village = tree
    levels = [Level(codes, np.full((len(codes), 1), UNKNOWN)) for codes in (town, village)]
    hidden = withheld(counts[:, None], counts[:, None], levels, K)
    for level in nodes_of(town, village)[:-1]:
        for total in level:
            if total @ counts >= K:
                rest = total @ np.where(hidden, counts, 0)
                assert not 0 < rest < K


@given(towns())
def test_nothing_is_withheld_where_nothing_is_small(tree):
    _, town, village = tree
    counts = np.full((len(town), 1), 10.0)
    levels = [Level(codes, np.full((len(codes), 1), UNKNOWN)) for codes in (town, village)]
    assert not withheld(counts, counts, levels, K).any()


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ([7, 30, 20], [1, 0, 1]),  # the next smallest goes too
        ([7, 0, 30], [1, 0, 1]),  # a zero hides nothing
        ([7, 7, 30], [1, 1, 0]),  # two small ones hide each other: 14
        ([3, 4, 30], [1, 1, 1]),  # 7 would be told
        ([3, 4, 0], [1, 1, 0]),  # the total of 7 is itself withheld
        ([0, 0, 0], [0, 0, 0]),
        ([7, 20, 20], [1, 1, 0]),  # of equals the first
        ([50], [0]),
        ([], []),
    ],
)
def test_hand_worked_cases_of_one_total(counts, hidden):
    column = np.array(counts, float)[:, None]
    assert withheld(column, column, [], K).tolist() == [bool(h) for h in hidden]


def test_columns_of_the_same_people_are_withheld_together():
    figures = np.array([[12.0, 8.0], [30.0, 40.0], [20.0, 90.0]])
    assert withheld(figures, figures, [], K).tolist() == [True, True, False]


def test_a_part_told_at_an_earlier_figure_does_not_give_its_change_away():
    true = np.array([[103.0], [114.0], [60.0]])
    told = np.array([[100.0], [114.0], [60.0]])  # the first is held, the total is told as 277
    village = Level(np.zeros(3), np.full((3, 1), 277.0))
    hidden = withheld(true, told, [village], K)
    assert not 0 < abs(277 - told[~hidden].sum()) < K
    assert hidden.sum() >= 2


def test_a_total_held_like_its_part_needs_no_more_protection():
    true = np.array([[103.0], [114.0]])
    told = np.array([[100.0], [114.0]])
    village = Level(np.zeros(2), np.full((2, 1), 214.0))
    assert not withheld(true, told, [village], K).any()
