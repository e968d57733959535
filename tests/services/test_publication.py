import datetime as dt

import pandas as pd
import pytest

from gridgeo.errors import NotFoundError
from gridgeo.services.demo import DAY, SOURCE, fill
from gridgeo.services.publication import publish_all
from gridgeo.services.published import Gallery
from tests.city_fixtures import NOW, quiet

PUBLIC = {"grids", "villages", "stations", "load", "load-proposed", "incident-cells"}


def test_a_second_publication_of_the_same_data_changes_nothing(town_store):
    before = town_store.published_layers("internal")
    done = publish_all(town_store, DAY, now=NOW, source=SOURCE, told=quiet)
    assert not done.changed
    pd.testing.assert_frame_equal(town_store.published_layers("internal"), before)


def test_taking_the_same_files_in_again_changes_no_row(town_store, samples):
    before = town_store.counts()
    changed = fill(town_store, samples / "town", now=NOW, who="tests", told=quiet)
    assert set(changed.values()) == {0}
    assert town_store.counts() == before


def test_only_layers_without_residents_are_public(town_store):
    gallery = Gallery(town_store)
    assert set(gallery.names("public")) == PUBLIC
    assert set(gallery.names("internal")) == PUBLIC | {"blind-spots"}
    with pytest.raises(NotFoundError, match="blind-spots"):
        gallery.layer("blind-spots", "public")


@pytest.mark.parametrize("name", sorted(PUBLIC | {"blind-spots"}))
def test_no_published_count_lies_below_k(town_store, name):
    layer = Gallery(town_store).layer(name, "internal")
    for field in layer.columns:
        if field.is_count:
            told = layer.features[field.name].dropna()
            assert not ((told > 0) & (told < layer.k)).any()


def test_the_load_of_the_grids_adds_up_to_the_households_of_the_villages(town_store):
    gallery = Gallery(town_store)
    load, villages = gallery.layer("load"), gallery.layer("villages")
    of_grids = load.features.groupby("village_code")["households"].sum()
    gap = villages.features["households"] - of_grids.reindex(villages.features.index)
    # What lies between is in a gap of the tiling (orphans), or in a figure that was withheld.
    assert (gap >= 0).all()
    assert gap.sum() < 2 * 15 + 10


def test_the_proposal_is_kept_as_a_draft_and_applied_nowhere(town_store):
    plans = town_store.plans()
    assert len(plans) == 1
    assert plans["state"].tolist() == ["draft"]
    grids = Gallery(town_store).layer("grids").features
    assert not grids.index.str.startswith("new-").any()


def test_the_proposal_is_balanced_within_villages(town_store):
    proposed = Gallery(town_store).layer("load-proposed").features
    deviation = proposed["deviation_share"].dropna().abs()
    # The plan holds 5 %; figures are rounded to tens, which adds up to 5 households of about 200.
    assert deviation.max() < 0.05 + 0.05


def test_a_new_day_closes_what_no_longer_holds(store, samples):
    fill(store, samples / "town", now=NOW, who="tests", told=quiet)
    publish_all(store, DAY, now=NOW, told=quiet)
    open_before = store.findings()
    publish_all(store, dt.date(2026, 7, 2), now=NOW, told=quiet)
    assert len(store.findings()) == len(open_before)
    assert (store.published_layers("internal")["version"] == 2).all()
