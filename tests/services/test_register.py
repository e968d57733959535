"""The register by kind and level over time, on a real PostGIS."""

import datetime as dt

import pandas as pd
import pytest
from shapely import Point, box

from gridgeo.errors import ParameterError
from gridgeo.model.findings import make_findings
from gridgeo.model.frames import GRIDS
from gridgeo.services.register import trend, weightiest

pytestmark = pytest.mark.db

FIRST, SECOND, THIRD = (dt.date(2026, 3, n) for n in (2, 9, 16))


def gaps(subjects, households=30):
    shapes = [box(120, 32, 120.1, 32.1)] * len(subjects)
    return make_findings(
        "gap", subjects, "1m2", value=9.0, unit="m2", households=households,
        geometry=shapes, crs=4490,
    )  # fmt: skip


def orphans(count):
    places = [Point(120, 32)] * count
    names = [f"H{n}" for n in range(count)]
    return make_findings("orphan", names, "one grid", households=1, geometry=places, crs=4490)


def test_kinds_come_and_go_week_by_week(store):
    store.record_findings(gaps(["a", "b"]), FIRST)
    store.record_findings(gaps(["b", "c", "d"]), SECOND)
    store.record_findings(gaps(["d"]), THIRD)
    told = trend(store, THIRD, steps=3)
    assert told["kind"].tolist() == ["gap"] * 3
    assert told["open"].tolist() == [2, 3, 1]
    assert told["opened"].tolist() == [2, 2, 0]
    assert told["closed"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(("count", "open_"), [(4, pd.NA), (5, 5), (7, 5), (8, 10), (23, 25)])
def test_households_are_counted_in_fives_and_not_at_all_below(store, count, open_):
    store.record_findings(orphans(count), FIRST)
    told = trend(store, FIRST, steps=1)
    assert told["open"].iloc[0] is open_ or told["open"].iloc[0] == open_


def test_households_are_listed_to_nobody_and_the_weightiest_comes_first(store):
    store.record_findings(pd.concat([gaps(["a"], 20), gaps(["b"], 40), orphans(30)]), FIRST)
    worst = weightiest(store, FIRST)
    assert worst["subject"].tolist() == ["b", "a"]
    assert weightiest(store, FIRST, most=1)["subject"].tolist() == ["b"]


def test_few_people_in_a_gap_cannot_be_worked_out_of_its_weight(store):
    store.record_findings(gaps(["a"], 3), FIRST)
    assert weightiest(store, FIRST)["severity"].isna().all()


class FoundInTown:
    """The town of the sample, with findings of its grids as the register would give them."""

    def __init__(self, town_store, grid_codes):
        self.frame = town_store.frame
        rows = make_findings("size", grid_codes, "300-500", grid_code=grid_codes)
        self.rows = rows.assign(opened_on=pd.Timestamp(FIRST), closed_on=pd.NaT)

    def findings(self, on=None):  # noqa: ARG002
        return self.rows

    def episodes(self):
        return pd.DataFrame(self.rows.drop(columns="geometry"))


def test_findings_are_counted_in_the_village_and_town_of_their_grid(town_store):
    grids = town_store.frame(GRIDS)
    register = FoundInTown(town_store, [*grids.index[:20], "32128210599999"])
    villages = grids["village_code"].iloc[:20].value_counts().to_dict()
    of_village = trend(register, FIRST, 1, level="village").set_index("code")["open"]
    assert of_village.to_dict() == villages | {"": 1}
    of_town = trend(register, FIRST, 1, level="town").set_index("code")["open"]
    assert of_town.to_dict() == {grids.index[0][:9]: 20, "": 1}
    of_grid = trend(register, FIRST, 1, level="grid").set_index("code")["open"]
    assert of_grid.to_dict() == dict.fromkeys(register.rows["grid_code"], 1)
    assert trend(register, FIRST, 1)["open"].tolist() == [21]


def test_an_unknown_level_is_refused(store):
    with pytest.raises(ParameterError, match="one of grid, village, town, city"):
        trend(store, FIRST, level="street")
