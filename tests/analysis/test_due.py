import datetime as dt
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgeo.analysis.due import due_list
from gridgeo.errors import CRSError, ParameterError

DAY = dt.date(2026, 7, 1)
OUTCOMES = ("met", "nobody-home", "refused", "moved-away", None)


def homes(xy, **columns):
    """Households H00, H01, … of grid g1 unless told otherwise."""
    index = pd.Index([f"H{n:02d}" for n in range(len(xy))], name="household_id", dtype="str")
    places = gpd.GeoSeries.from_xy(*np.asarray(xy, float).reshape(-1, 2).T, index=index, crs=4549)
    return gpd.GeoDataFrame({"grid_code": "g1"} | columns, geometry=places, index=index)


def visits(*rows, **columns):
    """Visits from (household number, days ago, outcome), at ten o'clock."""
    at = [
        pd.Timestamp("2026-07-01 10:00", tz="Asia/Shanghai") - pd.Timedelta(days=ago)
        for _, ago, _ in rows
    ]
    return pd.DataFrame(
        {
            "household_id": pd.Series([f"H{h:02d}" for h, _, _ in rows], dtype="str"),
            "worker_id": "w",
            "visited_at": pd.Series(at, dtype="datetime64[us, Asia/Shanghai]").dt.tz_convert("UTC"),
            "outcome": pd.Series([o for _, _, o in rows], dtype="str"),
            **columns,
        }
    ).set_axis(pd.Index([f"v{n:03d}" for n in range(len(rows))], name="visit_id"))


def posts(*rows):
    """Appointments in force from (worker, grid) or (worker, grid, role)."""
    rows = [(*row, "worker")[:3] for row in rows]
    return pd.DataFrame(rows, columns=["worker_id", "grid_code", "role"]).assign(
        state="filed",
        valid_from=pd.Timestamp("2026-01-01"),
        valid_to=pd.Series(pd.NaT, index=range(len(rows)), dtype="datetime64[us]"),
    )


def lists(due):
    """Households of each worker in turn, as numbers."""
    return {
        worker: [int(i[1:]) for i in rows.sort_values("turn").index]
        for worker, rows in due.calls.groupby("worker_id")
    }


def left(due):
    return {int(i[1:]): why for i, why in due.left_out["because"].items()}


ROW = [(10 * n, 0) for n in range(8)]
ONE = posts(("w1", "g1"))


def test_who_is_due_and_why():
    # 90 days: 91 is overdue, 90 in time, 84 within 7 days of it, 83 not; 7 was never met.
    said = visits(
        (0, 91, "met"),
        (1, 90, "met"),
        (2, 84, "met"),
        (3, 83, "met"),
        (4, 0, "met"),
        (5, 91, "met"),
        (5, 60, "nobody-home"),
        (6, 120, "nobody-home"),
        (6, 100, "met"),
    )
    calls = due_list(homes(ROW), said, ONE, DAY).calls
    assert calls["why"].to_dict() == {
        "H00": "overdue",
        "H01": "soon",
        "H02": "soon",
        "H05": "overdue",
        "H06": "overdue",
        "H07": "never",
    }
    assert calls["days"].tolist() == [91, 90, 84, 91, 100, pd.NA]
    assert calls["leg_m"].tolist() == [0, 10, 10, 30, 10, 10]
    assert calls["turn"].tolist() == [1, 2, 3, 4, 5, 6]
    assert calls.loc["H05", "attempt"] == "nobody-home"
    assert calls.loc["H05", "last_attempt"] == pd.Timestamp("2026-05-02")
    assert calls.loc["H05", "last_met"] == pd.Timestamp("2026-04-01")
    # In vain before the last visit that counts: no longer worth telling.
    assert calls["last_attempt"].isna().tolist() == [True, True, True, False, True, True]
    assert calls["attempt"].isna().tolist() == [True, True, True, False, True, True]


