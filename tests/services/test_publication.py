import datetime as dt

import pandas as pd
import pytest

from gridgeo.errors import NotFoundError
from gridgeo.services.demo import DAY, SOURCE, fill
from gridgeo.services.imports import Asked, import_file
from gridgeo.services.publication import publish_all
from gridgeo.services.published import Gallery
from tests.city_fixtures import NOW, quiet

PUBLIC = {
    "grids",
    "villages",
    "stations",
    "service-areas",
    "load",
    "load-proposed",
    "incident-cells",
}
INTERNAL = {
    "access",
    "assessment",
    "blind-spots",
    "coverage",
    "hotspots",
    "incidents-by-time",
    "quality",
    "staffing",
}


def test_a_second_publication_of_the_same_data_changes_nothing(town_store):
    before = town_store.published_layers("internal")
    done = publish_all(town_store, DAY, now=NOW, source=SOURCE, told=quiet)
    assert not done.changed
    pd.testing.assert_frame_equal(town_store.published_layers("internal"), before)


def test_taking_the_same_files_in_again_changes_no_row(town_store, samples):
    before = town_store.counts()
    changed = fill(town_store, samples / "town", now=NOW, who="tests", told=quiet)
    assert {r.inserted + r.updated for r in changed.values()} == {0}
    assert town_store.counts() == before


def test_only_layers_without_residents_are_public(town_store):
    gallery = Gallery(town_store)
    assert set(gallery.names("public")) == PUBLIC
    assert set(gallery.names("internal")) == PUBLIC | INTERNAL
    with pytest.raises(NotFoundError, match="blind-spots"):
        gallery.layer("blind-spots", "public")


@pytest.mark.parametrize("name", sorted(PUBLIC | INTERNAL))
def test_no_published_count_lies_below_k(town_store, name):
    layer = Gallery(town_store).layer(name, "internal")
    for field in layer.columns:
        if field.is_count:
            told = layer.features[field.name].dropna()
            assert not ((told > 0) & (told < layer.k)).any()


def test_a_village_minus_its_grids_never_tells_a_small_number(town_store):
    gallery = Gallery(town_store)
    load, villages = gallery.layer("load"), gallery.layer("villages")
    of_grids = load.features.groupby("village_code")["households"].sum()
    rest = (villages.features["households"] - of_grids.reindex(villages.features.index)).dropna()
    assert ((rest == 0) | (rest >= load.k)).all()


def test_a_publication_that_fails_leaves_the_last_one_whole(store, samples, monkeypatch):
    fill(store, samples / "town", now=NOW, who="tests", told=quiet)
    publish_all(store, DAY, now=NOW, source="one", told=quiet)
    before = store.published_layers("internal"), len(store.plans()), len(store.ledger("load"))
    said = []

    def fail_at_the_third(share, text):
        said.append(text)
        if text == "stations":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish_all(store, DAY, now=NOW, source="two", told=fail_at_the_third)
    assert "stations" in said
    after = store.published_layers("internal"), len(store.plans()), len(store.ledger("load"))
    pd.testing.assert_frame_equal(after[0], before[0])
    assert after[1:] == before[1:]
    assert publish_all(store, DAY, now=NOW, source="two", told=quiet).changed


def test_a_layer_that_cannot_be_made_anew_is_withdrawn(store, samples, tmp_path):
    fill(store, samples / "town", now=NOW, who="tests", told=quiet)
    publish_all(store, DAY, now=NOW, told=quiet)
    assert "load-proposed" in store.published_layers().index
    stray = tmp_path / "units.geojson"
    stray.write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": '
        '"Polygon", "coordinates": [[[120, 32], [120.01, 32], [120.01, 32.01], [120, 32]]]}, '
        '"properties": {"unit_id": "stray", "households": 3}}]}',
        encoding="utf-8",
    )
    import_file(store, Asked("units", stray, mapping={}), now=NOW, who="tests")
    done = publish_all(store, DAY, now=NOW, told=quiet)
    assert "have no grid_code" in done.skipped["load-proposed"]
    assert "load-proposed" not in store.published_layers().index
    assert not publish_all(store, DAY, now=NOW, told=quiet).changed


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
    daily = ["unanswered", "patrol", "patrol-share"]  # another day, other incidents and patrols
    open_before = store.findings()["kind"].value_counts().drop(daily, errors="ignore")
    publish_all(store, dt.date(2026, 7, 2), now=NOW, told=quiet)
    open_then = store.findings()["kind"].value_counts()
    assert open_then["unanswered"] > 0
    assert open_then.drop(daily, errors="ignore").to_dict() == open_before.to_dict()
    assert (store.published_layers("internal")["version"] == 2).all()
