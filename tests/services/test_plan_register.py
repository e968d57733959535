"""From a draft to borders in force, and what a plan would do without being in force.

Long because one small city serves them all.
"""

import datetime as dt
import threading

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from gridgeo.analysis.tiling import tiling_faults
from gridgeo.errors import ConflictError, InputError, ParameterError
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import GRIDS, UNITS
from gridgeo.model.records import StoredPlan
from gridgeo.services import plan_register as plans
from gridgeo.services.demo import DAY, fill
from gridgeo.services.plan_codes import proposed_codes
from gridgeo.services.plan_rebase import carry, rebase
from gridgeo.services.planned import Planned, borders
from gridgeo.services.publication import publish_all
from gridgeo.services.sources import empty
from gridgeo.services.workload import loads
from gridgeo.store.connection import engine
from gridgeo.store.store import Store
from tests.city_fixtures import NOW, quiet
from tests.store.frames import feed, part

VILLAGE = "321282401001"
A, B, C, D = (f"{VILLAGE}{n:02d}" for n in (1, 2, 3, 4))
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
TODAY = NOON.date()
AUTUMN, WINTER = dt.date(2026, 9, 1), dt.date(2026, 12, 1)
THREE = [A, A, B, B, C, C]


def units(codes=THREE, households=10):
    """Units in a row; corners with digits that a way through metres and back would change."""
    west = [120 + i * 0.0012345678901 for i in range(len(codes) + 1)]
    return gpd.GeoDataFrame(
        {"households": households, "village_code": VILLAGE, "grid_code": list(codes)},
        geometry=[box(west[i], 32, west[i + 1], 32.0012345) for i in range(len(codes))],
        index=pd.Index([f"u{i}" for i in range(len(codes))], name="unit_id"),
        crs=4490,
    )


def grids():
    """The grids of ``THREE``; the last was drawn wider than its units."""
    shapes = units().dissolve("grid_code").geometry
    west, south, east, north = shapes[C].bounds
    shapes[C] = box(west, south, east + 0.001, north)
    return gpd.GeoDataFrame(
        {
            "name": [f"同兴社区第{n}网格" for n in "一二三"],
            "village_code": VILLAGE,
            "kind": "general",
            "duty_phone": ["0523-1", "0523-2", "0523-3"],
        },
        geometry=shapes.to_numpy(),
        index=pd.Index([A, B, C], name="grid_code"),
        crs=4490,
    )


@pytest.fixture
def city(store):
    """Three grids in a row, of two units each, since the beginning of the year."""
    since = dt.date(2026, 1, 1)
    store.take_in(GRIDS, part(grids()), feed("grids", valid_from=since))
    store.take_in(UNITS, part(units()), feed("units"))
    return store


def assigned(codes):
    ids = pd.Index([f"u{i}" for i in range(len(codes))], name="unit_id")
    return pd.Series(list(codes), index=ids, dtype="str")


def later(days):
    return NOON + dt.timedelta(days=days)


def saved(store, codes, day=TODAY):
    return store.save_plan(StoredPlan(assigned(codes), NOON, base_date=day, by="Li"))


def approved(store, codes, day=TODAY):
    plan_id = saved(store, codes, day)
    approve(store, plan_id)
    return plan_id


def approve(store, plan_id):
    for n, state in enumerate(("proposed", "publicised", "approved")):
        plans.advance(store, plan_id, state, now=later(8 * n), by="Wang")


def file(store, plan_id, day=AUTUMN, **more):
    return plans.file(store, plan_id, day, today=TODAY, now=later(30), by="Zhao", **more)


class Memory:
    """A source that needs no database."""

    def __init__(self, frames):
        self._frames = frames

    def frame(self, contract, *, as_of=None):  # noqa: ARG002  # nothing here has a life
        found = self._frames.get(contract.name)
        return empty(contract) if found is None else found


