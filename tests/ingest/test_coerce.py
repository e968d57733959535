import datetime as dt
import re
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.errors import ParameterError
from gridgeo.ingest.coerce import NO, YES, coerce, dates_without_hour, tightened, time_zone
from gridgeo.model.contract import Column

SHANGHAI = ZoneInfo("Asia/Shanghai")
KINDS = ("text", "int", "float", "bool", "date", "time")


def turned(values, kind, name="note", **column):
    given = pd.Series(values, dtype=object)
    values, lost = coerce(given, Column(name, kind, **column), SHANGHAI)
    assert values.index.equals(given.index)
    return values.astype(object).where(~lost, "LOST").where(values.notna() | lost, None).tolist()


cells = st.one_of(
    st.none(),
    st.text("是否yesno 0123456789.-/:TZ年月日+e", max_size=20),
    st.integers(-(2**62), 2**62),
    st.floats(),
    st.booleans(),
    st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2200-01-01")),
    st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)),
)


@given(values=st.lists(cells, max_size=6), kind=st.sampled_from(KINDS))
def test_turning_twice_changes_nothing(values, kind):
    column = Column("note", kind)
    once, _ = coerce(pd.Series(values, dtype=object), column, SHANGHAI)
    again, lost = coerce(once, column, SHANGHAI)
    assert again.equals(once)
    assert again.dtype == once.dtype
    assert not lost.any()


@given(values=st.lists(cells, min_size=1, max_size=6), kind=st.sampled_from(KINDS))
def test_each_value_is_turned_as_if_it_were_alone(values, kind):
    assert turned(values, kind) == [turned([value], kind)[0] for value in values]


@given(values=st.lists(cells, min_size=1, max_size=6), kind=st.sampled_from(KINDS))
def test_only_what_is_empty_turns_into_nothing(values, kind):
    for before, after in zip(values, turned(values, kind), strict=True):
        empty = pd.isna(before) or (isinstance(before, str) and not before.strip())
        assert (after is None) == empty


@given(values=st.lists(cells, min_size=1, max_size=6), kind=st.sampled_from(KINDS))
def test_what_is_turned_has_the_kind_the_contract_asks_for(values, kind):
    column = Column("note", kind)
    result, _ = coerce(pd.Series(values, dtype=object), column, SHANGHAI)
    endless = result.isin([np.inf, -np.inf]).astype(bool)
    assert (column.faults(result) == "").equals(~endless)


of_dtype = {
    "int64": st.integers(-(2**63), 2**63 - 1) | st.integers(-1, 2) | st.just(20260131),
    "Int64": st.integers(-(2**53), 2**53) | st.integers(-1, 2) | st.none(),
    "float64": st.floats() | st.sampled_from([0.0, 1.0, 20260131.0, 2.0**53]),
    "bool": st.booleans(),
    "boolean": st.booleans() | st.none(),
    "datetime64[us]": st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2200-01-01"))
    | st.none(),
}


@given(data=st.data(), dtype=st.sampled_from(sorted(of_dtype)), kind=st.sampled_from(KINDS))
def test_typed_columns_are_turned_as_their_values_one_by_one(data, dtype, kind):
    values = pd.Series(data.draw(st.lists(of_dtype[dtype], max_size=6)), dtype=dtype)
    turned, lost = coerce(values, Column("note", kind), SHANGHAI)
    one_by_one, alone = coerce(values.astype(object), Column("note", kind), SHANGHAI)
    pd.testing.assert_series_equal(turned, one_by_one)
    assert lost.tolist() == alone.tolist()


def columns_of(cells, size=8):
    """Make texts on an index that is no range, some of them gaps."""
    return st.lists(cells | st.sampled_from([None, "", " \u3000"]), max_size=size).map(
        lambda texts: pd.Series(texts, index=range(len(texts), 0, -1), dtype="str")
    )


def stood(values):
    return [None if pd.isna(v) or not v.strip() else v.strip() for v in values]


def turned_texts(values, kind, **column):
    turned, lost = coerce(values, Column("grid_code", kind, **column), SHANGHAI)
    assert turned.index.equals(values.index)
    assert lost.tolist() == [
        there is not None and pd.isna(value)
        for there, value in zip(stood(values), turned, strict=True)
    ]
    return [None if pd.isna(value) else value for value in turned]


