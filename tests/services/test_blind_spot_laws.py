"""Laws of all detectors together, on the town of the sample with everything that is wrong in it."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridgeo.model.frames import LAYERS
from gridgeo.services.coverage import KINDS, blind_spots
from gridgeo.services.demo import DAY
from gridgeo.services.sources import Files, empty, in_force

# What is judged beside peers or by the rate of the whole city: another city changes the answer.
AMONG_PEERS = {"silent", "response", "seam", "records"}
CODES = ("grid_code", "village_code", "town_code")
METRES = 4549


class Frames:
    """A city as frames."""

    def __init__(self, frames):
        self.frames = frames

    def frame(self, contract, *, as_of=None):
        if contract.name not in self.frames:
            return empty(contract)
        return in_force(self.frames[contract.name], as_of)


@pytest.fixture(scope="module")
def town(samples):
    folder = samples / "town"
    paths = {path.stem: path for path in folder.iterdir() if path.stem in LAYERS}
    files = Files(paths)
    frames = {name: files.frame(LAYERS[name]) for name in paths}
    return {
        name: frame.to_crs(METRES) if isinstance(frame, gpd.GeoDataFrame) else frame
        for name, frame in frames.items()
    }


@pytest.fixture(scope="module")
def findings(town):
    found = blind_spots(Frames(town), DAY)
    assert set(found.judged) | set(found.not_judged) == set(KINDS)
    return told(found)


def told(found):
    """Everything a finding says but its shape, in an order of its own."""
    rows = pd.DataFrame(found.findings.drop(columns="geometry"))
    return rows.sort_index()


def same(one, other, *, rtol=1e-6):
    pd.testing.assert_frame_equal(one, other, rtol=rtol, atol=1e-4, check_exact=False)


def shifted(frame, east_m, north_m):
    """Lay a layer elsewhere; one without shapes stays as it is."""
    if not isinstance(frame, gpd.GeoDataFrame):
        return frame
    by = np.array([east_m, north_m])
    shapes = shapely.transform(frame.geometry.array, lambda xy: xy + by)
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=METRES))


def test_the_order_of_rows_changes_nothing(town, findings):
    dice = np.random.default_rng(5)
    mixed = {name: frame.iloc[dice.permutation(len(frame))] for name, frame in town.items()}
    # Of several grids the first counts, so a source gives them by their codes.
    mixed["grids"] = mixed["grids"].sort_index()
    same(told(blind_spots(Frames(mixed), DAY)), findings)


def test_a_city_may_lie_elsewhere(town, findings):
    moved = {name: shifted(frame, 3e4, -7e4) for name, frame in town.items()}
    same(told(blind_spots(Frames(moved), DAY)), findings)


def renamed(frame, digit):
    """Give every key and every code a first letter of its own."""
    frame = frame.set_axis(digit + frame.index.astype("str"), axis=0).rename_axis(frame.index.name)
    for column in frame.columns:
        if column in CODES or column.endswith("_id"):
            codes = frame[column]
            frame = frame.assign(**{column: (digit + codes.astype("str")).where(codes.notna())})
    return frame


def test_two_cities_far_apart_are_both_told_as_they_are(town, findings):
    twin = {}
    for name, frame in town.items():
        here, there = renamed(frame, "a"), shifted(renamed(frame, "b"), 0.0, 1e5)
        twin[name] = pd.concat([here, there])
    both = told(blind_spots(Frames(twin), DAY))
    both = both[~both["kind"].isin(AMONG_PEERS)]
    alone = findings[~findings["kind"].isin(AMONG_PEERS)]
    for letter in "ab":
        mine = both[both["subject"].str.startswith(letter)]
        counted = mine["kind"].value_counts()
        assert counted.to_dict() == alone["kind"].value_counts().to_dict()
        plain = mine["subject"].str.replace(rf"(^|\+){letter}", r"\1", regex=True)
        by_subject = mine.assign(subject=plain).sort_values(["kind", "subject", "value"])
        expected = alone.sort_values(["kind", "subject", "value"])
        assert by_subject["subject"].tolist() == expected["subject"].tolist()
        figures = ["value", "households", "persons", "days", "severity"]
        same(
            by_subject[figures].reset_index(drop=True),
            expected[figures].reset_index(drop=True),
        )