@given(st.lists(st.sampled_from([A, B, C, D, f"{VILLAGE}05"]), min_size=6, max_size=6))
def test_the_grids_of_a_plan_are_its_units_and_nothing_else(codes):
    whole = units()
    source = Memory({"grids": grids(), "units": whole})
    found = borders(source, assigned(codes), None)
    for code, shape in found.grids.geometry.items():
        mine = whole.geometry[[c == code for c in codes]]
        if code in found.unchanged:
            assert shapely.equals_identical(shape, grids().geometry[code])
        else:
            # Not a corner more or less, and none that no unit has.
            assert shapely.symmetric_difference(shape, mine.union_all()).is_empty
            corners = set(map(tuple, shapely.get_coordinates(mine.to_numpy())))
            assert set(map(tuple, shapely.get_coordinates(shape))) <= corners
    assert set(found.grids.index) == set(codes)
    same = [c for c in (A, B, C) if [x == c for x in codes] == [x == c for x in THREE]]
    assert list(found.unchanged) == same
    assert set(found.closed) == {A, B, C} - set(codes)
    assert set(found.new) == set(codes) - {A, B, C}
    GRIDS.check(found.drawn)


@pytest.mark.db
def test_filed_borders_are_in_force_from_their_day_and_not_before(city):
    before = city.frame(GRIDS, as_of=TODAY)
    rows = city.counts()["gridgeo.grids"]
    plan_id = approved(city, [A, B, B, B, C, C])
    done = file(city, plan_id)
    assert (done.borders.changed, done.borders.new, done.borders.closed) == ((A, B), (), ())
    last_day = AUTUMN - dt.timedelta(1)
    then = city.frame(GRIDS, as_of=last_day)
    pd.testing.assert_frame_equal(
        pd.DataFrame(then.drop(columns="valid_to")), pd.DataFrame(before.drop(columns="valid_to"))
    )
    assert then["valid_to"].tolist()[:2] == [pd.Timestamp(AUTUMN)] * 2
    after = city.frame(GRIDS, as_of=AUTUMN)
    assert after.index.tolist() == [A, B, C]
    assert after["valid_from"].tolist()[:2] == [pd.Timestamp(AUTUMN)] * 2
    assert after.geometry[A].equals(units().geometry["u0"])
    assert after.geometry[B].equals(units().geometry[["u1", "u2", "u3"]].union_all())
    assert after["name"].tolist() == grids()["name"].tolist()
    assert after["duty_phone"].tolist() == grids()["duty_phone"].tolist()
    # The grid that keeps its units keeps its row: drawn wider than they are, to the bit.
    assert shapely.equals_identical(after.geometry[C], before.geometry[C])
    assert pd.isna(after["valid_to"][C])
    assert after["valid_from"][C] == before["valid_from"][C]
    assert city.counts()["gridgeo.grids"] == rows + 2
    # What was replaced is kept, with the plan that did it.
    (stood,) = city.history(GRIDS, A).itertuples()
    assert pd.isna(stood.valid_to)
    assert city.feeds()["file_name"][stood.replaced_by_feed] == f"plan {plan_id}"
    assert len(city.history(GRIDS, C)) == 0


@pytest.mark.db
def test_units_say_the_grid_of_the_day_that_is_asked(city):
    file(city, approved(city, [A, B, B, B, C, C]))
    last_day = AUTUMN - dt.timedelta(1)
    assert city.frame(UNITS, as_of=last_day)["grid_code"].tolist() == THREE
    assert city.frame(UNITS, as_of=AUTUMN)["grid_code"].tolist() == [A, B, B, B, C, C]
    assert city.frame(UNITS)["grid_code"].tolist() == [A, B, B, B, C, C]


@pytest.mark.db
def test_grids_open_and_close(city):
    file(city, approved(city, [D, D, B, B, B, B]))
    after = city.frame(GRIDS, as_of=AUTUMN)
    assert after.index.tolist() == [B, D]
    new = after.loc[D]
    assert (new["name"], new["village_code"], new["kind"]) == (
        "同兴社区第四网格",
        VILLAGE,
        "general",
    )
    assert pd.isna(new["duty_phone"])
    assert new.geometry.equals(grids().geometry[A])
    ended = city.frame(GRIDS, as_of=TODAY)
    assert ended.index.tolist() == [A, B, C]
    assert ended["valid_to"].tolist() == [pd.Timestamp(AUTUMN)] * 3


