import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from gridgeo.errors import ConflictError, CRSError
from gridgeo.model.findings import make_findings
from gridgeo.store.register import RegisterChange

pytestmark = pytest.mark.db

MONDAY, TUESDAY, WEDNESDAY = (dt.date(2026, 3, n) for n in (2, 3, 4))


def found(subjects, kind="gap", value=1.0):
    n = len(subjects)
    return make_findings(
        kind,
        list(subjects),
        "none",
        value=[value] * n,
        households=[3] * n,
        geometry=[box(120, 32, 121, 33)] * n,
        crs=4490,
    )


def test_findings_open_stay_open_and_close(store):
    assert store.record_findings(found("abc"), MONDAY) == RegisterChange(3, 0, 0)
    assert store.record_findings(found("bcd"), TUESDAY) == RegisterChange(1, 2, 1)
    now = store.findings()
    assert set(now["subject"]) == set("bcd")
    by_subject = now.set_index("subject")
    assert by_subject.loc["b", "opened_on"] == pd.Timestamp(MONDAY)
    assert by_subject.loc["d", "opened_on"] == pd.Timestamp(TUESDAY)
    assert now["closed_on"].isna().all()
    assert set(store.findings(on=MONDAY)["subject"]) == set("abc")
    assert store.findings(on=MONDAY).set_index("subject").loc["a", "closed_on"] == pd.Timestamp(
        TUESDAY
    )


def test_the_same_findings_on_the_same_day_change_nothing(store):
    store.record_findings(found("abc"), MONDAY)
    before = store.findings()
    assert store.record_findings(found("abc"), MONDAY) == RegisterChange(0, 3, 0)
    assert store.findings().equals(before)


def test_a_fault_that_comes_back_is_a_new_episode(store):
    store.record_findings(found("a"), MONDAY)
    store.record_findings(found(""), TUESDAY)
    assert store.record_findings(found("a"), WEDNESDAY) == RegisterChange(1, 0, 0)
    assert store.findings()["opened_on"].tolist() == [pd.Timestamp(WEDNESDAY)]
    assert len(store.findings(on=TUESDAY)) == 0
    assert len(store.findings(on=MONDAY)) == 1


def test_what_was_not_looked_for_stays_open(store):
    store.record_findings(found("a", "gap"), MONDAY)
    change = store.record_findings(found("b", "orphan"), TUESDAY, kinds=["orphan", "reach"])
    assert change == RegisterChange(1, 0, 0)
    assert set(store.findings()["kind"]) == {"gap", "orphan"}
    assert store.record_findings(found(""), TUESDAY, kinds=["gap"]) == RegisterChange(0, 0, 1)


def test_a_fault_found_worse_keeps_its_day_and_tells_the_new_value(store):
    store.record_findings(found("a", value=1.0), MONDAY)
    store.record_findings(found("a", value=np.inf), TUESDAY)
    now = store.findings().iloc[0]
    assert now["value"] == np.inf
    assert now["as_of"] == pd.Timestamp(TUESDAY)
    assert now["opened_on"] == pd.Timestamp(MONDAY)


def test_severity_grows_with_every_day_that_a_fault_stays(store):
    store.record_findings(found("a"), MONDAY)
    first = store.findings().iloc[0]
    store.record_findings(found("ab"), WEDNESDAY)
    now = store.findings().set_index("subject")
    assert now["days"].to_dict() == {"a": 3, "b": 1}
    assert now.loc["a", "severity"] == pytest.approx(3 * first["severity"])
    store.record_findings(found("ab"), WEDNESDAY)
    assert store.findings().set_index("subject")["days"].to_dict() == {"a": 3, "b": 1}


def test_the_past_is_not_rewritten(store):
    store.record_findings(found("a"), TUESDAY)
    with pytest.raises(ConflictError, match="stands at 2026-03-03"):
        store.record_findings(found("b"), MONDAY)


def test_findings_without_evidence_are_kept_too(store):
    bare = make_findings("no-leader", ["g1"], "1 leader")
    store.record_findings(bare, MONDAY)
    now = store.findings()
    assert now.geometry.isna().all()
    assert pd.isna(now["households"].iloc[0])
    assert now.crs == 4490


def test_evidence_without_a_crs_is_refused(store):
    lost = make_findings("orphan", ["h1"], "in a grid", geometry=[Point(1, 2)])
    with pytest.raises(CRSError, match="have no CRS"):
        store.record_findings(lost, MONDAY)


def test_an_empty_register_is_an_empty_frame(store):
    now = store.findings()
    assert isinstance(now, gpd.GeoDataFrame)
    assert len(now) == 0
    assert {"kind", "opened_on", "closed_on", "geometry"} <= set(now.columns)
