"""What tracks come to, which patrols are valid, and which grids lack some."""

import datetime as dt
import itertools
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.tracks import (
    patrol_days,
    patrol_faults,
    track_facts,
    valid_patrols,
)
from gridgeo.errors import CRSError, InputError, ParameterError
from gridgeo.model.findings import FINDINGS
from gridgeo.model.frames import PATROLS

TOWN = Path(__file__).parents[2] / "data" / "samples" / "town"
METRES = 4549
DAY = dt.date(2026, 7, 1)


def grids_of(**boxes):
    """Grids from (west, south, east, north)."""
    shapes = gpd.GeoSeries([shapely.box(*b) for b in boxes.values()], crs=METRES)
    index = pd.Index(list(boxes), name="grid_code", dtype="str")
    return gpd.GeoDataFrame(geometry=shapes.set_axis(index), index=index)


GRIDS = grids_of(g1=(0, 0, 100, 100), g2=(100, 0, 200, 100))


def fixes_of(*rows, crs=METRES, **columns):
    """Fixes from (track, minute of the day in UTC, x, y)."""
    track, minute, x, y = zip(*rows, strict=True) if rows else ((), (), (), ())
    t = pd.Timestamp("2026-06-24", tz="UTC") + pd.to_timedelta(list(minute), unit="min")
    return gpd.GeoDataFrame(
        {"track_id": pd.Series(track, dtype="str"), "t": t, **columns},
        geometry=gpd.GeoSeries.from_xy(x, y, crs=crs),
    )


def patrols_of(*rows):
    """Patrols from (grid, local start, minutes, fixes, share inside)."""
    starts = pd.Series([pd.Timestamp(start, tz="Asia/Shanghai") for _, start, *_ in rows])
    starts = pd.to_datetime(starts, utc=True).astype("datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "grid_code": pd.Series([r[0] for r in rows], dtype="str"),
            "starts_at": starts,
            "ends_at": starts + pd.to_timedelta([r[2] for r in rows], unit="min"),
            "fixes": pd.Series([r[3] for r in rows], dtype="int64"),
            "inside_share": pd.Series([r[4] for r in rows], dtype="float64"),
        }
    ).set_axis(pd.Index([f"p{n}" for n in range(len(rows))], name="patrol_id", dtype="str"))


def good(grid, start):
    return grid, start, 70, 90, 0.9


def of_town():
    tracks = pd.read_parquet(TOWN / "tracks.parquet")
    places = gpd.GeoSeries.from_xy(tracks.pop("lon"), tracks.pop("lat"), crs=4490)
    grids = gpd.read_file(TOWN / "grids.geojson").set_index("grid_code").to_crs(METRES)
    return gpd.GeoDataFrame(tracks, geometry=places), grids


def test_a_track_comes_to_what_its_fixes_say():
    rows = [("b", 7, 30, 0), ("a", 0, 0, 0), ("a", 1, 60, 80), ("a", 4, 60, 180), ("a", 5, 100, 50)]
    facts = track_facts(
        fixes_of(*rows, worker_id=["w2", "w1", "w1", None, "w3"], grid_code=["g2", *["g1"] * 4]),
        GRIDS,
    )
    assert facts.index.tolist() == ["a", "b"]
    assert facts.index.name == "track_id"
    a, b = facts.loc["a"], facts.loc["b"]
    # From the second fix to the third are three minutes: that leg is broken.
    assert a["distance_m"] == pytest.approx(100 + np.hypot(40, 130))
    assert (a["worker_id"], a["grid_code"], a["fixes"]) == ("w1", "g1", 4)
    assert a["inside_share"] == 0.75  # the last one is on the border
    assert str(a["starts_at"]) == "2026-06-24 00:00:00+00:00"
    assert str(a["ends_at"]) == "2026-06-24 00:05:00+00:00"
    assert (b["fixes"], b["inside_share"], b["distance_m"]) == (1, 0.0, 0.0)
    assert list(facts) == [column.name for column in PATROLS.columns]
    assert facts["starts_at"].dtype == facts["ends_at"].dtype == "datetime64[us, UTC]"
    PATROLS.check(facts.rename_axis("patrol_id"))