@pytest.mark.db
def test_filing_again_changes_nothing_and_another_day_is_refused(city):
    plan_id = approved(city, [A, B, B, B, C, C])
    assert not file(city, plan_id).repeated
    before = city.counts()
    assert file(city, plan_id).repeated
    with pytest.raises(ConflictError, match="filed already, from 2026-09-01"):
        file(city, plan_id, WINTER)
    assert city.counts() == before
    assert city.plan_steps(plan_id)["valid_from"].tolist()[-1] == pd.Timestamp(AUTUMN)


@pytest.mark.db
def test_only_approved_plans_are_filed_and_a_failure_leaves_nothing(city):
    plan_id = saved(city, [A, B, B, B, C, C])
    before = city.counts()
    for day in (AUTUMN, dt.date(2026, 1, 2)):
        with pytest.raises(ConflictError, match="is draft"):
            file(city, plan_id, day)
    assert city.counts() == before
    approve(city, plan_id)
    before = city.counts()
    with pytest.raises(ParameterError, match="somebody"):
        plans.file(city, plan_id, AUTUMN, today=TODAY, now=later(30), by="")
    assert city.counts() == before
    assert len(city.frame(GRIDS, as_of=AUTUMN)) == 3


@pytest.mark.db
def test_a_day_that_is_over_is_refused_unless_it_is_allowed(city):
    plan_id = approved(city, [A, B, B, B, C, C])
    past = dt.date(2026, 2, 1)
    with pytest.raises(ParameterError, match="2026-02-01 is before today"):
        file(city, plan_id, past)
    file(city, plan_id, past, allow_past=True)
    assert city.frame(UNITS, as_of=past)["grid_code"]["u1"] == B
    assert city.frame(UNITS, as_of=past - dt.timedelta(1))["grid_code"]["u1"] == A


@pytest.mark.db
def test_a_day_before_a_grid_begins_is_refused(city):
    plan_id = approved(city, [A, B, B, B, C, C])
    with pytest.raises(ConflictError, match=r"2 grids|3 grids") as caught:
        file(city, plan_id, dt.date(2026, 1, 1), allow_past=True)
    assert caught.value.code == "plan.later-grids"


@pytest.mark.db
def test_two_who_file_at_once_file_once(city, cluster, database):
    plan_id = approved(city, [A, B, B, B, C, C])
    others = [Store(engine(cluster.url(database, "owner"), pooled=False)) for _ in range(2)]
    at_once, outcomes = threading.Barrier(2), []

    def attempt(one):
        at_once.wait()
        outcomes.append(file(one, plan_id).repeated)

    both = [threading.Thread(target=attempt, args=(one,)) for one in others]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(outcomes) == [False, True]
    assert city.plan_steps(plan_id)["state"].tolist().count("filed") == 1


@pytest.mark.db
def test_a_plan_filed_by_another_moves_the_base_and_its_changes_survive_a_rebase(city):
    ours, theirs = approved(city, [A, A, B, B, B, C]), approved(city, [A, B, B, B, C, C])
    file(city, theirs)
    with pytest.raises(ConflictError, match=r"2 grids") as caught:
        file(city, ours, WINTER)
    assert caught.value.code == "plan.base-moved"
    # On the grids of today it would still undo in winter what begins in autumn.
    _, _, carried = rebase(city, ours, TODAY, now=later(31), by="Li")
    assert carried.assignment.tolist() == [A, A, B, B, B, C]
    today = city.plans().index[-1]
    approve(city, today)
    with pytest.raises(ConflictError, match="--as-of 2026-09-01") as caught:
        file(city, today, WINTER)
    assert caught.value.code == "plan.later-grids"
    new, version, carried = rebase(city, today, AUTUMN, now=later(31), by="Li")
    assert (new != today, version) == (True, 1)
    assert carried.assignment.tolist() == [A, B, B, B, B, C]
    approve(city, new)
    file(city, new, WINTER)
    found = [city.frame(UNITS, as_of=day)["grid_code"].tolist() for day in (TODAY, AUTUMN, WINTER)]
    assert found == [THREE, [A, B, B, B, C, C], [A, B, B, B, B, C]]
    assert city.frame(GRIDS, as_of=WINTER).geometry[C].equals(units().geometry["u5"])


