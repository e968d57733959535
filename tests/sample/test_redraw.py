"""Every scale and seed makes a sample: what finds no room is mended, or the ground drawn anew."""

import numpy as np
import pytest

from gridgeo.errors import InfeasibleError
from gridgeo.sample import city, town
from gridgeo.sample.carve import no_room
from gridgeo.sample.redraw import with_room
from gridgeo.sample.registers import all_villages
from tests.trial.conftest import effort

TOWNS = sorted(all_villages()["town_code"].unique())
# Twice no small block for a gap, the hamlet's grid within the hamlet's fields, one village for 50
# grids.
REFUSED_ONCE = [("321282102", 3), ("321282109", 1), ("321282403", 3), ("321282402", 0)]


def lived_in(sample):
    return int(sample.layers["households"]["lived_in"].sum())


@pytest.mark.parametrize(("code", "seed"), REFUSED_ONCE)
def test_towns_once_refused_are_made_whole(code, seed):
    sample = town(code, seed)
    assert len(sample.layers["grids"]) == 50
    assert 14_000 <= lived_in(sample) <= 16_500
    planted = {"gap", "overlap", "sliver", "size", "orphan", "reach", "offset"}
    assert planted <= {entry["kind"] for entry in sample.truth}


def test_a_town_of_one_village_has_no_grid_across_a_village_border_and_all_else():
    kinds = [{entry["kind"] for entry in town(code).truth} for code in ("321282401", "321282402")]
    assert kinds[0] - kinds[1] <= {"across", "outside-household", "mismatch"}
    assert "across" not in kinds[1]


def test_no_grid_has_two_roles_where_a_town_has_few_communities():
    for code in ("321282102", "321282109"):
        sample = town(code)
        sizes = [entry["subjects"][0] for entry in sample.truth if entry["kind"] == "size"]
        kinds = sample.layers["grids"]["kind"]
        assert len(sizes) == 4
        assert (kinds[sizes] == "general").all()
        assert (kinds == "dedicated").sum() == 2


def test_a_city_with_a_village_of_one_block_is_made():
    sample = city(0.05, 12)
    assert len(sample.layers["grids"]) == 38
    assert lived_in(sample) == 12_000


@pytest.mark.trial
def test_every_town_and_scale_is_made_from_every_seed():
    # 70 towns and 62 cities in ``make trial``; in CI 4 towns and 3 cities.
    towns = [(code, seed) for seed in range(5) for code in TOWNS][:: 20 // effort(20)]
    cities = [(scale, seed) for seed in range(effort(20)) for scale in (0.05, 0.1, 0.3)]
    for code, seed in towns:
        assert len(town(code, seed).layers["grids"]) == 50
    for scale, seed in [*cities, *((1.0, seed) for seed in (7, 12) if effort(20) > 1)]:
        assert lived_in(city(scale, seed)) == round(240_000 * scale)


def test_the_next_ground_is_taken_where_the_first_has_no_room():
    tried = []

    def make(seeds):
        tried.append([np.random.default_rng(seed).integers(1 << 60) for seed in seeds])
        if len(tried) < 3:
            raise no_room("a tower")
        return "made"

    assert with_room(5, make) == "made"
    assert tried[0] == [
        np.random.default_rng(seed).integers(1 << 60) for seed in np.random.SeedSequence(5).spawn(7)
    ]
    assert len({number for one in tried for number in one}) == 21


def test_a_ground_that_never_has_room_is_told_and_not_tried_for_ever():
    tried = []

    def make(seeds):
        tried.append(seeds)
        raise no_room("a tower")

    with pytest.raises(InfeasibleError, match="a tower"):
        with_room(0, make)
    assert len(tried) == 12
