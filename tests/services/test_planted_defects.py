"""The planted defects of the sample town are found: all of them, and nothing else."""

import json
from collections import Counter

import pytest

from gridgeo.services import coverage
from gridgeo.services.demo import DAY
from gridgeo.services.sources import Files


@pytest.fixture(scope="module")
def planted(samples):
    truth = json.loads((samples / "town" / "truth.json").read_text(encoding="utf-8"))
    return truth["defects"]


def by_file(samples):
    folder = samples / "town"
    layers = (
        "towns",
        "villages",
        "grids",
        "households",
        "stations",
        "workers",
        "appointments",
        "visits",
    )
    return Files({name: next(folder.glob(f"{name}.*")) for name in layers})


@pytest.fixture(scope="module", params=["files", "store"])
def found(request, samples):
    source = by_file(samples) if request.param == "files" else request.getfixturevalue("town_store")
    return coverage.blind_spots(source, DAY)


def subjects_found(found, kinds):
    rows = found.findings[found.findings["kind"].isin(kinds)]
    return Counter(zip(rows["kind"], rows["subject"], strict=True))


def test_every_kind_was_judged(found):
    assert set(found.judged) == set(coverage.KINDS)
    assert found.not_judged == {}


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
    for kind in ("orphan", "doubled", "mismatch", "reach", "visit-overdue", "never-visited"):
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