clocks = st.builds(
    "{}{}{}{}{}{}".format,
    st.sampled_from(["T", " ", "  ", "\u3000"]),
    st.sampled_from(["8:05", "08:05", "23:59", "24:00", "7:60", "08:05"]),
    st.sampled_from(["", ":00", ":59", ":60"]),
    st.sampled_from(["", "", ".5", ".123456"]),
    st.sampled_from(["", " "]),
    st.sampled_from(["", "Z", "+08:00", "-0530", "+01:00"]),
)
days = st.builds(
    lambda form, year, month, day: form.format(year, month, day),
    st.sampled_from(["{}-{:02}-{:02}", "{}-{}-{}", "{}/{}/{}", "{}年{}月{}日", "{}{:02}{:02}"]),
    st.integers(1995, 2200),
    st.integers(0, 13),
    st.integers(0, 32) | st.integers(1, 28),
)
written = st.one_of(
    days, st.builds("{}{}".format, days, clocks), st.text("2026-1 :日Z", max_size=9)
)
FORM = re.compile(
    r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d\d)(\d\d))"
    r"(?:[T\s]+(\d{1,2}):(\d\d)(?::(\d\d)(\.\d+)?)?\s*(?:(Z)|([+-]\d\d):?(\d\d))?)?"
)


def moment_of(text):
    """Read one text with the standard library."""
    found = FORM.fullmatch(text or "")
    if found is None:
        return None
    year, month, day, month2, day2, hour, minute, second, fraction, utc, east, past = found.groups()
    zone = dt.UTC if utc else SHANGHAI
    if east:
        zone = dt.timezone(dt.timedelta(hours=int(east), minutes=int(f"{east[0]}{past}")))
    numbers = [int(n or 0) for n in (year, month or month2, day or day2, hour, minute, second)]
    try:
        return dt.datetime(*numbers, round(float(fraction or 0) * 1e6), tzinfo=zone)
    except ValueError:
        return None


@given(values=columns_of(written))
def test_columns_of_moments_are_read_as_the_standard_library_reads_each(values):
    moments = [moment_of(text) for text in stood(values)]
    assert turned_texts(values, "time") == moments
    local = [m and pd.Timestamp(m.astimezone(SHANGHAI).date()) for m in moments]
    assert turned_texts(values, "date") == local
    bare = [
        bool(found and found[6] is None) for found in map(FORM.fullmatch, map(str, stood(values)))
    ]
    assert dates_without_hour(values) == sum(bare)


@given(
    values=columns_of(st.floats().map(repr) | st.integers().map(str) | st.text("1.e-x", max_size=5))
)
def test_columns_of_numbers_are_read_as_python_reads_each(values):
    def real(text):
        try:
            return None if np.isnan(float(text)) else float(text)
        except (TypeError, ValueError):
            return None

    assert turned_texts(values, "float") == [real(text) for text in stood(values)]


@given(
    values=columns_of(
        st.sampled_from(
            ["Yes", "NO", "是", "T", "yeſ", "y", "General", "专属", "DEDICATED", "1.0", "007.00"]
        )
        | st.text(max_size=3)
        | st.integers(10**13, 10**14).map(str)
    )
)
def test_columns_of_words_are_understood_as_each_word_is(values):
    texts = stood(values)
    folded = [text and text.casefold() for text in texts]
    truth = [True if w in YES else False if w in NO else None for w in folded]
    assert turned_texts(values, "bool") == truth
    whole = [text and re.sub(r"^(\d+)\.0+$", r"\1", text) for text in texts]
    assert turned_texts(values, "text") == whole
    words = {"general": "general", "dedicated": "dedicated", "专属": "dedicated"}
    chosen = [text and words.get(text.casefold(), text) for text in whole]
    assert turned_texts(values, "text", choices=("general", "dedicated")) == chosen


@pytest.mark.parametrize(
    ("written", "whole"),
    [(" 12 ", 12), ("12.0", 12), ("-3", -3), (12.0, 12), ("1e3", 1000), ("007", 7), (2**60, 2**60)],
)
def test_whole_numbers_are_read_from_text_and_floats(written, whole):
    assert turned([written], "int") == [whole]


@pytest.mark.parametrize("written", ["12.5", "1,234", "twelve", "12人", 12.5, "inf", "1e300"])
def test_what_is_no_whole_number_is_lost_and_its_neighbours_are_not(written):
    assert turned([written, "3", None], "int") == ["LOST", 3, None]


LEAST, MOST = -(2**63), 2**63 - 1


@pytest.mark.parametrize("beside", [[], [None], [1.5], [-1], ["x"]])
@pytest.mark.parametrize("write", [int, str])
def test_a_whole_number_is_exact_up_to_64_bits_whatever_stands_beside_it(beside, write):
    exact = [LEAST, 2**53 + 1, MOST]
    assert turned([write(n) for n in exact] + beside, "int")[:3] == exact
    assert turned([write(LEAST - 1), write(MOST + 1), *beside], "int")[:2] == ["LOST", "LOST"]


@pytest.mark.parametrize("dtype", ["uint64", "UInt64"])
def test_unsigned_numbers_are_turned_as_far_as_they_fit(dtype):
    values = pd.Series(np.array([3, MOST, MOST + 1], dtype="uint64")).astype(dtype)
    whole, lost = coerce(values, Column("n", "int"), SHANGHAI)
    assert whole[:2].tolist() == [3, MOST]
    assert lost.tolist() == [False, False, True]


