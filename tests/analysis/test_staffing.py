import datetime as dt
import itertools

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from gridgeo.analysis.staffing import (
    appointments_in_force,
    staffing,
    staffing_faults,
    stray_appointments,
)
from gridgeo.errors import ParameterError
from gridgeo.model.findings import FINDINGS
from gridgeo.model.frames import STATES

DAY = dt.date(2026, 6, 30)
WORKERS = pd.DataFrame(
    {"employment": ["full-time"] * 3 + ["part-time"] * 3},
    index=pd.Index(["f1", "f2", "f3", "p1", "p2", "p3"], name="worker_id"),
)


def grids(*codes):
    index = pd.Index(codes, name="grid_code", dtype="str")
    return gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)] * len(codes), index=index, crs=4549)


def posts(*rows):
    """Appointments from "worker role" or (worker, role, {what differs})."""
    table = []
    for row in rows:
        worker, role, other = row if isinstance(row, tuple) else (*row.split(), {})
        table.append(
            {
                "worker_id": worker,
                "grid_code": "01",
                "role": role,
                "state": "filed",
                "valid_from": "2025-01-01",
                "valid_to": None,
            }
            | other
        )
    columns = ["worker_id", "grid_code", "role", "state", "valid_from", "valid_to"]
    frame = pd.DataFrame(table, columns=columns)
    for day in ("valid_from", "valid_to"):
        frame[day] = pd.to_datetime(frame[day])
    frame.index = pd.Index([f"A{n}" for n in range(len(frame))], name="appointment_id")
    return frame


# The rule: one leader, at least two workers, at least one of them full-time.
CASES = [
    # who is in post                                  L  W  F hires kinds
    ([], 0, 0, 0, 3, ["no-leader", "few-workers", "no-full-time"]),
    (["p1 leader"], 1, 0, 0, 2, ["few-workers", "no-full-time"]),
    (["p1 leader", "f1 worker"], 1, 1, 1, 1, ["few-workers"]),
    (["p1 leader", "p2 worker"], 1, 1, 0, 1, ["few-workers", "no-full-time"]),
    (["p1 leader", "p2 worker", "p3 worker"], 1, 2, 0, 1, ["no-full-time"]),
    (["p1 leader", "f1 worker", "p2 worker"], 1, 2, 1, 0, []),
    (["f1 worker", "p2 worker"], 0, 2, 1, 1, ["no-leader"]),
    (["p1 worker", "p2 worker"], 0, 2, 0, 2, ["no-leader", "no-full-time"]),
    (["f1 worker"], 0, 1, 1, 2, ["no-leader", "few-workers"]),
    (["f1 leader", "f1 worker", "p1 worker"], 1, 2, 1, 0, []),
    (["f3 leader", "p1 worker", "p2 worker", "p3 worker"], 1, 3, 0, 1, ["no-full-time"]),
]


@pytest.mark.parametrize(("who", "leaders", "workers", "full_time", "hires", "kinds"), CASES)
def test_each_staffing_case_is_counted_by_hand(who, leaders, workers, full_time, hires, kinds):
    counts = staffing(grids("01"), posts(*who), WORKERS, DAY)
    assert counts.loc["01"].tolist() == [leaders, workers, full_time, hires]
    faults = staffing_faults(grids("01"), posts(*who), WORKERS, DAY)
    assert faults["kind"].tolist() == kinds


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "counts"),
    [
        ("2026-06-30", None, 1),
        ("2026-07-01", None, 0),
        ("2026-01-01", "2026-06-30", 0),
        ("2026-01-01", "2026-07-01", 1),
        ("2026-06-30", "2026-06-30", 0),
    ],
)
def test_a_post_counts_from_its_first_day_until_the_day_before_its_end(
    valid_from, valid_to, counts
):
    post = ("f1", "leader", {"valid_from": valid_from, "valid_to": valid_to})
    assert staffing(grids("01"), posts(post), WORKERS, DAY)["leaders"].tolist() == [counts]


@pytest.mark.parametrize("state", STATES)
def test_nobody_is_active_before_being_filed(state):
    force = appointments_in_force(posts(("f1", "leader", {"state": state})), DAY)
    assert len(force) == (state == "filed")


def test_without_a_column_of_ends_every_post_is_open():
    open_ended = posts("f1 leader").drop(columns="valid_to")
    assert staffing(grids("01"), open_ended, WORKERS, DAY)["leaders"].tolist() == [1]


def test_one_person_appointed_twice_to_a_grid_counts_once():
    counts = staffing(grids("01"), posts("f1 worker", "f1 worker"), WORKERS, DAY)
    assert counts[["workers", "full_time"]].to_numpy().tolist() == [[1, 1]]


