import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.errors import InputError
from gridgeo.store.lives import Version, changes

DAYS = [dt.date(2026, 1, 1) + dt.timedelta(days=n) for n in range(6)]
day = st.one_of(st.none(), st.sampled_from(DAYS))


@st.composite
def lives(draw):
    """Versions of one grid that never overlap, in any order."""
    cuts = sorted(draw(st.sets(st.sampled_from(DAYS), max_size=5)))
    edges = [draw(st.sampled_from([None, *cuts[:1]])) if cuts else None, *cuts[1:], None]
    spans = [(a, b) for a, b in itertools.pairwise(edges) if a is None or a != b]
    kept = [span for span in spans if draw(st.booleans())]
    made = [
        Version("g", start, end, {"name": draw(st.sampled_from("xyz")), "shape": b"s"}, n)
        for n, (start, end) in enumerate(kept)
    ]
    return draw(st.permutations(made))


@st.composite
def descriptions(draw):
    start = draw(day)
    later = [d for d in DAYS if start is None or d > start]
    end = draw(st.one_of(st.none(), st.sampled_from(later))) if later else None
    return Version("g", start, end, {"name": draw(st.sampled_from("xyz"))})


def after(standing, found):
    replaced = {v.version_id: v for v in (*found.closed, *found.amended)}
    return [replaced.get(v.version_id, v) for v in standing] + found.opened


def in_force(versions, on):
    return [
        v for v in versions if (v.start is None or v.start <= on) and (v.end is None or on < v.end)
    ]


@given(standing=lives(), new=descriptions(), import_day=day)
def test_no_day_ever_has_two_versions_in_force(standing, new, import_day):
    try:
        made = after(standing, changes(standing, [new], import_day))
    except InputError:
        return
    for on in (DAYS[0] - dt.timedelta(1), *DAYS, DAYS[-1] + dt.timedelta(1)):
        assert len(in_force(made, on)) <= 1
    assert all(v.end is None or v.start is None or v.start < v.end for v in made)


@given(standing=lives(), new=descriptions(), import_day=day)
def test_the_same_description_again_changes_nothing(standing, new, import_day):
    try:
        made = after(standing, changes(standing, [new], import_day))
    except InputError:
        return
    numbered = [Version(v.code, v.start, v.end, v.content, n) for n, v in enumerate(made)]
    again = changes(numbered, [new], import_day)
    assert (again.closed, again.amended, again.opened) == ([], [], [])
    assert again.unchanged == 1


@given(standing=lives(), new=descriptions(), import_day=st.sampled_from(DAYS))
def test_what_was_in_force_before_the_change_stays(standing, new, import_day):
    start = new.start or import_day
    try:
        made = after(standing, changes(standing, [new], import_day))
    except InputError:
        return
    for on in (d for d in DAYS if d < start):
        before, now = in_force(standing, on), in_force(made, on)
        assert [v.content for v in before] == [v.content for v in now]
    assert [v.content["name"] for v in in_force(made, start)] == [new.content["name"]]


def test_a_description_without_a_day_corrects_the_last_version():
    old = Version("g", DAYS[0], DAYS[2], {"name": "old"}, 1)
    last = Version("g", DAYS[2], None, {"name": "last", "shape": b"s"}, 2)
    found = changes([last, old], [Version("g", None, None, {"name": "mended"})])
    assert found.amended == [Version("g", DAYS[2], None, {"name": "mended", "shape": b"s"}, 2)]
    assert (found.closed, found.opened) == ([], [])


def test_a_version_dated_back_lasts_until_the_next_one():
    last = Version("g", DAYS[4], None, {"name": "last"}, 1)
    found = changes([last], [Version("g", DAYS[1], None, {"name": "first"})])
    assert found.opened == [Version("g", DAYS[1], DAYS[4], {"name": "first"})]
    assert (found.closed, found.amended) == ([], [])


def test_an_end_alone_ends_the_version_in_force():
    now = Version("g", DAYS[0], None, {"name": "now"}, 1)
    found = changes([now], [Version("g", DAYS[0], DAYS[3], {"name": "now"})])
    assert found.amended == [Version("g", DAYS[0], DAYS[3], {"name": "now"}, 1)]


def test_grids_that_end_before_they_begin_are_named():
    dead = [Version(code, DAYS[2], DAYS[1], {}) for code in "abcd"]
    with pytest.raises(InputError, match=r"4 grids end .* \(a, b, c, …\)"):
        changes([], dead)