def test_a_long_code_beside_a_gap_keeps_its_last_digit():
    assert turned([None, 2**53 + 1], "text", "grid_code") == [None, str(2**53 + 1)]


def test_a_date_is_no_number_though_pandas_counts_it():
    days = pd.Series(pd.to_datetime(["2026-01-31"]))
    for kind in ("int", "float"):
        assert coerce(days, Column("n", kind), SHANGHAI)[1].tolist() == [True]


def test_kinds_without_gaps_are_plain():
    values, _ = coerce(pd.Series(["1", None]), Column("n", "int"), SHANGHAI)
    assert tightened(values).dtype == "Int64"
    assert tightened(values[:1]).dtype == "int64"


@pytest.mark.parametrize("yes", ["是", "yes", "Y", "TRUE", "true", "1", 1, 1.0, True, np.True_])
@pytest.mark.parametrize("no", ["否", "no", "N", "False", "0", 0, 0.0, False])
def test_yes_and_no_in_both_languages(yes, no):
    assert turned([yes, no, None], "bool") == [True, False, None]


@pytest.mark.parametrize("neither", ["maybe", "2", 2, 0.5, "是的吧"])
def test_what_is_neither_yes_nor_no_is_lost(neither):
    assert turned([neither, "是"], "bool") == ["LOST", True]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (1.0, "1"),
        (32128210000101, "32128210000101"),
        (32128210000101.0, "32128210000101"),
        ("32128210000101.0", "32128210000101"),
        ("007", "007"),
        (" 007\u3000", "007"),
        (np.int64(5), "5"),
    ],
)
def test_a_code_read_as_a_number_is_text_again_and_text_keeps_its_zeros(written, text):
    assert turned([written], "text", "grid_code") == [text]


@pytest.mark.parametrize("number", [1.5, 1e19, True, dt.date(2026, 1, 31)])
def test_a_number_that_is_no_code_is_not_made_one(number):
    assert turned([number], "text", "grid_code") == ["LOST"]


def test_a_version_that_is_no_code_keeps_its_end():
    assert turned(["1.0"], "text", "name") == ["1.0"]


def test_choices_are_understood_in_any_case_and_in_chinese():
    choices = ("general", "dedicated")
    result = turned(["General", "专属", "综合网格", "专职"], "text", choices=choices)
    assert result == ["general", "dedicated", "general", "专职"]


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31",
        "2026/1/31",
        "2026.1.31",
        "2026年1月31日",
        "20260131",
        "2026-01-31 08:30",
        "2026-01-30T18:00:00Z",
        dt.date(2026, 1, 31),
        pd.Timestamp("2026-01-31 09:00"),
        pd.Timestamp("2026-01-31", tz="Asia/Shanghai"),
    ],
)
def test_a_day_is_read_in_every_usual_writing(written):
    assert turned([written], "date") == [pd.Timestamp("2026-01-31")]


@pytest.mark.parametrize("written", ["2026-02-30", "2026-1", "2026", "31.1.2026", "46053", 46053])
def test_what_is_no_day_is_not_guessed(written):
    assert turned([written], "date") == ["LOST"]


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31 08:30",
        "2026/1/31 8:30:00",
        "2026年1月31日 08:30",
        "2026-01-31T08:30:00.000",
        "2026-01-31T00:30:00Z",
        "2026-01-31 01:30:00+01:00",
        "2026-01-31T08:30+0800",
        pd.Timestamp("2026-01-31 08:30"),
    ],
)
def test_a_moment_without_a_zone_is_local_and_rests_in_utc(written):
    assert turned([written], "time") == [pd.Timestamp("2026-01-31 00:30", tz="UTC")]


@pytest.mark.parametrize(
    "written",
    [
        "1986-05-04 02:30",  # Shanghai's clocks went from 02:00 to 03:00
        "1986-09-14 01:30",  # and back: this stood on them twice
        "2026-01-31 25:00",
        "tomorrow",
    ],
)
def test_a_moment_that_was_never_or_twice_is_not_a_time(written):
    assert turned([written], "time") == ["LOST"]


def test_days_without_an_hour_are_counted():
    values = pd.Series(["2026-01-31", "2026年01月31日", "2026-01-31 08:00", None, "x"])
    assert dates_without_hour(values) == 2


def test_a_zone_is_named_as_iana_does():
    assert time_zone("Europe/Berlin").key == "Europe/Berlin"
    for wrong in ("Mars/Phobos", "", "../etc/passwd"):
        with pytest.raises(ParameterError, match="no time zone is called"):
            time_zone(wrong)