def test_one_worker_may_serve_several_grids():
    both = posts("f1 worker", ("f1", "worker", {"grid_code": "02"}))
    assert staffing(grids("01", "02"), both, WORKERS, DAY)["full_time"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("as_worker", "as_full_time", "expected"),
    [
        (False, False, [1, 1, 0, 1]),
        (True, False, [1, 2, 0, 1]),
        (False, True, [1, 1, 1, 1]),
        (True, True, [1, 2, 1, 0]),
    ],
)
def test_switches_let_the_leader_count(as_worker, as_full_time, expected):
    counts = staffing(
        grids("01"),
        posts("f1 leader", "p1 worker"),
        WORKERS,
        DAY,
        leader_counts_as_worker=as_worker,
        leader_counts_as_full_time=as_full_time,
    )
    assert counts.loc["01"].tolist() == expected


def test_a_leader_who_is_also_a_worker_counts_once_where_leaders_count():
    both = posts("f1 leader", "f1 worker")
    counts = staffing(grids("01"), both, WORKERS, DAY, leader_counts_as_worker=True)
    assert counts.loc["01"].tolist() == [1, 1, 1, 1]


@given(
    there=st.lists(st.sampled_from(["lf", "lp", "wf", "wp"]), max_size=4),
    leaders=st.integers(0, 2),
    workers_min=st.integers(0, 3),
    full_time_min=st.integers(0, 2),
    as_worker=st.booleans(),
    as_full_time=st.booleans(),
)
def test_hires_are_the_fewest_that_leave_no_fault(
    there, leaders, workers_min, full_time_min, as_worker, as_full_time
):
    def met(people):
        L = sum(p[0] == "l" for p in people)
        W = sum(p[0] == "w" or as_worker for p in people)
        F = sum(p[1] == "f" and (p[0] == "w" or as_full_time) for p in people)
        return leaders <= L and workers_min <= W and full_time_min <= F

    fewest = next(
        n
        for n in range(9)
        for more in itertools.combinations_with_replacement(["lf", "wf"], n)
        if met([*there, *more])
    )
    people = pd.DataFrame(
        {"employment": ["full-time" if p[1] == "f" else "part-time" for p in there]},
        index=[f"x{n}" for n in range(len(there))],
        dtype="str",
    )
    appointed = posts(
        *(f"x{n} {'leader' if p[0] == 'l' else 'worker'}" for n, p in enumerate(there))
    )
    rule = (leaders, workers_min, full_time_min, as_worker, as_full_time)
    assert staffing(grids("01"), appointed, people, DAY, *rule)["hires"].tolist() == [fewest]
    assert staffing_faults(grids("01"), appointed, people, DAY, *rule).empty == met(there)


def test_an_unknown_worker_fills_the_post_but_never_as_full_time():
    appointed = posts("p1 leader", "p2 worker", "nobody worker")
    assert staffing(grids("01"), appointed, WORKERS, DAY).loc["01"].tolist() == [1, 2, 0, 1]


def test_appointments_to_nobody_or_nowhere_are_named():
    appointed = posts(
        "f1 leader",
        "ghost worker",
        ("f2", "worker", {"grid_code": "77"}),
        ("ghost", "worker", {"grid_code": "77"}),
        ("ghost", "worker", {"state": "approved"}),
    )
    stray = stray_appointments(grids("01"), appointed, WORKERS, DAY)
    assert stray["reason"].to_dict() == {
        "A1": "unknown-worker",
        "A2": "unknown-grid",
        "A3": "unknown-grid",
    }
    assert stray_appointments(grids("01"), posts(), WORKERS, DAY).empty


def test_a_fault_of_staffing_is_a_row_of_the_register():
    faults = staffing_faults(
        grids("01", "02"), posts("p1 leader"), WORKERS, DAY, households=pd.Series({"01": 400})
    )
    assert FINDINGS.check(faults) is faults
    shown = ["subject", "kind", "value", "standard", "households", "severity"]
    assert faults[shown].to_numpy().tolist() == [
        ["01", "few-workers", 0.0, "workers>=2", 400, 524.0],
        ["01", "no-full-time", 0.0, "full-time>=1", 400, 314.4],
        ["02", "no-leader", 0.0, "leaders>=1", 0, 0.0],
        ["02", "few-workers", 0.0, "workers>=2", 0, 0.0],
        ["02", "no-full-time", 0.0, "full-time>=1", 0, 0.0],
    ]
    assert faults["as_of"].eq(pd.Timestamp(DAY)).all()
    assert faults.geometry.notna().all()
    assert faults.crs == 4549


def test_a_table_of_grids_without_borders_can_be_judged_too():
    table = pd.DataFrame(index=pd.Index(["01"], name="grid_code"))
    faults = staffing_faults(table, posts(), WORKERS, DAY)
    assert len(faults) == 3
    assert faults.geometry.isna().all()
    assert faults["severity"].isna().all()


def test_no_grid_is_no_fault():
    assert staffing_faults(grids(), posts("f1 leader"), WORKERS, DAY).empty


@pytest.mark.parametrize("name", ["leaders", "workers_min", "full_time_min"])
def test_refuses_a_least_number_below_nothing(name):
    with pytest.raises(ParameterError, match=f"{name} is -1"):
        staffing(grids("01"), posts(), WORKERS, DAY, **{name: -1})