def test_nobody_is_called_on_again_within_thirty_days():
    said = visits(
        (0, 29, "refused"),
        (1, 30, "refused"),
        (2, 5, "nobody-home"),
        (3, 1, "moved-away"),
        (4, 1, None),
        (5, 100, "met"),
        (6, 95, "met"),
        (7, 95, "met"),
    )
    due = due_list(homes(ROW), said, ONE, DAY)
    assert left(due) == {0: "contacted", 3: "contacted", 4: "contacted"}
    assert sorted(lists(due)["w1"]) == [1, 2, 5, 6, 7]
    assert due.left_out["not_before"]["H00"] == pd.Timestamp("2026-07-02")
    assert due.left_out["not_before"]["H03"] == pd.Timestamp("2026-07-30")
    # The first day said is the first day on which they are called on.
    assert "H00" in due_list(homes(ROW), said, ONE, dt.date(2026, 7, 2)).calls.index
    asked = said.assign(asked_for=[True] * 3 + [None] * 5)
    assert left(due_list(homes(ROW), asked, ONE, DAY)) == {3: "contacted", 4: "contacted"}
    counted = ("met", "refused")
    assert "H01" not in due_list(homes(ROW), said, ONE, DAY, outcomes=counted).calls.index


def test_an_empty_dwelling_owes_no_visit_and_places_unknown_come_last():
    here = homes(ROW, lived_in=[False, *[True] * 7], placed_by=["grid", "grid", *[None] * 6])
    calls = due_list(here, visits(), ONE, DAY).calls
    assert calls.index.tolist() == ["H02", "H03", "H04", "H05", "H06", "H07", "H01"]
    assert np.isnan(calls.loc["H01", "leg_m"])
    assert calls.loc["H01", "geometry"] is None


def test_a_day_s_number_takes_the_most_urgent():
    said = visits(
        (0, 200, "met"),
        (1, 100, "met"),
        (2, 95, "met"),
        (3, 85, "met"),
        (4, 2, "nobody-home"),
        (5, 10, "nobody-home"),
        (7, 300, "met"),
        (7, 6, "nobody-home"),
    )
    # Never tried before never met, then by days; tried within the week go behind all.
    by_urgency = [6, 5, 0, 1, 2, 3, 4, 7]
    for most in range(1, 9):
        due = due_list(homes(ROW), said, ONE, DAY, most=most)
        assert lists(due)["w1"] == sorted(by_urgency[:most])
        assert left(due) == dict.fromkeys(by_urgency[most:], "full")
        assert [int(i[1:]) for i in due.left_out.index] == by_urgency[most:]


def test_workers_of_a_grid_share_its_walk_evenly():
    crew = posts(("w2", "g1"), ("w1", "g1"), ("w3", "g1"), ("w1", "g1"))
    due = due_list(homes(ROW), visits(), crew, DAY)
    assert lists(due) == {"w1": [0, 1, 2], "w2": [3, 4, 5], "w3": [6, 7]}
    assert lists(due_list(homes(ROW), visits(), crew, DAY, most=2)) == {
        "w1": [0, 1],
        "w2": [2, 3],
        "w3": [4, 5],
    }


def test_stretches_are_cut_from_the_walk_whoever_is_more_urgent():
    said = visits((0, 200, "met"), (1, 100, "met"), (2, 190, "met"), (3, 95, "met"))
    due = due_list(homes(ROW[:4]), said, posts(("w1", "g1"), ("w2", "g1")), DAY)
    assert [set(one) for one in lists(due).values()] in ([{0, 1}, {2, 3}], [{2, 3}, {0, 1}])


def test_a_worker_of_two_grids_calls_on_the_most_urgent_of_both():
    said = visits((0, 200, "met"), (1, 100, "met"), (2, 150, "met"), (3, 95, "met"))
    both = homes(ROW[:4], grid_code=["g1", "g1", "g2", "g2"])
    due = due_list(both, said, posts(("w1", "g1"), ("w1", "g2")), DAY, most=2)
    assert {worker: set(one) for worker, one in lists(due).items()} == {"w1": {0, 2}}
    assert left(due) == {1: "full", 3: "full"}


