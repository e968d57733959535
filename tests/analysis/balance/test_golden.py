from itertools import combinations

import geopandas as gpd
import numpy as np
import pytest

from gridgeo.analysis.balance import balance
from tests.analysis.balance.cities import assert_whole, lattice


def connected(cells):
    cells, queue = set(cells), [next(iter(cells))]
    seen = set(queue)
    for x, y in queue:
        for near in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if near in cells and near not in seen:
                seen.add(near)
                queue.append(near)
    return len(seen) == len(cells)


def equal_partitions(side):
    """All ways to split a side × side lattice into ``side`` connected parts of ``side`` cells."""

    def split(left):
        if not left:
            return [frozenset()]
        first, *rest = sorted(left)
        found = []
        for others in combinations(rest, side - 1):
            part = frozenset((first, *others))
            if connected(part):
                found += [way | {part} for way in split(left - part)]
        return found

    return set(split(frozenset((x, y) for x in range(side) for y in range(side))))


@pytest.mark.parametrize(("side", "ways"), [(1, 1), (2, 2), (3, 10), (4, 117)])
def test_a_lattice_splits_into_equal_connected_grids_in_as_many_ways_as_is_known(side, ways):
    # OEIS A172477: 1, 2, 10, 117, 4006. Enumerated here by brute force.
    partitions = equal_partitions(side)
    assert len(partitions) == ways
    units = lattice(side, side)
    for seed in range(3):
        plan = balance(units, "load", side, seed=seed)
        assert plan.scores["max_deviation"] == 0
        parts = frozenset(
            frozenset((int(name[1]), int(name[2])) for name in names)
            for names in units.groupby(plan.assignment).groups.values()
        )
        assert parts in partitions


def test_real_blocks_into_150_grids_keep_five_percent_except_where_one_block_is_too_large(samples):
    blocks = gpd.read_parquet(samples / "providence" / "blocks.parquet")
    load = "pop" if "pop" in blocks else "households"
    target = blocks[load].sum() / 150
    too_large = blocks.index[blocks[load] > 1.05 * target]
    for seed in (11, 12):
        plan = balance(blocks, load, k=150, seed=seed)
        assert_whole(plan, blocks, 150)
        assert plan.scores["max_deviation_unforced"] <= 0.05
        assert plan.forced["kind"].tolist() == ["unit", "unit"]
        assert set(plan.forced["id"]) == set(too_large)
        over = plan.deviations().abs() > 0.05
        assert set(plan.targets.index[over]) == set(plan.assignment[too_large])
        assert plan.scores["over_tolerance"] == over.sum() == 2


def test_compactness_is_what_polsby_and_popper_say():
    # Polsby and Popper 1991: 4πA/P²; a 2:1 rectangle scores 2π/9.
    plan = balance(lattice(2, 1), "load", k=1)
    assert plan.scores["polsby_popper"] == pytest.approx(2 * np.pi / 9)
    assert plan.scores["border_km"] == 0
    assert balance(lattice(2, 1), "load", k=2).scores["border_km"] == pytest.approx(0.1)


def test_inequality_is_what_its_closed_forms_say():
    # One of two grids has 3/4: Gini 1/4, coefficient of variation 1/2.
    plan = balance(lattice(2, 1, load=[3, 1]), "load", k=2)
    assert plan.scores["gini"] == pytest.approx(0.25)
    assert plan.scores["cv"] == pytest.approx(0.5)
    assert plan.scores["mean_deviation"] == pytest.approx(0.5)
    assert plan.scores["over_tolerance"] == 2
    assert plan.scores["cut_edges"] == 1