def test_without_a_grid_on_record_the_one_with_most_fixes_is_taken():
    rows = [("a", 0, 10, 10), ("a", 1, 150, 10), ("a", 2, 150, 20), ("b", 0, 10, 10)]
    rows += [("b", 1, 150, 10), ("c", 0, -5, -5), ("d", 0, 150, 10)]
    facts = track_facts(fixes_of(*rows), GRIDS)
    assert facts["grid_code"].iloc[:2].tolist() == ["g2", "g1"]  # of two alike the lower code
    assert facts["grid_code"].isna().tolist() == [False, False, True, False]
    assert facts["inside_share"].tolist() == pytest.approx([2 / 3, 1 / 2, 0, 1])
    assert facts["worker_id"].isna().all()
    told = fixes_of(*rows, grid_code=["g1", None, None, "g2", "gone", "gone", None])
    facts = track_facts(told, GRIDS)
    # What is on record counts before what is seen, also of one fix alone.
    assert facts["grid_code"].tolist() == ["g1", "g2", "gone", "g2"]
    assert facts["inside_share"].tolist() == pytest.approx([1 / 3, 1 / 2, 0, 1])


def test_overlapping_grids_are_judged_each_by_itself():
    grids = grids_of(g1=(0, 0, 100, 100), g2=(0, 0, 200, 100))
    rows = [("a", 0, 50, 50), ("a", 1, 150, 50)]
    assert track_facts(fixes_of(*rows, grid_code="g2"), grids)["inside_share"].tolist() == [1.0]
    assert track_facts(fixes_of(*rows, grid_code="g1"), grids)["inside_share"].tolist() == [0.5]


def test_only_fixes_of_duty_hours_count_and_nothing_is_joined_over_a_pause():
    rows = [("a", minute, 10 * minute, 0) for minute in range(7)] + [("b", 30, 0, 0)]
    fixes = fixes_of(*rows, worker_id="w1", grid_code="g1")
    midnight = pd.Timestamp("2026-06-24", tz="UTC")

    def duty(*hours, worker="w1"):
        return pd.DataFrame(
            {
                "worker_id": worker,
                "starts_at": [midnight + pd.Timedelta(minutes=a) for a, _ in hours],
                "ends_at": [midnight + pd.Timedelta(minutes=b) for _, b in hours],
            }
        )

    facts = track_facts(fixes, GRIDS, duty((4, 5), (0, 2)))
    assert facts.index.tolist() == ["a"]
    assert facts.loc["a", ["fixes", "distance_m"]].tolist() == [5, 30]
    assert facts["ends_at"].tolist() == [midnight + pd.Timedelta(minutes=5)]
    # The fix between two that count is off duty: they are no leg.
    split = track_facts(fixes, GRIDS, duty((0, 2), (3.5, 6)))
    assert split.loc["a", ["fixes", "distance_m"]].tolist() == [6, 40]
    # A long duty is not ended by a short one within it.
    assert track_facts(fixes, GRIDS, duty((0, 6), (1, 2)))["fixes"].tolist() == [7]
    assert track_facts(fixes, GRIDS, duty((0, 60), worker="w2")).empty
    assert track_facts(fixes, GRIDS, duty()).empty
    with pytest.raises(InputError, match="fixes has no column worker_id"):
        track_facts(fixes.drop(columns="worker_id"), GRIDS, duty((0, 1)))
    with pytest.raises(InputError, match="duty has no column worker_id"):
        track_facts(fixes, GRIDS, duty((0, 1)).drop(columns="worker_id"))
    with pytest.raises(InputError, match="duty has no column ends_at"):
        track_facts(fixes, GRIDS, duty((0, 1)).drop(columns="ends_at"))


def test_facts_of_nothing_and_of_fixes_without_a_place():
    none = track_facts(fixes_of(), GRIDS)
    assert none.empty
    assert list(none) == [column.name for column in PATROLS.columns]
    rows = [("a", 0, np.nan, 5), ("b", 0, 5, 5), ("b", 1, 5, np.inf)]
    facts = track_facts(fixes_of(*rows), GRIDS)
    assert facts.index.tolist() == ["b"]
    assert facts["fixes"].tolist() == [1]
    assert track_facts(fixes_of(*rows), GRIDS[:0])["inside_share"].tolist() == [0.0]
    missing = fixes_of(("a", 0, 5, 5))
    missing.geometry = [None]
    assert track_facts(missing, GRIDS).empty
    with pytest.raises(CRSError, match=r"to_metric\(grids\)"):
        track_facts(fixes_of(), GRIDS.to_crs(4490))