def test_who_calls():
    two = homes(ROW, grid_code=[*["g1"] * 3, *["g2"] * 3, "g9", None])
    team = posts(("w1", "g1"), ("boss", "g1", "leader"), ("boss", "g2", "leader"), ("w1", "g7"))
    due = due_list(two, visits(), team, DAY)
    assert lists(due) == {"w1": [0, 1, 2], "boss": [3, 4, 5]}
    assert left(due) == {6: "nobody", 7: "nobody"}
    both = due_list(two, visits(), posts(("w1", "g1"), ("w1", "g2")), DAY, most=4)
    assert lists(both) == {"w1": [0, 1, 2, 3]}
    gone = team.assign(valid_to=pd.Timestamp("2026-07-01"))
    assert set(left(due_list(two, visits(), gone, DAY)).values()) == {"nobody"}
    given_grid = pd.Series(["g2"] * 8, index=two.index)
    assert lists(due_list(two, visits(), team, DAY, grid_code=given_grid)) == {
        "boss": [0, 1, 2, 3, 4, 5, 6, 7]
    }


def test_each_walk_begins_at_the_station_nearest_to_its_middle():
    stations = gpd.GeoSeries.from_xy([-5, 78, 5000], [0, 0, 0], crs=4549)
    calls = due_list(homes(ROW), visits(), ONE, DAY, stations=stations).calls
    assert calls["turn"]["H00"] == 1
    assert calls["leg_m"].tolist() == [5, *[10] * 7]
    calls = due_list(homes(ROW), visits(), ONE, DAY, stations=stations.iloc[1:]).calls
    assert (calls["turn"]["H07"], calls["leg_m"]["H07"]) == (1, 8)


def test_streets_are_walked_along():
    streets = gpd.GeoSeries.from_wkt(
        ["LINESTRING (0 0, 100 0)", "LINESTRING (0 20, 100 20)", "LINESTRING (100 0, 100 20)"],
        crs=4549,
    )
    bank = homes([(0, 0), (0, 20), (100, 0), (100, 20)])
    stations = gpd.GeoSeries.from_xy([10], [0], crs=4549)
    across = due_list(bank, visits(), ONE, DAY, stations=stations)
    along = due_list(bank, visits(), ONE, DAY, stations=stations, streets=streets)
    assert lists(across) == {"w1": [0, 1, 3, 2]}
    assert lists(along) == {"w1": [0, 2, 3, 1]}
    assert along.calls["leg_m"].tolist() == [10, 100, 20, 100]
    bare = due_list(bank, visits(), ONE, DAY, streets=streets).calls
    assert bare["leg_m"].sum() == 220


people = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 300), st.sampled_from(["g1", "g2", "g3"])),
    max_size=25,
)
rounds = st.lists(
    st.tuples(st.integers(0, 30), st.integers(-3, 200), st.sampled_from(OUTCOMES)), max_size=40
)
teams = st.lists(
    st.tuples(st.sampled_from(["w1", "w2", "w3"]), st.sampled_from(["g1", "g2", "g4"])), max_size=5
)


def a_city(rows):
    return homes([row[:2] for row in rows], grid_code=[row[2] for row in rows])


@settings(deadline=None)
@given(people, rounds, teams, st.none() | st.integers(1, 6))
def test_everybody_due_stands_exactly_once(rows, said, team, most):
    here = a_city(rows)
    due = due_list(here, visits(*said), posts(*team), DAY, most=most)
    named = [*due.calls.index, *due.left_out.index]
    assert len(named) == len(set(named))
    met = {}
    for home, ago, outcome in said:
        if outcome == "met" and ago >= 0:
            met[f"H{home:02d}"] = min(ago, met.get(f"H{home:02d}", ago))
    assert set(named) == {i for i in here.index if met.get(i, 999) > 83}
    lately = {f"H{h:02d}" for h, ago, o in said if 0 <= ago < 30 and o != "nobody-home"}
    assert not lately & set(due.calls.index)
    assert (due.left_out["because"] == "contacted").sum() == len(lately & set(named))
    of = {w: {g for worker, g in team if worker == w} for w in ("w1", "w2", "w3")}
    for worker, one in due.calls.groupby("worker_id"):
        assert set(one["grid_code"]) <= of[worker]
        assert one["turn"].tolist() == list(range(1, len(one) + 1))
        assert most is None or len(one) <= most
    crews = {g: {w for w, grid in team if grid == g} for g in ("g1", "g2", "g3")}
    for grid, one in due.calls.groupby("grid_code"):
        share = one["worker_id"].value_counts().reindex(sorted(crews[grid]), fill_value=0)
        if most is None:
            assert share.max() - share.min() <= 1


