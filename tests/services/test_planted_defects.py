"""The planted defects of the sample town and city are found: all of them, and nothing else."""

import json
from collections import Counter

import pytest

from gridgeo.model.findings import HOUSEHOLD_KINDS
from gridgeo.services import coverage
from gridgeo.services.demo import DAY
from gridgeo.services.samples import write_city, write_town
from gridgeo.services.sources import Files
from tests.trial.conftest import effort

LAYERS = (
    "towns",
    "villages",
    "grids",
    "households",
    "stations",
    "workers",
    "appointments",
    "visits",
    "streets",
    "rosters",
    "incidents",
    "dispatches",
)
WHOLE = {"city": 0, "another city": 7}
CROWDED = {  # grounds that lack small blocks, villages, or room beside the remote hamlet
    "321282105": 3,
    "321282402": 1,
    "321282403": 3,
}
# Judged only where a city sets a standard for it.
UNASKED = {"access": "a standard such as 0.5places"}
CASES = ["town", "store", *CROWDED, *(pytest.param(c, marks=pytest.mark.trial) for c in WHOLE)]


@pytest.fixture(scope="module", params=CASES)
def case(request, samples, tmp_path_factory):
    """The truth of a sample, and what was found in its files or in the store."""
    folder = samples / "town"
    if request.param in WHOLE:  # all of it in ``make trial``, a twentieth otherwise
        folder = tmp_path_factory.mktemp("city")
        write_city(folder, effort(20) / 20, WHOLE[request.param])
    elif request.param in CROWDED:
        folder = tmp_path_factory.mktemp("crowded")
        write_town(folder, request.param, CROWDED[request.param])
    files = {name: next(folder.glob(f"{name}.*")) for name in LAYERS}
    source = Files(files | {"fixes": folder / "tracks.parquet"})
    if request.param == "store":
        source = request.getfixturevalue("town_store")
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return truth["defects"], coverage.blind_spots(source, DAY)


@pytest.fixture
def planted(case):
    return case[0]


@pytest.fixture
def found(case):
    return case[1]


def subjects_found(found, kinds):
    rows = found.findings[found.findings["kind"].isin(kinds)]
    return Counter(zip(rows["kind"], rows["subject"], strict=True))


def test_every_kind_was_judged(found):
    assert {*found.judged, *UNASKED} == {*coverage.KINDS}
    assert found.not_judged == UNASKED


def test_territory_defects_are_those_planted_with_their_area(found, planted):
    kinds = ("gap", "overlap", "sliver", "invalid", "outside", "across")
    expected = Counter((d["kind"], "+".join(d["subjects"])) for d in planted if d["kind"] in kinds)
    assert subjects_found(found, kinds) == expected
    area_m2 = found.findings.set_index(["kind", "subject"])["value"]
    for defect in planted:
        if defect["kind"] in kinds:
            drawn = area_m2[defect["kind"], "+".join(defect["subjects"])]
            assert drawn == pytest.approx(defect["area_m2"], rel=2e-3)


def test_households_left_out_are_those_planted(found, planted):
    for kind in {*HOUSEHOLD_KINDS} & {*coverage.KINDS}:
        expected = sorted(s for d in planted if d["kind"] == kind for s in d["subjects"])
        rows = found.findings[found.findings["kind"] == kind]
        assert sorted(rows["subject"]) == expected


def test_grids_of_wrong_size_are_those_planted(found, planted):
    expected = {d["subjects"][0]: d["value"] for d in planted if d["kind"] == "size"}
    rows = found.findings[found.findings["kind"] == "size"]
    assert dict(zip(rows["subject"], rows["value"], strict=True)) == expected


def test_understaffed_grids_are_those_planted(found, planted):
    kinds = ("no-leader", "few-workers", "no-full-time")
    expected = Counter((d["kind"], d["subjects"][0]) for d in planted if d["kind"] in kinds)
    assert subjects_found(found, kinds) == expected


def test_silent_grids_are_found_and_hardly_any_other(found, planted):
    expected = {s for d in planted if d["kind"] == "silent" for s in d["subjects"]}
    rows = found.findings[found.findings["kind"] == "silent"]
    hits = expected & set(rows["subject"])
    assert len(hits) >= 0.8 * len(expected)
    assert len(hits) >= 0.6 * len(rows)
    assert found.not_judgeable.get("silent", 0) == 0
    assert (rows["value"] <= 0.3).all()
    assert (rows["days"] >= 29).all()  # silent from the first day on


def test_seams_are_those_planted(found, planted):
    expected = {"+".join(d["subjects"]): d["value"] for d in planted if d["kind"] == "seam"}
    rows = found.findings[found.findings["kind"] == "seam"]
    assert dict(zip(rows["subject"], rows["value"], strict=True)) == expected


def test_grids_patrolled_too_seldom_are_those_planted_on_every_day(found, planted):
    expected = {d["subjects"][0]: 7.0 for d in planted if d["kind"] == "patrol"}
    rows = found.findings[found.findings["kind"] == "patrol"]
    assert dict(zip(rows["subject"], rows["value"], strict=True)) == expected
    assert subjects_found(found, ["patrol-share"]) == {}


def test_a_layer_that_is_missing_is_said_and_never_counts_as_clean(samples):
    source = Files({"grids": samples / "town" / "grids.geojson"})
    found = coverage.blind_spots(source, DAY)
    assert found.not_judged["orphan"] == "households"
    assert found.not_judged["outside"] == "towns"
    assert found.not_judged["no-leader"] == "appointments, workers"
    assert "orphan" not in found.counts()
    assert found.counts()["overlap"] == 3


def test_an_appointment_to_nowhere_is_said(samples, tmp_path):
    town = samples / "town"
    posts = (town / "appointments.csv").read_text(encoding="utf-8-sig").splitlines()
    header, first = posts[0].split(","), posts[1].split(",")
    stray = dict(zip(header, first, strict=True)) | {
        "appointment_id": "stray", "grid_code": "nowhere", "state": "filed",
        "valid_from": "2026-01-01", "valid_to": "",
    }  # fmt: skip
    file = tmp_path / "appointments.csv"
    file.write_text("\n".join([*posts, ",".join(stray[name] for name in header)]), encoding="utf-8")
    layers = {"grids": town / "grids.geojson", "workers": town / "workers.csv"}
    assert coverage.blind_spots(Files(layers | {"appointments": file}), DAY).strays == {
        "unknown-grid": 1
    }
    whole = Files(layers | {"appointments": town / "appointments.csv"})
    assert coverage.blind_spots(whole, DAY).strays == {}