@pytest.mark.db
def test_a_draft_is_rebased_in_its_next_version_and_only_when_something_moved(city):
    plan_id = saved(city, [A, B, B, B, C, C])
    with pytest.raises(ConflictError, match="Nothing moved"):
        rebase(city, plan_id, TODAY, now=later(1), by="Li")
    city.take_in(UNITS, part(units([*THREE, C])), feed("grown"))
    same, version, carried = rebase(city, plan_id, TODAY, now=later(1), by="Li")
    assert (same, version) == (plan_id, 2)
    assert carried.new_units == ("u6",)
    assert city.plan(plan_id).assignment.tolist() == [A, B, B, B, C, C, C]
    assert city.plan(plan_id, 1).assignment.tolist() == [A, B, B, B, C, C]
    assert not city.plan_moved(plan_id)
    plans.advance(city, plan_id, "proposed", now=later(2), by="Wang")


CODES = st.sampled_from(["a", "b", "c", "new-1"])
ROWS = st.dictionaries(st.sampled_from([f"u{n}" for n in range(6)]), CODES, min_size=1)


@given(plan=ROWS, then=ROWS, now=ROWS, standing=st.sets(st.sampled_from(["a", "b", "c"])))
def test_a_rebase_keeps_what_the_plan_moved_and_what_others_moved(plan, then, now, standing):
    then = {unit: "a" if code == "new-1" else code for unit, code in then.items()}
    now = {unit: "b" if code == "new-1" else code for unit, code in now.items()}
    found = carry(
        pd.Series(plan, dtype="str"),
        (then, {"a", "b", "c"}),
        pd.Series(now, dtype="str"),
        standing,
        {"a", "b", "c"},
    )
    for unit, code in found.assignment.items():
        moved = unit in plan and then.get(unit) != plan[unit]
        possible = moved and (plan[unit] in standing or plan[unit] == "new-1")
        assert code == (plan[unit] if possible else now[unit])
    assert set(found.assignment.index) == {u for u in now if u in plan or u not in then}
    assert set(found.gone_units) == set(plan) - set(now)
    assert set(found.new_units) == set(now) - set(then)
    assert set(found.gone_grids) == set(plan.values()) - standing - {"new-1"}


def test_a_code_that_another_took_meanwhile_is_given_back():
    plan = pd.Series({"u0": "d", "u1": "new-1", "u2": "a"}, dtype="str")
    then = ({"u0": "a", "u1": "a", "u2": "a"}, {"a"})
    now = pd.Series({"u0": "a", "u1": "a", "u2": "a", "u3": "d"}, dtype="str")
    found = carry(plan, then, now, {"a", "d"}, {"a", "d"})
    assert found.taken == ("d",)
    assert found.assignment.to_dict() == {"u0": "new-2", "u1": "new-1", "u2": "a", "u3": "d"}


def test_a_plan_of_unknown_base_is_carried_over_as_it_is():
    plan = pd.Series({"u0": "b", "u1": "gone", "u2": "new-1", "u9": "a"}, dtype="str")
    now = pd.Series({"u0": "a", "u1": "a", "u2": "a", "u3": "b"}, dtype="str")
    found = carry(plan, None, now, {"a", "b"}, {"a", "b", "gone"})
    assert found.assignment.to_dict() == {"u0": "b", "u1": "a", "u2": "new-1"}
    assert (found.gone_units, found.gone_grids) == (("u9",), ("gone",))


@pytest.mark.db
@pytest.mark.parametrize(("contract", "frame"), [(GRIDS, grids()), (UNITS, units())])
def test_imports_wait_while_a_plan_is_filed(city, cluster, database, contract, frame):
    plan_id = approved(city, [A, B, B, B, C, C])
    other = Store(engine(cluster.url(database, "owner"), pooled=False))
    done = []

    def take_in():
        done.append(other.take_in(contract, part(frame), feed("meanwhile")))

    with city.filing(plan_id):
        waiting = threading.Thread(target=take_in)
        waiting.start()
        waiting.join(timeout=0.5)
        assert done == []
    waiting.join()
    assert len(done) == 1


