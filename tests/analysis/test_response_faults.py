import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgeo.analysis.deadlines import ageing, on_time
from gridgeo.analysis.response_faults import response_faults, unanswered_faults

DAY = dt.date(2026, 7, 1)
NOW = pd.Timestamp("2026-07-01", tz="Asia/Shanghai")
GRIDS = gpd.GeoDataFrame(
    geometry=[shapely.box(x, 0, x + 1, 1) for x in range(4)],
    index=pd.Index(["g1", "g2", "g3", "g4"], name="grid_code"),
    crs=4549,
)
HOMES = pd.Series([100, 200, 300, 400], index=GRIDS.index)


def incidents(*rows):
    """Rows of (grid, department, hours since the report, hours it took or None), so many times."""
    told = [row[:4] for row in rows for _ in range(row[4] if len(row) > 4 else 1)]
    frame = pd.DataFrame(told, columns=["grid_code", "department", "age", "took"])
    frame["reported_at"] = NOW.tz_convert("UTC") - pd.to_timedelta(frame["age"], unit="h")
    took = pd.to_timedelta(frame["took"].astype("float64"), unit="h")
    frame["closed_at"] = frame["reported_at"] + took
    return frame


def test_incidents_past_their_limit_are_counted_by_grid_with_the_longest_wait():
    frame = incidents(
        ("g1", "a", 30, None), ("g1", "a", 80, None), ("g1", "a", 80, 70), ("g1", "a", 24, None),
        ("g3", "a", 25, None), (None, "a", 99, None), ("old", "a", 99, None),
        ("g2", "a", 99, None),
    )  # fmt: skip
    limit = pd.Series([24.0] * 7 + [np.nan])
    found = unanswered_faults(ageing(frame, limit, NOW), GRIDS, HOMES, DAY)
    assert found["subject"].tolist() == ["g1", "g3"]
    assert found["value"].tolist() == [2, 1]
    assert found["days"].tolist() == [3, 1]  # 56 hours past the limit, and one
    assert found["households"].tolist() == [100, 300]
    assert found["unit"].tolist() == ["incidents"] * 2
    assert (found["severity"] > 0).all()
    assert len(unanswered_faults(ageing(frame[:0], 24, NOW), GRIDS, None, DAY)) == 0


def shares(frame, least=0.75):
    tables = [on_time(frame, 24, NOW, by=by) for by in ("grid_code", "department")]
    return response_faults(*tables, GRIDS, HOMES, least, 90, DAY)


def test_a_share_is_too_low_where_its_whole_interval_lies_below_the_standard():
    frame = incidents(
        ("g1", "b", 99, 9, 60), ("g1", "b", 99, 90, 40),  # 60 %, Wilson up to 69.1 %
        ("g2", "c", 99, 9, 70), ("g2", "c", 99, 90, 30),  # 70 %, up to 78.1 %
        ("g3", "c", 99, 90, 49),  # of too few
        (None, "c", 99, 9, 499),
    )  # fmt: skip
    found, untold = shares(frame)
    assert found["subject"].tolist() == ["g1", "b"]
    assert found["value"].tolist() == [0.6, 0.6]
    assert found["standard"].tolist() == ["0.75 in 90d"] * 2
    assert found["grid_code"].iloc[0] == "g1"
    assert found["grid_code"].isna().tolist() == [False, True]
    assert found.geometry.isna().tolist() == [False, True]
    assert found["households"].iloc[0] == 100
    assert untold == 2  # g3 and g4
    assert shares(frame, 0.69)[0].empty
    assert set(shares(frame, 0.8)[0]["subject"]) == {"g1", "g2", "b"}


def test_what_is_not_due_yet_counts_for_neither():
    frame = incidents(("g1", "b", 99, 9, 60), ("g1", "b", 23, None, 500))
    found, untold = shares(frame, 0.9)
    assert found.empty
    assert untold == 3


def test_no_incidents():
    found, untold = shares(incidents())
    assert found.empty
    assert untold == 4
