import numpy as np
import pandas as pd
import pytest

from gridgeo.errors import NotFoundError, ParameterError
from gridgeo.services.waiting import COLUMNS, waiting
from tests.services.test_incident_detectors import AS_OF, Town, grids, incidents

ZONE = "Asia/Shanghai"


def town():
    told = incidents(
        (100, "0401", 50, None),
        (1100, "0401", 0.5, None),  # its hour is not over
        (1100, "0401", 9, None),
        (100, "0401", 9, 3),
        (9000, "9999", 7, None),  # in no grid, of no class
    )
    told["department"] = ["市政", "市政", "供水", "市政", None]
    told["note"] = "free text that nobody asked for"
    return Town(grids=grids(), incidents=told)


def test_those_longest_past_their_limit_come_first_and_those_without_one_last():
    found = waiting(town(), AS_OF, ZONE).rows
    assert found.index.tolist() == ["i0", "i2", "i1", "i4"]
    assert found["waited_h"].tolist() == [50, 9, 0.5, 7]
    assert found["overdue_h"].tolist()[:3] == [49, 8, -0.5]
    assert np.isnan(found["overdue_h"].iloc[3])
    assert found["grid_code"].fillna("–").tolist() == ["g0", "g1", "g1", "–"]
    assert found["class_name"].fillna("–").tolist() == ["路面塌陷"] * 3 + ["–"]
    assert tuple(found.columns) == COLUMNS  # no place, and nobody's words
    assert found.index.name == "incident_id"


def test_one_department_one_grid_and_only_what_is_past_its_limit():
    ids = [
        waiting(town(), AS_OF, ZONE, **how).rows.index.tolist()
        for how in (
            {"department": "市政"},
            {"grid": "g1"},
            {"department": "市政", "grid": "g1"},
            {"overdue_only": True},
        )
    ]
    assert ids == [["i0", "i1"], ["i2", "i1"], ["i1"], ["i0", "i2"]]


def test_counts_by_department_and_grid():
    found = waiting(town(), AS_OF, ZONE)
    told = found.counts("department")
    assert told.loc["市政"].tolist() == [2, 1, 49]
    assert told["waiting"].sum() == len(found.rows)
    by_grid = found.counts("grid_code")
    assert by_grid.loc["g1"].tolist() == [2, 1, 8]
    assert by_grid[by_grid.index.isna()]["waiting"].tolist() == [1]
    assert pd.isna(by_grid[by_grid.index.isna()]["longest_h"].iloc[0])
    with pytest.raises(ParameterError, match="department or grid_code is needed"):
        found.counts("town")


def test_what_is_not_there_is_said():
    with pytest.raises(NotFoundError, match="There is no department '园林'"):
        waiting(town(), AS_OF, ZONE, department="园林")
    with pytest.raises(NotFoundError, match="There is no grid 'g9'"):
        waiting(town(), AS_OF, ZONE, grid="g9")
    with pytest.raises(ParameterError, match="no incidents"):
        waiting(Town(grids=grids()), AS_OF, ZONE)
    with pytest.raises(ParameterError, match="no grids"):
        waiting(Town(), AS_OF, ZONE)


def test_nobody_waits():
    told = incidents((100, "0401", 50, 1))
    found = waiting(Town(grids=grids(), incidents=told), AS_OF, ZONE)
    assert found.rows.empty
    assert found.counts("grid_code").empty
