import dataclasses
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPoint, Point

from gridgeo.errors import ContractError, CRSError, DisclosureError, ParameterError
from gridgeo.publish import Field, Layer, Withheld, release, reopen
from tests.publish.layers import HOUSEHOLDS, Shelf, grids_scope, published, row_of_grids

counts = st.lists(st.integers(0, 40), min_size=1, max_size=12)


@st.composite
def histories(draw):
    """Counts of the same grids at several times, mostly with small changes."""
    first = draw(counts)
    n = len(first)
    villages = draw(st.lists(st.sampled_from(["v1", "v2", "v3"]), min_size=n, max_size=n))
    change = st.lists(st.integers(-12, 12), min_size=n, max_size=n)
    times = [first]
    for step in draw(st.lists(change, min_size=1, max_size=4)):
        times.append([max(c + d, 0) for c, d in zip(times[-1], step, strict=True)])
    return times, villages


@given(counts, st.sampled_from(["public", "internal"]), st.booleans())
def test_no_published_count_is_small(households, disclosure, rounded):
    layer = published(households, disclosure=disclosure, rounded=rounded)
    told = layer.features["households"].dropna()
    assert not told.between(1, layer.k - 1).any()
    zero = np.array(households) == 0
    assert (layer.features["households"][zero] == 0).all()


@given(histories())
def test_two_releases_never_differ_by_a_small_number(history):
    times, villages = history
    shelf = Shelf()
    told = []
    for day, households in enumerate(times):
        layer = published(households, villages, shelf, period=f"2026-01-{day + 1:02d}")
        shelf.record(layer)
        told.append(layer.features["households"].astype("float64").to_numpy())
    for one in told:
        for other in told:
            apart = np.abs(one - other)
            assert not ((apart > 0) & (apart < 10)).any()


@given(histories())
def test_several_releases_of_one_period_are_held_apart_too(history):
    times, villages = history
    shelf = Shelf()
    told = []
    for households in times:
        layer = published(households, villages, shelf, period="2026-01")
        shelf.record(layer)
        told.append(layer.features["households"].astype("float64").to_numpy())
    apart = np.abs(told[0] - told[-1])
    assert not ((apart > 0) & (apart < 10)).any()


@settings(max_examples=25)
@given(histories())
def test_village_minus_its_published_grids_is_never_small_on_any_day(history):
    times, villages = history
    shelf = Shelf()
    for day, households in enumerate(times):
        period = f"2026-01-{day + 1:02d}"
        grids = row_of_grids(households, villages)
        total = grids.dissolve("village_code", aggfunc="sum")
        above = release(total, grids_scope(layer="villages", parents={}, period=period), shelf)
        layer = release(grids, grids_scope(period=period), shelf)
        shelf.record(above)
        shelf.record(layer)
        parts = layer.features["households"].astype("float64").to_numpy()
        for village, figure in above.features["households"].dropna().items():
            mine = parts[np.array(villages) == village]
            apart = abs(figure - np.nansum(mine))
            assert not 0 < apart < 10 or (np.isnan(mine).all() and apart == 0)


def test_a_small_change_is_held_and_said():
    shelf = Shelf()
    shelf.record(published([100, 200, 300], ledger=shelf, period="2026-01"))
    layer = published([103, 200, 312], ledger=shelf, period="2026-02")
    assert layer.features["households"].tolist() == [100, 200, 312]
    assert layer.withheld == Withheld(held=1)
    assert layer.notes("en") == ["1 figures kept at their earlier value: changed by less than 10"]
    assert layer.notes("zh") == ["1 个数值变动小于 10，沿用前值"]


def test_the_figure_held_is_the_nearest_of_all_earlier_ones():
    shelf = Shelf()
    for period, count in (("1", 100), ("2", 112)):
        shelf.record(published([count], ledger=shelf, period=period, parents={}))
    layer = published([104], ledger=shelf, period="3", parents={})
    assert layer.features["households"].tolist() == [100]


def test_what_was_told_internally_is_never_repeated_in_public():
    shelf = Shelf()
    shelf.record(published([7], ledger=shelf, period="1", parents={}, disclosure="internal"))
    assert shelf.published("grids")["value"].tolist() == [7]
    layer = published([12], ledger=shelf, period="2", parents={})
    assert layer.features["households"].tolist() == [12]


def test_a_small_count_is_withheld_with_the_next_smallest_of_its_village():
    layer = published([7, 30, 20, 0], villages=["v1", "v1", "v1", "v2"])
    assert layer.features["households"].isna().tolist() == [True, False, True, False]
    assert layer.features["withheld"].tolist() == ["households", "", "households", ""]
    assert layer.withheld == Withheld(figures=2)
    assert layer.notes("en") == ["2 figures withheld: below 10, or would reveal one that is"]


def test_derived_figures_know_no_more_than_the_reader():
    frame = row_of_grids([7, 104, 300, 200], workers=[1, 2, 3, 2])
    fields = (HOUSEHOLDS, Field("workers", "int"), Field("per_worker", "float"))
    derived = {"per_worker": lambda told: told["households"] / told["workers"]}
    layer = published([], frame=frame, fields=fields, derived=derived)
    assert layer.features["per_worker"].isna().tolist() == [True, True, False, False]
    rounded = published([], frame=frame, fields=fields, derived=derived, rounded=True)
    assert rounded.features["per_worker"].tolist()[2:] == [100.0, 100.0]


