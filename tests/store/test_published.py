import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from shapely import Point, box
from sqlalchemy import text

from gridgeo.errors import CRSError, ParameterError, StoreError
from gridgeo.store.connection import transaction
from gridgeo.store.store import Store

pytestmark = pytest.mark.db

PUBLIC = {"disclosure": "public", "title": {"zh": "负荷", "en": "load"}}
INTERNAL = {"disclosure": "internal"}
NO_COUNTS = pd.DataFrame(columns=["feature_id", "period", "column", "value"])


def features(**columns):
    known = {
        "zebra": pd.array([12, None], dtype="Int64"),
        "name": pd.array(["一", None], dtype="str"),
        "share": [0.5, np.nan],
        "since": pd.array(["2026-01-01", None], dtype="datetime64[us]"),
        "told_at": pd.array(["2026-01-01 08:00", None], dtype="datetime64[us, UTC]"),
        "open": [True, False],
    }
    return gpd.GeoDataFrame(
        known | columns,
        geometry=[box(120, 32, 121, 33), None],
        index=pd.Index(["b", "a"], name="feature_id", dtype="str"),
        crs=4326,
    )


def counts(value=12.0):
    return pd.DataFrame(
        {
            "feature_id": ["b", "a"],
            "period": "2026-03",
            "column": "households",
            "value": [value, np.nan],
        }
    )


def test_a_layer_is_read_back_with_its_order_columns_and_dtypes(store):
    assert store.publish("load", features(), PUBLIC, counts()) == 1
    found, meta = store.published("load")
    assert_geodataframe_equal(found, features())
    assert meta == PUBLIC


def test_a_layer_without_columns_or_features_is_one_too(store):
    bare = gpd.GeoDataFrame(
        geometry=[Point(120, 32)], index=pd.Index(["a"], name="feature_id", dtype="str"), crs=4326
    )
    store.publish("one", bare, PUBLIC, NO_COUNTS)
    store.publish("none", features().iloc[:0], PUBLIC, NO_COUNTS)
    assert_geodataframe_equal(store.published("one")[0], bare)
    assert_geodataframe_equal(store.published("none")[0], features().iloc[:0])


def test_publishing_again_what_is_current_changes_nothing(store):
    store.publish("load", features(), PUBLIC, counts())
    assert store.publish("load", features(), PUBLIC, counts()) == 1
    assert len(store.ledger("load")) == 2
    assert store.publish("load", features(share=[0.25, 0.5]), PUBLIC, counts()) == 2
    assert store.publish("load", features(), PUBLIC, counts()) == 3


def test_one_version_is_current_and_the_ledger_forgets_none(store):
    store.publish("load", features(), PUBLIC, counts(12))
    store.publish("load", features(open=[False, False]), PUBLIC, counts(24))
    assert store.published_version("load") == 2
    assert not store.published("load")[0]["open"].any()
    told = store.ledger("load")
    assert told["value"].tolist()[::2] == [12, 24]
    assert told["value"].isna().tolist() == [False, True, False, True]
    assert list(told.columns) == ["feature_id", "period", "column", "value"]
    assert len(store.ledger("other")) == 0


def test_an_internal_layer_is_not_there_for_the_public(store, api_engine):
    store.publish("load", features(), PUBLIC, NO_COUNTS)
    store.publish("blind-spots", features(), INTERNAL, NO_COUNTS)
    store.publish("unsaid", features(), {}, NO_COUNTS)
    for seen in (store, Store(api_engine)):
        assert seen.published("blind-spots") is None
        assert seen.published_version("blind-spots") is None
        assert seen.published("unsaid") is None
        assert seen.published_layers().index.tolist() == ["load"]
        assert seen.published("blind-spots", "internal") is not None
        listed = seen.published_layers("internal")
        assert listed.index.tolist() == ["blind-spots", "load", "unsaid"]
        assert listed.loc["load", "version"] == 1


def test_what_is_not_published_is_none(store):
    assert store.published("load") is None
    assert store.published_version("load") is None
    assert len(store.published_layers()) == 0


def test_only_wgs_84_is_given_out(store):
    with pytest.raises(CRSError, match="EPSG:4326"):
        store.publish("load", features().to_crs(4490), PUBLIC, NO_COUNTS)


def test_two_features_with_one_id_are_refused(store):
    with pytest.raises(ParameterError, match="more than once"):
        store.publish("load", pd.concat([features(), features()]), PUBLIC, NO_COUNTS)


def test_nobody_takes_a_figure_back(store):
    store.publish("load", features(), PUBLIC, counts())
    for order in ("DELETE FROM published.ledger", "UPDATE published.ledger SET value = 0"):
        denied = pytest.raises(StoreError, match="permission denied")
        with denied, transaction(store.engine) as connection:
            connection.execute(text(order))
    assert len(store.ledger("load")) == 2
