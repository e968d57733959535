"""Units of the shipped sample town, whose blocks are known."""

import geopandas as gpd
import pytest

import gridgeo as gg
from tests.analysis.units.drawn import METRES, hangs_together, is_partition


def told(units, *names):
    return [units.attrs["report"][name] for name in names]


@pytest.fixture(scope="module")
def town(samples):
    def read(name):
        path = samples / "town" / name
        read_ = gpd.read_parquet if path.suffix == ".parquet" else gpd.read_file
        return read_(path).to_crs(METRES)

    names = ["streets.fgb", "waters.fgb", "towns.geojson", "units.gpkg", "households.parquet"]
    return {name.partition(".")[0]: read(name) for name in names}


def test_the_streets_of_the_sample_town_give_back_the_blocks_it_was_made_of(town):
    units = gg.units_from_streets(town["towns"], town["streets"], town["waters"])
    is_partition(units, town["towns"])
    assert len(units) == len(town["units"])
    found = units.sindex.query(town["units"].representative_point(), predicate="within")
    assert sorted(found[1].tolist()) == list(range(len(units)))
    area = units.area.to_numpy()[found[1]]
    assert area == pytest.approx(town["units"].area.to_numpy()[found[0]], rel=1e-3)
    assert gg.UnitGraph(units).isolated.empty
    hangs_together(units)


def test_blocks_of_the_sample_town_are_split_to_a_load_and_nobody_is_lost(town):
    homes = town["households"][town["households"]["lived_in"]]
    units = gg.units_from_streets(
        town["towns"], town["streets"], town["waters"], buildings=homes, max_load=40
    )
    is_partition(units, town["towns"])
    assert units["households"].sum() == len(homes) - told(units, "buildings_outside")[0]
    assert units["households"].max() <= 40
    blocks = gg.units_from_streets(
        town["towns"], town["streets"], town["waters"], buildings=homes, max_load=1e6
    )
    large = int((blocks["households"] > 40).sum())
    assert large > 0
    assert told(units, "split_blocks", "over_max_load", "islands") == [large, 0, []]


def test_addresses_of_the_sample_town_have_a_unit_each(town):
    homes = town["households"].iloc[::4]
    units = gg.units_from_points(homes, town["towns"], town["waters"])
    is_partition(units, town["towns"])
    assert units["points"].sum() == told(units, "points")[0]
    hangs_together(units)
