import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import box

from gridgeo.analysis.quality import fields_filled, freshly_checked, rightly_recorded

DAY = dt.date(2026, 7, 1)


def homes(xs, **columns):
    index = pd.Index([f"h{n}" for n in range(len(xs))], name="household_id", dtype="str")
    return gpd.GeoDataFrame(
        columns,
        geometry=gpd.GeoSeries.from_xy(xs, [5] * len(xs), index=index, crs=4549),
        index=index,
    )


def test_fields_are_counted_and_an_empty_dwelling_has_no_size():
    people = homes(
        [0, 1, 2],
        address_id=["a", " ", None],
        size_band=["2", None, None],
        lived_in=pd.array([True, None, False], dtype="boolean"),
    )
    filled, expected = fields_filled(people)
    assert filled.tolist() == [3, 0, 1]  # no grid_code column: it is empty
    assert expected.tolist() == [4, 4, 3]
    assert fields_filled(people, ("address_id",))[0].tolist() == [1, 0, 0]


def test_a_record_is_right_where_its_grid_covers_the_place():
    codes = pd.Index(["01", "02"], name="grid_code")
    grids = gpd.GeoDataFrame(
        geometry=[box(0, 0, 10, 10), box(10, 0, 20, 10)], index=codes, crs=4549
    )
    people = homes(
        [5, 5, 10, 15, 99, 5, 5, 5],
        grid_code=["01", "02", "02", None, "01", "gone", "02", "02"],
        placed_by=[None, "coordinates", None, None, None, None, "address", "grid"],
    )
    position = np.array([0, 0, 0, 1, -1, 0, 0, 0])
    right, judged = rightly_recorded(people, grids, position)
    assert judged.tolist() == [True, True, True, False, True, True, False, False]
    assert right.tolist() == [True, False, True, False, False, False, False, False]
    nothing, nobody = rightly_recorded(homes([5]), grids, np.array([0]))
    assert not nothing.any()
    assert not nobody.any()


def test_a_record_is_fresh_by_a_visit_or_the_register():
    days = pd.to_datetime(["2026-04-02", "2026-04-01", None, "2026-07-02", None])
    people = homes(range(5), updated_on=days, lived_in=[True, True, True, True, False])
    age = pd.Series([np.inf, np.inf, 90, np.inf, np.inf], index=people.index)
    fresh, judged = freshly_checked(people, age, 90, DAY)
    assert fresh.tolist() == [True, False, True, False, False]
    assert judged.all()
    by_visits = freshly_checked(people.drop(columns="updated_on"), age, 90, DAY)
    assert by_visits[0].tolist() == [False, False, True, False, False]
    assert by_visits[1].tolist() == [True, True, True, True, False]
    assert not freshly_checked(people.drop(columns="updated_on"), None, 90, DAY)[1].any()
