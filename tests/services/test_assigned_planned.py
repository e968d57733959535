import datetime as dt

import numpy as np
import pytest

from gridgeo.errors import NotFoundError, ParameterError
from gridgeo.model.frames import GRIDS
from gridgeo.services.assigned import Assigned, assign_incidents
from gridgeo.services.assigned_planned import reassigned
from tests.services.test_assigned import ZONE, put_incidents
from tests.services.test_plan_register import (
    AUTUMN,
    THREE,
    A,
    B,
    C,
    approved,
    city,
    file,
    saved,
    units,
)

pytestmark = pytest.mark.db

__all__ = ["city"]  # a fixture

MOVED = [A, B, B, C, C, C]  # u1 goes from A to B, u3 from B to C
LAST = dt.date(2026, 10, 1)


@pytest.fixture
def lively(city):
    """12 incidents in each unit but the fourth, which has 3; all on the same day."""
    where = np.repeat(np.arange(6), [12, 12, 12, 3, 12, 12])
    middle = units().geometry.representative_point()
    day = np.full(len(where), (LAST - dt.date(1970, 1, 1)).days)
    put_incidents(city, middle.x.to_numpy()[where], middle.y.to_numpy()[where], day)
    return city


def counted(found):
    return found.moves.to_numpy().tolist()


def test_a_plan_tells_how_many_incidents_would_have_which_other_grid(lively):
    found = reassigned(lively, saved(lively, MOVED), zone=ZONE)
    assert counted(found) == [[A, B, "≈ 10"], [B, C, "< 5"]]
    assert found.incidents == "≈ 15"
    assert (found.since, found.until) == (dt.date(2025, 10, 2), dt.date(2026, 10, 2))


def test_only_incidents_where_the_plan_moves_a_border_are_read(lively, monkeypatch):
    read = []
    whole = type(lively).incidents_in

    def seen(self, *asked):
        for some in whole(self, *asked):
            read.extend(some.incident_id.to_pylist())
            yield some

    monkeypatch.setattr(type(lively), "incidents_in", seen)
    reassigned(lively, saved(lively, [A, B, B, B, C, C]), zone=ZONE)
    assert len(read) == 12


def test_asking_changes_nothing_and_needs_no_answer_before(lively):
    before = lively.counts()
    plan_id = saved(lively, MOVED)
    reassigned(lively, plan_id, zone=ZONE)
    after = lively.counts()
    assert {name for name in after if after[name] != before[name]} == {
        "gridgeo.plans",
        "gridgeo.plan_bases",
        "gridgeo.plan_base_rows",
        "gridgeo.plan_units",
        "gridgeo.plan_steps",
        "gridgeo.plan_versions",
    }


def test_what_was_foretold_is_what_happens_once_the_plan_is_filed(lively):
    assign_incidents(lively, zone=ZONE)
    plan_id = approved(lively, MOVED)
    told = reassigned(lively, plan_id, zone=ZONE)
    file(lively, plan_id, AUTUMN)
    done = assign_incidents(lively, zone=ZONE)
    assert done == Assigned(looked_at=15, regridded=15)
    assert told.incidents == "≈ 15"


def test_only_the_period_counts(lively):
    plan_id = saved(lively, MOVED)
    later = reassigned(lively, plan_id, zone=ZONE, since=LAST, until=dt.date(2027, 1, 1))
    assert later.incidents == "≈ 15"
    earlier = reassigned(lively, plan_id, zone=ZONE, until=LAST)
    assert (counted(earlier), earlier.incidents) == ([], "0")
    with pytest.raises(ParameterError, match="has no day"):
        reassigned(lively, plan_id, zone=ZONE, since=LAST, until=LAST)


def test_a_plan_that_moves_nothing_tells_of_nobody(lively):
    assert counted(reassigned(lively, saved(lively, THREE), zone=ZONE)) == []


def test_who_was_nearest_to_a_grid_counts_where_nearest_is_asked_for(lively):
    east = lively.frame(GRIDS).geometry[C].bounds[2]
    put_incidents(lively, [east + 1e-4] * 5, [32.0006] * 5, [20_500] * 5, start=500)
    # The grid in the east was drawn wider than its units: as drawn from them it is far away.
    plan_id = saved(lively, [A, A, B, C, C, C])
    near = reassigned(lively, plan_id, zone=ZONE, nearest_within_m=50.0).moves
    assert near["incidents"].tolist() == ["≈ 5", "< 5"]
    assert near["before"].tolist() == [C, B]
    assert near["after"].isna().tolist() == [True, False]
    plain = reassigned(lively, plan_id, zone=ZONE)
    assert counted(plain) == [[B, C, "< 5"]]


def test_a_store_without_incidents_says_what_to_do(city):
    with pytest.raises(NotFoundError, match="no incidents"):
        reassigned(city, saved(city, MOVED), zone=ZONE)