def test_counts_of_the_same_people_are_withheld_and_held_together():
    fields = (HOUSEHOLDS, Field("load", "float", is_count=True))
    scope = {"fields": fields, "together": (("households", "load"),), "parents": {}}
    shelf = Shelf()
    first = row_of_grids([12, 300, 200], load=[8.5, 310.0, 90.5])
    layer = published([], frame=first, ledger=shelf, period="1", **scope)
    assert layer.features[["households", "load"]].isna().all(axis=1).tolist() == [True, False, True]
    shelf.record(layer)
    second = row_of_grids([12, 303, 200], load=[8.5, 400.0, 90.5])
    layer = published([], frame=second, ledger=shelf, period="2", **scope)
    assert layer.features[["households", "load"]].iloc[1].tolist() == [300, 310.0]


def test_figures_of_a_proposed_plan_are_multiples_of_k():
    layer = published([104, 105, 14, 15, 3, 0], rounded=True, parents={})
    told = layer.features["households"]
    assert told.iloc[:2].tolist() == [100, 110]
    assert (told.dropna() % 10 == 0).all()
    assert told.isna().tolist() == [False, False, True, False, True, False]


def test_an_unknown_count_stays_unknown_and_hides_nothing():
    layer = published([np.nan, 30, 20])
    assert layer.features["households"].isna().tolist() == [True, False, False]
    assert layer.features["withheld"].tolist() == ["", "", ""]


@given(counts)
def test_the_order_of_rows_changes_nothing_but_the_order(households):
    frame = row_of_grids(households)
    one = release(frame, grids_scope()).features
    other = release(frame.iloc[::-1], grids_scope()).features
    pd.testing.assert_frame_equal(one, other.iloc[::-1])


@pytest.mark.parametrize(
    "column", ["household_id", "address_id", "worker_id", "reporter", "note", "unit_id"]
)
def test_a_frame_that_tells_of_single_people_stays_at_home(column):
    frame = row_of_grids([100, 200])
    with pytest.raises(DisclosureError, match=column):
        release(frame.assign(**{column: ["x", "y"]}), grids_scope())
    with pytest.raises(DisclosureError, match=column):
        release(frame.rename_axis(index=column), grids_scope())


@pytest.mark.parametrize("shape", [Point(120, 32), MultiPoint([(120, 32), (120.1, 32)])])
def test_household_points_are_refused_under_any_name(shape):
    frame = gpd.GeoDataFrame(
        {"households": [1]}, geometry=[shape], index=pd.Index(["a"], name="place"), crs=4490
    )
    with pytest.raises(DisclosureError, match="k_safe_cells"):
        release(frame, grids_scope(parents={}))


def test_stations_may_be_shown_as_points():
    frame = gpd.GeoDataFrame(
        {"name": ["站"]}, geometry=[Point(120, 32)], index=pd.Index(["s1"]), crs=4490
    )
    scope = grids_scope(layer="stations", fields=(Field("name"),), parents={})
    layer = release(frame, scope)
    assert layer.features.geom_type.tolist() == ["Point"]
    assert layer.features.crs == 4326
    assert layer.features.index.name == "feature_id"


def test_a_frame_that_cannot_be_published_says_all_that_is_wrong():
    frame = row_of_grids([-1, 20]).rename(columns={"village_code": "village"})
    frame.index = pd.Index(["a", "a"])
    with pytest.raises(ContractError) as caught:
        release(frame, grids_scope())
    for part in ("village_code", "more than once", "negative"):
        assert part in str(caught.value)
    with pytest.raises(CRSError):
        release(row_of_grids([20]).set_crs(None, allow_override=True), grids_scope())


def test_a_table_without_places_is_no_layer():
    with pytest.raises(ContractError, match="DataFrame"):
        release(pd.DataFrame({"households": [20]}), grids_scope(parents={}))
    with pytest.raises(DisclosureError):
        release(pd.DataFrame({"household_id": ["h1"]}), grids_scope(parents={}))


def test_levels_must_be_nested():
    frame = row_of_grids([20, 30], town_code=["t1", "t2"])
    with pytest.raises(ContractError, match="several town_code"):
        release(frame, grids_scope(parents={"town_code": "towns", "village_code": "villages"}))


def test_columns_withheld_together_must_be_counts():
    with pytest.raises(ParameterError, match="load"):
        published([20], together=(("households", "load"),))


def test_nobody_makes_a_layer_by_hand():
    layer = published([100])
    with pytest.raises(DisclosureError, match="release"):
        dataclasses.replace(layer, zh="另一个")
    known = {f.name: getattr(layer, f.name) for f in dataclasses.fields(layer)}
    with pytest.raises(DisclosureError, match="by hand"):
        Layer(**known)


def test_a_layer_comes_back_from_the_published_tables_as_it_went():
    layer = published([7, 20, 300], period="2026-01", source="样例", plan_version="3")
    meta = json.loads(json.dumps(layer.meta()))
    again = reopen(layer.features, meta)
    assert again.meta() == layer.meta()
    assert again.columns == layer.columns


def test_what_an_earlier_version_published_is_reopened():
    layer = published([120, 130])
    meta = layer.meta()
    del meta["withheld"]["by_grid"]
    assert reopen(layer.features, meta).withheld == layer.withheld


def test_what_was_not_released_is_not_reopened():
    layer = published([100])
    with pytest.raises(DisclosureError, match="household_id"):
        reopen(layer.features.assign(household_id="h1"), layer.meta())
    with pytest.raises(DisclosureError):
        reopen(layer.features.to_crs(4549), layer.meta())


def test_the_ledger_gets_every_count_and_says_what_is_withheld():
    rows = published([7, 20, 300], period="2026-01").ledger_rows()
    assert list(rows.columns) == ["feature_id", "period", "column", "value"]
    assert rows["value"].isna().tolist() == [True, True, False]
    assert (rows["period"] == "2026-01").all()