@given(seed=st.integers(0, 99))
def test_the_order_of_fixes_says_nothing(seed):
    rng = np.random.default_rng(seed)
    rows = [
        (str(rng.integers(3)), int(rng.integers(9)), *rng.integers(-20, 220, 2).tolist())
        for _ in range(20)
    ]
    fixes = fixes_of(*rows, worker_id=rng.choice(["w1", "w2"], 20))
    facts = track_facts(fixes, GRIDS)
    mixed = track_facts(fixes.sample(frac=1, random_state=seed), GRIDS)
    pd.testing.assert_frame_equal(mixed, facts)
    there = track_facts(fixes, grids_of(g2=GRIDS.total_bounds).iloc[:0])
    assert there["distance_m"].tolist() == facts["distance_m"].tolist()


def test_a_patrol_is_valid_or_told_all_that_is_wrong():
    walked = patrols_of(
        ("g", "2026-06-24 08:00", 60, 30, 0.5),
        ("g", "2026-06-24 11:00", 59.99, 29, 0.49),
        ("g", "2026-06-24 10:59", 60, 30, 0.5),
        ("g", "2026-06-24 11:00", 60, 30, 0.5),
        ("g", "2026-06-24 15:00", 60, 30, np.nan),
        ("h", "2026-06-24 08:30", 60, 30, 1.0),
        (None, "2026-06-24 08:30", 10, 30, 1.0),
    )
    judged = valid_patrols(walked)
    assert judged.index.equals(walked.index)
    assert judged["reason"].tolist() == [
        "",
        "short+few-fixes+outside",
        "too-soon",
        "",
        "outside",
        "",
        "no-grid+short",
    ]
    assert judged["valid"].tolist() == judged["reason"].eq("").tolist()
    assert judged.dtypes.astype("str").tolist() == ["bool", "str"]


def test_standards_are_the_citys_own():
    walked = patrols_of(
        ("g", "2026-06-24 08:00", 30, 9, 0.2), ("g", "2026-06-24 08:30", 30, 9, 0.2)
    )
    loose = valid_patrols(walked, 30, 9, 0.2, 0.5)
    assert loose["valid"].all()
    for standard in ({"min_minutes": 31}, {"min_fixes": 10}, {"min_inside_share": 0.21}):
        strict = {"min_minutes": 30, "min_fixes": 9, "min_inside_share": 0.2, **standard}
        assert not valid_patrols(walked, **strict)["valid"].any()
    assert valid_patrols(walked, 30, 9, 0.2, 0.51)["valid"].tolist() == [True, False]
    for name in ("min_minutes", "min_fixes", "min_inside_share", "apart_h"):
        for value in (-1, np.nan, "60"):
            with pytest.raises(ParameterError, match=f"{name} is"):
                valid_patrols(walked, **{name: value})
    with pytest.raises(ParameterError, match="a share is 0 to 1"):
        valid_patrols(walked, min_inside_share=50)


@given(
    starts=st.lists(st.integers(0, 23), max_size=8), apart=st.integers(0, 9), seed=st.integers(0, 9)
)
def test_no_other_choice_of_patrols_apart_has_more(starts, apart, seed):
    times = [f"2026-06-24 {hour:02d}:00" for hour in starts]
    walked = patrols_of(*[good("g", t) for t in times]).sample(frac=1, random_state=seed)
    judged = valid_patrols(walked, apart_h=apart)
    valid = judged["valid"]
    chosen = sorted(walked["starts_at"][valid])
    assert all(b - a >= pd.Timedelta(hours=apart) for a, b in itertools.pairwise(chosen))
    most = max(
        (
            size
            for size in range(len(starts) + 1)
            for some in itertools.combinations(sorted(starts), size)
            if all(b - a >= apart for a, b in itertools.pairwise(some))
        ),
        default=0,
    )
    assert valid.sum() == most
    # Every one left out starts too soon after one that counts: what its reason says.
    for start in walked["starts_at"][~valid]:
        assert any(pd.Timedelta(0) <= start - c < pd.Timedelta(hours=apart) for c in chosen)


def test_a_day_is_one_of_the_city():
    walked = patrols_of(
        good("g1", "2026-06-29 23:30"),
        good("g1", "2026-06-30 00:10"),
        good("g1", "2026-06-28 23:59"),
        good("g2", "2026-07-01 00:00"),
        good("gone", "2026-06-30 12:00"),
    )
    first, last = dt.date(2026, 6, 29), dt.date(2026, 6, 30)
    count = patrol_days(walked, GRIDS, first, last)
    assert count.index.equals(GRIDS.index)
    assert count.columns.tolist() == [first, last]
    assert count.to_numpy().tolist() == [[1, 1], [0, 0]]
    # In UTC both of g1 are of the 29th, and that of g2 is of the 30th.
    assert patrol_days(walked, GRIDS, first, last, "UTC").to_numpy().tolist() == [[2, 0], [0, 1]]
    assert patrol_days(walked, GRIDS, last, first).shape == (2, 0)
    assert patrol_days(walked[:0], GRIDS, first, last).to_numpy().tolist() == [[0, 0]] * 2
    assert patrol_days(walked, GRIDS[:0], first, last).shape == (0, 2)