@pytest.mark.db
def test_grids_without_a_code_go_no_further_until_they_have_one(city):
    plan_id = saved(city, ["new-1", A, B, B, C, "new-2"])
    with pytest.raises(ConflictError, match=r"2 grids .*\(new-1, new-2\)") as caught:
        plans.advance(city, plan_id, "proposed", now=later(1), by="Wang")
    assert caught.value.code == "plan.codes"
    assert f"gridgeo plan codes {plan_id}" in caught.value.hint
    codes = plans.codes_for(city, plan_id)
    assert codes == {"new-1": D, "new-2": f"{VILLAGE}05"}
    for wrong in ({"new-1": A}, {"new-3": D}, {"new-1": D, "new-2": D}, {}):
        with pytest.raises(ParameterError, match="cannot be given these codes"):
            plans.recode(city, plan_id, wrong, now=later(1), by="Li")
    assert plans.recode(city, plan_id, codes, now=later(1), by="Li") == 2
    assert city.plan(plan_id).assignment.tolist() == [D, A, B, B, C, f"{VILLAGE}05"]
    plans.advance(city, plan_id, "proposed", now=later(1), by="Wang")


@pytest.mark.db
def test_a_code_of_another_village_is_refused(city):
    plan_id = saved(city, ["32128240100204", A, B, B, C, C])
    with pytest.raises(ConflictError, match=r"code of their village \(32128240100204\)"):
        plans.advance(city, plan_id, "proposed", now=later(1), by="Wang")


def test_codes_follow_those_that_ever_were_from_west_to_east_and_north_to_south():
    shapes = gpd.GeoSeries(
        {
            "new-1": box(2, 8, 3, 9),
            "new-2": box(0, 0, 1, 1),
            "new-3": box(0, 5, 1, 6),
            "new-4": box(9, 9, 10, 10),
        }
    )
    villages = {"new-1": VILLAGE, "new-2": VILLAGE, "new-3": VILLAGE, "new-4": None}
    found = proposed_codes(shapes, villages, [A, f"{VILLAGE}07", "32128240100299", "x"])
    assert found == {
        "new-3": f"{VILLAGE}08",
        "new-2": f"{VILLAGE}09",
        "new-1": f"{VILLAGE}10",
    }


@pytest.mark.db
def test_the_later_word_on_a_unit_counts(city):
    plan = [A, B, B, B, C, C]
    file(city, approved(city, plan))
    # A file of before its day tells the grids of before; the plan begins all the same.
    at = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
    city.take_in(UNITS, part(units(households=11)), feed("summer", imported_at=at))
    assert city.frame(UNITS, as_of=at.date())["grid_code"].tolist() == THREE
    assert city.frame(UNITS, as_of=AUTUMN)["grid_code"].tolist() == plan
    # A file of after its day that says what the plan says changes nothing but the households.
    at = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    some = units(plan, households=[12, 11, 11, 11, 11, 11])
    done = city.take_in(UNITS, part(some), feed("autumn", imported_at=at))
    assert (done.updated, done.unchanged) == (1, 5)
    assert city.frame(UNITS, as_of=at.date())["grid_code"].tolist() == plan


@pytest.mark.db
def test_a_file_against_a_plan_is_believed_for_all_its_rows_alike(city):
    file(city, approved(city, [B, B, B, B, C, C]))
    at = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    # The first row has another count, the second none: both are said to be in the old grid.
    stale = units(households=[12, 10, 10, 10, 10, 10])
    done = city.take_in(UNITS, part(stale.iloc[:2]), feed("stale", imported_at=at))
    assert done.updated == 2
    assert city.frame(UNITS, as_of=at.date())["grid_code"].tolist() == [A, A, B, B, C, C]
    assert city.history(UNITS, "u1")["grid_code"].tolist() == [A, B]


@pytest.mark.db
def test_a_question_about_a_plan_changes_nothing(city):
    plan_id = saved(city, ["new-1", A, B, B, B, B])
    before = city.counts()
    planned = Planned(city, city.plan(plan_id).assignment)
    found = planned.frame(GRIDS, as_of=TODAY)
    assert found.index.tolist() == [A, B, "new-1"]
    assert found.geometry["new-1"].equals(units().geometry["u0"])
    assert planned.frame(UNITS, as_of=TODAY)["grid_code"].tolist() == ["new-1", A, B, B, B, B]
    assert loads(planned, TODAY)["households"].tolist() == [10, 40, 10]
    assert loads(city, TODAY)["households"].tolist() == [20, 20, 20]
    assert city.counts() == before
    assert city.frame(GRIDS, as_of=TODAY).index.tolist() == [A, B, C]


