"""Files without a key: it is made of what tells their rows apart."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.errors import ContractError
from gridgeo.ingest.intake import read
from gridgeo.ingest.made_key import made_key
from gridgeo.model.frames import VISITS

SEEN = replace(VISITS, key_from=("household_id", "visited_at"))
HEADER = "household_id,worker_id,visited_at\n"
EIGHT = "2026-06-24T08:00:00+08:00"


def frame(rows):
    homes, moments = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "household_id": pd.Series(homes, dtype="str"),
            "visited_at": pd.to_datetime(pd.Series(moments), unit="ms", utc=True),
        }
    )


@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["a", "b", "c1"]), st.integers(0, 2**42)),
        min_size=2,
        max_size=8,
    )
)
def test_two_rows_have_one_key_exactly_when_all_its_parts_are_equal(rows):
    keys = made_key(frame(rows), SEEN)
    assert keys.nunique() == len(set(rows))


def test_a_key_says_what_it_is_made_of(csv):
    intake = read(csv(f"{HEADER}h1,w,{EIGHT}\n"), SEEN)
    assert intake.accepted.index.tolist() == ["h1@2026-06-24 00:00:00.000"]
    assert intake.accepted.index.name == "visit_id"


def test_the_zone_in_which_a_time_is_written_makes_no_other_key(csv):
    lines = f"h1,w,{EIGHT}\nh1,w,2026-06-24T00:00:00Z\nh1,w,2026-06-24 08:00\n"
    intake = read(csv(HEADER + lines), SEEN)
    assert len(intake.accepted) == 1
    assert intake.rejects["code"].tolist() == ["duplicate-key"] * 2
    assert intake.rejects["row"].tolist() == [2, 3]


def test_a_row_whose_key_cannot_be_made_is_refused_for_what_is_missing(csv, told):
    intake = read(csv(f"{HEADER},w,{EIGHT}\nh1,w,\nh1,w,soon\nh1,w,{EIGHT}\n"), SEEN)
    assert told(intake) == [
        (1, "household_id", "missing"),
        (2, "visited_at", "missing"),
        (3, "visited_at", "not-time"),
    ]
    assert len(intake.accepted) == 1


def test_a_key_that_the_file_has_stays(csv, told):
    lines = f"v7,h1,w,{EIGHT}\n,h2,w,{EIGHT}\n"
    intake = read(csv("visit_id," + HEADER + lines), SEEN)
    assert intake.accepted.index.tolist() == ["v7"]
    assert told(intake) == [(2, "visit_id", "missing")]


def test_without_the_columns_it_is_made_of_they_are_asked_for(csv):
    with pytest.raises(ContractError, match="no column for visited_at,"):
        read(csv("household_id,worker_id\nh1,w\n"), SEEN)
    with pytest.raises(ContractError, match="no column for visit_id,"):
        read(csv(f"{HEADER}h1,w,{EIGHT}\n"), VISITS)
