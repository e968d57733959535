import datetime as dt

import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from gridgeo.errors import ContractError
from gridgeo.model.findings import (
    FINDINGS,
    HOUSEHOLD_KINDS,
    KIND_WEIGHTS,
    finding_id,
    lasting,
    make_findings,
    severity,
)
from gridgeo.model.people import PERSONS_PER_HOUSEHOLD
from gridgeo.words import WORDS


def test_the_id_of_a_finding_does_not_depend_on_its_value():
    small = make_findings("size", ["01"], "300-500", value=[510.0], unit="households")
    large = make_findings("size", ["01"], "300-500", value=[900.0], unit="households")
    assert small.index.tolist() == large.index.tolist() == [finding_id("size", "01", "300-500")]


def test_kind_subject_and_standard_each_change_the_id():
    ids = {
        finding_id(*said)
        for said in [
            ("gap", "a+b", "1m2"),
            ("overlap", "a+b", "1m2"),
            ("gap", "a+c", "1m2"),
            ("gap", "a+b", "2m2"),
            ("gap", "a", "+b1m2"),
        ]
    }
    assert len(ids) == 5


def test_the_id_is_the_same_on_every_machine():
    # printf 'gap\x1fa+b\x1f1m2' | b2sum -l 48
    assert finding_id("gap", "a+b", "1m2") == "gap-642181ae9e0f"


def test_two_faults_between_the_same_grids_keep_two_rows():
    rows = make_findings("gap", ["a+b", "a+b", "a+c"], "1m2", value=[1, 2, 3])
    first = finding_id("gap", "a+b", "1m2")
    assert rows.index.tolist() == [first, f"{first}-2", finding_id("gap", "a+c", "1m2")]


def test_severity_is_persons_times_weight_on_the_first_day_and_nan_where_they_are_not_known():
    rows = make_findings(["orphan", "overlap"], ["h", "a+b"], "one grid", households=[1, None])
    assert rows["severity"].iloc[0] == PERSONS_PER_HOUSEHOLD * KIND_WEIGHTS["orphan"]
    assert np.isnan(rows["severity"].iloc[1])


def test_a_city_may_weigh_kinds_its_own_way():
    rows = make_findings("orphan", ["h"], "one grid", persons=4, weights={"orphan": 2.5})
    assert rows["severity"].tolist() == [10.0]


def test_severity_grows_with_the_days_that_the_evidence_tells():
    rows = make_findings("reach", ["a", "b"], "500m", persons=[3.0, None], days=[10, 4])
    assert rows["severity"].iloc[0] == 3 * 10 * KIND_WEIGHTS["reach"]
    assert np.isnan(rows["severity"].iloc[1])


def test_what_was_known_before_lasts_since_then_and_never_less_than_its_evidence():
    rows = make_findings("reach", ["a", "b", "c"], "500m", persons=2, days=[1, 40, 7])
    opened = pd.Series(pd.to_datetime(["2026-01-22", "2026-01-22"]), index=rows.index[:2])
    later = lasting(rows, opened, dt.date(2026, 1, 31))
    assert later["days"].tolist() == [10, 40, 7]
    assert later["severity"].tolist() == severity(later).tolist()
    assert FINDINGS.check(later) is later


@pytest.mark.parametrize("shape", [Point(0, 0), box(0, 0, 1, 1), None])
def test_evidence_may_be_of_any_kind_or_missing(shape):
    rows = make_findings(
        "reach",
        ["h"],
        "500m",
        value=[np.inf],
        unit="m",
        geometry=[shape],
        crs=4549,
        as_of=dt.date(2026, 1, 31),
    )
    assert FINDINGS.check(rows) is rows
    assert rows["as_of"].tolist() == [pd.Timestamp("2026-01-31")]


def test_no_finding_at_all_still_keeps_the_promise():
    none = make_findings("gap", [], "1m2", crs=4549)
    assert FINDINGS.check(none).empty
    one = make_findings("gap", ["a"], "1m2", geometry=[box(0, 0, 1, 1)], crs=4549)
    both = pd.concat([none, one])
    assert (both.dtypes == one.dtypes).all()
    assert both.crs == 4549


@pytest.mark.parametrize("value", ["much", "-"])
def test_a_value_must_be_a_number(value):
    rows = make_findings("size", ["01"], "300-500")
    rows["value"] = pd.Series([value], index=rows.index, dtype=object)
    with pytest.raises(ContractError, match="value must be a number"):
        FINDINGS.check(rows)


def test_every_kind_has_a_word_in_both_languages():
    assert set(KIND_WEIGHTS) <= set(WORDS)
    assert set(HOUSEHOLD_KINDS) <= set(KIND_WEIGHTS)