def test_households_that_move_are_told_no_closer_than_k():
    def told(households):
        source = Memory({"grids": grids(), "units": units(households=households)})
        return borders(source, assigned([A, B, B, B, C, C]), None).households_moved

    assert [told(n) for n in (0, 4, 12)] == ["0", "< 5", "≈ 10"]


@pytest.mark.db
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("unit_id,name\nu0,x\n", "no column grid_code"),
        ("unit_id,grid_code\nu0,a\nu0,b\n", "repeat a unit"),
        ("unit_id,grid_code\nu0,\n", "lack unit or grid"),
        ("unit_id,grid_code\n", "no rows"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(city, tmp_path, text, said):
    (tmp_path / "plan.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        plans.save_file(city, tmp_path / "plan.csv", TODAY, now=NOON, by="Li")
    assert len(city.plans()) == 0


@pytest.mark.db
def test_a_plan_of_units_that_are_not_here_is_refused(city, tmp_path):
    (tmp_path / "plan.csv").write_text(f"unit_id,grid_code\nu0,{A}\nx9,{A}\n")
    with pytest.raises(ConflictError, match=r"1 units .*\(x9\)"):
        plans.save_file(city, tmp_path / "plan.csv", TODAY, now=NOON, by="Li")


@pytest.mark.db
def test_a_solved_draft_tells_of_what_moved_while_the_solver_worked(city):
    def meanwhile(share, text):
        if not seen:
            seen.append(text)
            city.take_in(UNITS, part(units(households=11)), feed("meanwhile"))

    seen = []
    plan_id = plans.draft(city, TODAY, now=NOON, progress=meanwhile)
    assert city.plan(plan_id).by == "gridgeo"
    assert seen
    assert len(city.plan_moved(plan_id).units) == 6
    assert np.isfinite(city.plan(plan_id).scores["max_deviation"])


@pytest.mark.db
def test_the_sample_town_goes_from_the_solver_to_borders_in_force(store, samples):
    fill(store, samples / "town", now=NOW, who="tests", told=quiet)
    before = store.frame(GRIDS, as_of=DAY)
    plan_id = plans.draft(store, DAY, now=NOW)
    plans.recode(store, plan_id, plans.codes_for(store, plan_id), now=NOW, by="Li")
    plan = store.plan(plan_id)
    for n, state in enumerate(("proposed", "publicised", "approved")):
        at = NOW + dt.timedelta(days=8 * n)
        plans.advance(store, plan_id, state, now=at, by="Wang")
    done = plans.file(store, plan_id, AUTUMN, today=DAY, now=at, by="Zhao").borders
    assert done.changed
    assert len(done.unchanged) >= 2  # the dedicated ones at least
    after = store.frame(GRIDS, as_of=AUTUMN)
    # Whoever stands in a unit stands in the grid that the plan gave it, and in no other.
    homes = store.frame(UNITS, as_of=AUTUMN)
    inner = homes.representative_point()
    drawn = after.loc[[*done.changed, *done.new]]
    found = gpd.sjoin(inner.to_frame("geometry").set_geometry("geometry"), drawn, how="inner")
    named = plan.assignment[plan.assignment.isin(drawn.index)].sort_index()
    pd.testing.assert_series_equal(
        found["grid_code"].sort_index(), named, check_names=False, check_dtype=False
    )
    # The new borders leave no seam between each other, nor holes within.
    area = drawn.geometry.to_crs(4549).area
    whole = homes[homes["grid_code"].isin(drawn.index)].geometry.to_crs(4549).area
    assert area.sum() == pytest.approx(whole.sum(), abs=1.0)
    faults = tiling_faults(to_metric(drawn, "grids"))
    assert faults[faults["kind"] == "overlap"].empty
    # The share of each grid is as fair as the solver said.
    load = loads(store, AUTUMN)
    assert len(load) == len(after)
    assert publish_all(store, AUTUMN, now=NOW, told=quiet).changed
    assert store.frame(GRIDS, as_of=DAY).geometry.geom_equals(before.geometry).all()
