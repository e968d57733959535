"""Repairs of the sample town, whose faults are known, from files and from the store."""

import datetime as dt
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import box

from gridgeo.analysis.tiling import tiling_faults
from gridgeo.errors import ParameterError
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import GRIDS, VILLAGES
from gridgeo.services.repairs import repairs
from gridgeo.services.sources import Files

DAY = dt.date(2026, 7, 1)
DRAWN = ("gap", "overlap", "sliver")


@pytest.fixture(scope="module", params=["files", "store"])
def source(request, samples):
    if request.param == "store":
        return request.getfixturevalue("town_store")
    town = samples / "town"
    return Files({name: town / f"{name}.geojson" for name in ("grids", "villages", "towns")})


@pytest.fixture(scope="module")
def planted(samples):
    truth = json.loads((samples / "town" / "truth.json").read_text(encoding="utf-8"))
    return [defect for defect in truth["defects"] if defect["kind"] in DRAWN]


def test_every_planted_fault_is_repaired_with_its_area(source, planted):
    mended = repairs(source, DAY)
    told = mended.proposals
    assert told["repaired"].all()
    areas = sorted(zip(told["kind"], told["area_m2"], strict=True))
    expected = sorted((defect["kind"], defect["area_m2"]) for defect in planted)
    assert [kind for kind, _ in areas] == [kind for kind, _ in expected]
    # The truth is in the drawing's metres; the file holds degrees of seven or more digits.
    assert [area for _, area in areas] == pytest.approx([a for _, a in expected], abs=0.2)
    assert {d["subjects"][0] for d in planted} <= set("+".join(told["grids"]).split("+"))
    assert mended.found["gap"] == 2
    assert not any(mended.left.values())


def test_after_the_repair_the_town_is_tiled_in_the_file_too(source):
    mended = repairs(source, DAY)
    duty = source.frame(VILLAGES, as_of=DAY)
    assert tiling_faults(to_metric(mended.grids), duty).empty
    area = to_metric(mended.grids).area.sum()
    assert area == pytest.approx(to_metric(duty).union_all().area, abs=1)


def test_grids_without_a_proposal_are_the_very_same(source):
    given = source.frame(GRIDS, as_of=DAY)
    mended = repairs(source, DAY)
    named = {*mended.proposals["to_grid"].dropna(), *mended.proposals["from_grid"].dropna()}
    rest = ~given.index.isin(named)
    assert rest.sum() >= len(given) - 12
    assert mended.grids[rest].equals(given[rest])
    assert mended.grids.drop(columns="geometry").equals(given.drop(columns="geometry"))
    assert mended.grids.crs == given.crs
    # Of those mended, only corners that a repair made are new.
    old = {*map(tuple, shapely.get_coordinates(np.asarray(given.geometry.array)))}
    new = {*map(tuple, shapely.get_coordinates(np.asarray(mended.grids.geometry.array)))}
    assert len(new - old) < 60


def test_a_repair_is_never_written_to_the_store(town_store):
    before = town_store.frame(GRIDS, as_of=DAY).to_wkb()
    repairs(town_store, DAY)
    assert town_store.frame(GRIDS, as_of=DAY).to_wkb().equals(before)


class Given:
    """A source of frames made here."""

    def __init__(self, grids):
        self._grids = grids

    def frame(self, contract, *, as_of=None):  # noqa: ARG002
        return self._grids if contract.name == "grids" else self._grids.iloc[:0]


def test_a_clean_town_gets_no_proposal():
    town = gpd.GeoDataFrame(
        geometry=[box(500_000, 3_540_000, 500_100, 3_540_100)], index=["a"], crs=4549
    )
    mended = repairs(Given(town), DAY)
    assert mended.proposals.empty
    assert mended.grids.equals(town)


def test_no_grids_and_no_area_are_refused():
    town = gpd.GeoDataFrame(geometry=[box(0, 0, 9, 9)], index=["a"], crs=4549)
    with pytest.raises(ParameterError, match="no grids"):
        repairs(Given(town.iloc[:0]), DAY)
    with pytest.raises(ParameterError, match="look_above_m2"):
        repairs(Given(town), DAY, look_above_m2=-1)
