import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from gridgeo.analysis.balance import balance
from gridgeo.errors import InfeasibleError, ParameterError
from gridgeo.model.crs import to_metric
from tests.analysis.balance.cities import assert_whole, lattice

BLOCKS = [f"g{x // 5}{y // 5}" for x in range(20) for y in range(20)]


def city(**columns):
    places = [(x, y) for x in range(20) for y in range(20)]
    units = lattice(20, 20, load=10, today=BLOCKS, **columns)
    units.index = [f"u{x:02d}{y:02d}" for x, y in places]
    return units


def test_a_plan_that_is_fair_already_stays():
    units = city()
    plan = balance(units, "load", current="today")
    assert plan.assignment.tolist() == units["today"].tolist()
    assert len(plan.moved) == 0
    assert plan.scores["moved_load_share"] == 0
    assert plan.explain().empty


def test_a_plan_gone_astray_is_mended_by_moving_little():
    units = city()
    rng = np.random.default_rng(3)
    units["load"] = rng.integers(5, 16, 400) * np.where(units["today"] < "g2", 1.15, 0.9)
    for seed in range(3):
        plan = balance(units, "load", current="today", seed=seed)
        assert_whole(plan, units, 16)
        assert plan.scores["max_deviation"] <= 0.05
        assert set(plan.targets.index) == set(BLOCKS)
        excess = (units["load"].groupby(units["today"]).sum() - plan.targets).clip(lower=0).sum()
        moved = plan.load[plan.moved].sum()
        assert moved == pytest.approx(plan.scores["moved_load_share"] * plan.load.sum())
        # Load must flow through the middle grids too: well below 3 × what is above target.
        assert moved <= 3 * excess


def test_new_grids_get_new_names_and_spare_ones_go():
    units = city()
    more = balance(units, "load", 18, current="today")
    assert_whole(more, units, 18)
    assert set(more.targets.index) == {*BLOCKS, "new-1", "new-2"}
    fewer = balance(units, "load", 14, current="today")
    assert_whole(fewer, units, 14)
    assert set(fewer.targets.index) < set(BLOCKS)


def test_a_new_name_that_is_taken_is_left_out():
    units = city()
    units["today"] = units["today"].replace("g00", "new-1")
    plan = balance(units, "load", 17, current="today")
    assert "new-2" in plan.targets.index
    assert plan.targets.index.is_unique


def test_numbers_as_ids_stay_numbers():
    units = city()
    units["today"] = pd.factorize(units["today"])[0]
    plan = balance(units, "load", 17, current="today")
    assert set(plan.targets.index) == {*range(16), "new-1"}


def test_units_without_a_grid_join_one_and_never_count_as_moved():
    units = city()
    units.loc[units.index[:30], "today"] = None
    plan = balance(units, "load", current="today")
    assert_whole(plan, units, 16)
    assert not plan.moved.isin(units.index[:30]).any()


def test_grids_in_pieces_and_over_village_borders_are_mended():
    rng = np.random.default_rng(0)
    units = city(village=[x // 10 for x in range(20) for _ in range(20)])
    units["today"] = np.where(rng.random(400) < 0.2, rng.choice(BLOCKS, 400), units["today"])
    plan = balance(units, "load", current="today", region="village")
    assert_whole(plan, units, 16)
    assert (units.groupby(plan.assignment)["village"].nunique() == 1).all()
    assert plan.scores["max_deviation"] <= 0.05


def test_targets_by_id_follow_the_id():
    units = city()
    shares = pd.Series(1.0, index=sorted(set(BLOCKS)))[::-1]
    shares["g11"] = 2.0
    plan = balance(units, "load", current="today", targets=shares)
    assert_whole(plan, units, 16)
    assert plan.targets["g11"] == pytest.approx(4000 * 2 / 17)
    assert plan.scores["max_deviation"] <= 0.05
    wider = balance(units, "load", current="today", targets=shares.rename({"g11": "g11"}).to_dict())
    assert wider.assignment.equals(plan.assignment)
    extra = pd.concat([shares, pd.Series({"estate": 1.0})])
    assert "estate" in balance(units, "load", current="today", targets=extra).targets.index


@pytest.mark.parametrize("targets", [[1.0] * 16, pd.Series({"g00": 1.0})])
def test_targets_with_current_name_every_grid(targets):
    with pytest.raises(ParameterError, match="targets"):
        balance(city(), "load", current="today", targets=targets)


def test_the_sample_town_is_mended_within_its_villages(samples):
    units = to_metric(gpd.read_file(samples / "town" / "units.gpkg").set_index("unit_id"))
    plan = balance(units, "households", current="grid_code", region="village_code")
    assert_whole(plan, units, units["grid_code"].nunique())
    assert plan.scores["region_crossings"] == 0
    assert plan.scores["max_deviation_unforced"] <= 0.05
    assert plan.scores["moved_load_share"] < 0.2
    told = plan.explain()
    assert told["units"].sum() == len(plan.moved)
    assert told["households"].sum() == plan.load[plan.moved].sum()


# --- locks ------------------------------------------------------------------------------------


def test_locked_grids_keep_exactly_their_units():
    units = city()
    units["load"] = np.where(units["today"] == "g12", 14, 10)
    plan = balance(units, "load", current="today", locked=["g12", "g33"])
    assert_whole(plan, units, 16)
    for grid in ("g12", "g33"):
        kept = plan.assignment.index[plan.assignment == grid]
        assert kept.tolist() == units.index[units["today"] == grid].tolist()
    assert plan.forced[["kind", "id"]].to_numpy().tolist() == [["lock", "g12"]]
    assert plan.scores["max_deviation_unforced"] <= 0.05 < plan.scores["max_deviation"]


def test_when_all_is_locked_nothing_moves():
    units = city()
    plan = balance(units, "load", current="today", locked=sorted(set(BLOCKS)))
    assert plan.assignment.tolist() == units["today"].tolist()


def test_a_lock_that_cannot_hold_is_impossible():
    units = city()
    units.loc["u1919", "today"] = "g00"
    with pytest.raises(InfeasibleError, match="g00"):
        balance(units, "load", current="today", locked=["g00"])


@pytest.mark.parametrize("arguments", [{"locked": ["g00"]}, {"locked": ["x"], "current": "today"}])
def test_locks_need_a_plan_in_force_that_has_them(arguments):
    with pytest.raises(ParameterError, match="locked"):
        balance(city(), "load", 3, **arguments)