@settings(deadline=None, max_examples=50)
@given(people, rounds, teams, st.none() | st.integers(1, 6), st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_where_the_city_lies_matters(rows, said, team, most, dice):
    here, seen, crew = a_city(rows), visits(*said), posts(*team)
    stations = gpd.GeoSeries.from_xy([0, 300], [0, 150], crs=4549)
    first = due_list(here, seen, crew, DAY, most=most, stations=stations)

    def shuffled(frame):
        return frame.iloc[dice.sample(range(len(frame)), len(frame))]

    far = shuffled(here).set_geometry(shuffled(here).translate(40_000, 3_500_000))
    far = gpd.GeoDataFrame(far, crs=4549)
    second = due_list(
        far,
        shuffled(seen),
        shuffled(crew),
        DAY,
        most=most,
        stations=shuffled(stations).translate(40_000, 3_500_000),
    )
    for one, other in zip(first, second, strict=True):
        back = other.set_geometry(other.translate(-40_000, -3_500_000), crs=4549)
        pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(back))


def test_a_city_of_nobody_has_no_list():
    due = due_list(homes([]), visits(), posts(), DAY)
    assert len(due.calls) == len(due.left_out) == 0
    assert {"worker_id", "turn", "leg_m", "grid_code", "why", "days"} <= set(due.calls.columns)


def test_refuses_what_makes_no_list():
    here = homes(ROW)
    for wrong in ({"within_days": -1}, {"ahead_days": -1}, {"most": 0}, {"again_days": -1}):
        with pytest.raises(ParameterError, match=next(iter(wrong))):
            due_list(here, visits(), ONE, DAY, **wrong)
    with pytest.raises(ParameterError, match="2 households"):
        due_list(pd.concat([here, here.iloc[:2]]), visits(), ONE, DAY)
    with pytest.raises(ParameterError, match="which grid"):
        due_list(here.drop(columns="grid_code"), visits(), ONE, DAY)
    with pytest.raises(CRSError, match="to_metric"):
        due_list(here.set_crs(4490, allow_override=True), visits(), ONE, DAY)


def test_all_lists_of_a_city_take_seconds():
    rng = np.random.default_rng(1)
    n, grids = 24_000, 75  # a tenth of the city
    grid = rng.integers(0, grids, n)
    xy = np.column_stack([grid % 9, grid // 9]) * 900 + rng.random((n, 2)) * 600
    index = pd.Index([f"H{i:06d}" for i in range(n)], name="household_id")
    here = gpd.GeoDataFrame(
        {"grid_code": [f"g{g:03d}" for g in grid]},
        geometry=gpd.GeoSeries.from_xy(*xy.T, index=index, crs=4549),
        index=index,
    )
    at = pd.Timestamp("2026-07-01", tz="UTC") - pd.to_timedelta(rng.integers(0, 95, n), unit="D")
    seen = pd.DataFrame({"household_id": index, "visited_at": pd.Series(at), "outcome": "met"})
    crew = posts(*((f"w{g:03d}{k}", f"g{g:03d}") for g in range(grids) for k in (1, 2)))
    due_list(here.iloc[:100], seen, crew, DAY)  # compiles
    start = time.process_time()
    due_list(here, seen, crew, DAY)
    assert time.process_time() - start < 3  # 0.2 s on one idle core