def test_faults_are_the_days_before_the_day_asked_about():
    walked = [good("g1", f"2026-06-{day} {hour}:00") for day in (29, 30) for hour in ("08", "15")]
    faults = patrol_faults(GRIDS, patrols_of(*walked[:3]), DAY, days=2)
    assert faults["subject"].tolist() == faults["grid_code"].tolist() == ["g1", "g2"]
    assert faults["value"].tolist() == faults["days"].tolist() == [1, 2]
    assert set(faults["standard"]) == {"2/d,2d"}
    assert set(faults["unit"]) == {"days"}
    assert set(faults["kind"]) == {"patrol"}
    assert faults.geometry.tolist() == GRIDS.geometry.tolist()
    assert faults.crs == GRIDS.crs
    FINDINGS.check(faults)
    today = patrols_of(*walked, good("g1", "2026-07-01 08:00"))
    assert patrol_faults(GRIDS, today, DAY, days=2)["subject"].tolist() == ["g2"]
    assert patrol_faults(GRIDS, today, dt.date(2026, 7, 2), days=1)["subject"].size == 2
    assert patrol_faults(GRIDS, today, DAY, days=2, per_day=0).empty
    once = patrol_faults(GRIDS, patrols_of(*walked[:3]), DAY, days=2, per_day=1)
    assert once["subject"].tolist() == ["g2"]
    # Two within an hour are one: the rule holds here, too.
    near = patrols_of(*walked[:2], walked[2], good("g1", "2026-06-30 09:00"))
    assert patrol_faults(GRIDS, near, DAY, days=2)["value"].tolist() == [1, 2]
    assert patrol_faults(GRIDS, near, DAY, days=2, apart_h=1)["subject"].tolist() == ["g2"]


def test_a_grid_owes_no_patrol_before_it_was_there():
    grids = GRIDS.assign(valid_from=pd.to_datetime(["2026-06-29", None]))
    faults = patrol_faults(grids, patrols_of(), DAY)
    assert faults["value"].tolist() == [2, 7]
    late = GRIDS.assign(valid_from=pd.Timestamp("2026-07-01"))
    assert patrol_faults(late, patrols_of(), DAY).empty


def test_severity_counts_the_people_of_the_grid_and_the_days():
    homes = pd.Series({"g2": 100})
    faults = patrol_faults(GRIDS, patrols_of(), DAY, households=homes)
    assert faults["households"].tolist() == [0, 100]
    assert faults["severity"].tolist() == pytest.approx([0, 100 * 2.62 * 7 * 0.2])


def test_in_the_town_the_planted_grids_are_found_and_no_other():
    fixes, grids = of_town()
    faults = patrol_faults(grids, track_facts(fixes, grids), DAY)
    truth = json.loads((TOWN / "truth.json").read_text(encoding="utf-8"))["defects"]
    planted = {code for d in truth if d["kind"] == "patrol" for code in d["subjects"]}
    assert set(faults["subject"]) == planted
    assert len(faults) == len(planted) == 2
    assert faults["value"].tolist() == [7, 7]
    roster = pd.read_csv(TOWN / "rosters.csv", dtype="str")
    on_duty = track_facts(fixes, grids, roster)
    pd.testing.assert_frame_equal(on_duty, track_facts(fixes, grids))


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_refuses_a_period_that_is_none(value):
    with pytest.raises(ParameterError, match="days is"):
        patrol_faults(GRIDS, patrols_of(), DAY, days=value)
    if value != 0:
        with pytest.raises(ParameterError, match="per_day is"):
            patrol_faults(GRIDS, patrols_of(), DAY, per_day=value)


def test_refuses_patrols_that_do_not_tell():
    walked = patrols_of(good("g", "2026-06-24 08:00"))
    with pytest.raises(InputError, match="patrols has no column fixes, inside_share"):
        valid_patrols(walked.drop(columns=["fixes", "inside_share"]))
    with pytest.raises(InputError, match="no column grid_code"):
        patrol_days(walked.drop(columns="grid_code"), GRIDS, DAY, DAY)
    with pytest.raises(InputError, match="1 rows with no time in starts_at"):
        valid_patrols(walked.assign(starts_at=pd.NaT))
