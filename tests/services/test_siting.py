"""Where stations should stand, from frames, along streets, and from the store."""

import pytest
from shapely import Point

from gridgeo.errors import ParameterError
from gridgeo.model.frames import STATIONS
from gridgeo.services.about import About
from gridgeo.services.demo import DAY as DEMO_DAY
from gridgeo.services.siting import sited
from gridgeo.services.standards import Standards
from tests.services.test_reach_detector import DAY, Town, frame, town

NEAR = About(DAY, standards=Standards(reach_within_m=200))
WALK = About(DAY, standards=Standards(reach_within_m=200, reach_by="streets"))


def city(**other):
    """Ten homes of two at each of three places: west, east, and beyond the river from the west."""
    spots = [Point(100, 0), Point(900, 0), Point(100, 50)]
    homes = [p for p in spots for _ in range(10)]
    ids = [f"h{n}" for n in range(len(homes))]
    told = {
        "households": frame("household_id", ids, homes, size_band="2", lived_in=True),
        "stations": frame("station_id", ["s"], [Point(100, 0)], name=["hall"]),
    }
    return town(**told | other)


CANDIDATES = frame(
    "station_id", ["east", "beyond", "far"], [Point(900, 0), Point(150, 60), Point(3000, 0)]
)


def chosen(found):
    columns = ["station_id", "stays", "persons"]
    return found.layer.features[columns].astype(object).to_numpy().tolist()


def test_the_fewest_beside_those_that_stay():
    found = sited(city(), CANDIDATES, NEAR)
    assert chosen(found) == [["s", True, 40], ["east", False, 20]]
    assert (found.stays, found.persons, found.siting.reached, found.unreachable) == (1, 60, 60, "")
    assert found.siting.optimal
    # Along streets nobody gets over the river.
    walked = sited(city(), CANDIDATES, WALK)
    assert chosen(walked) == [["s", True, 20], ["east", False, 20], ["beyond", False, 20]]


def test_the_best_of_a_number_and_nobody_stays_who_need_not():
    # The place beyond the river sees both banks.
    assert chosen(sited(city(), CANDIDATES, NEAR, 1, keep=False)) == [["beyond", False, 40]]
    with pytest.raises(ParameterError, match="p is 0"):
        sited(city(), CANDIDATES, NEAR, 0)


def test_a_candidate_named_like_a_station_is_another_place():
    found = sited(city(), CANDIDATES.rename(index={"east": "s"}), NEAR)
    assert chosen(found) == [["s", True, 40], ["new-s", False, 20]]


def test_small_numbers_of_people_are_not_told():
    few = city().frames["households"].iloc[[0, 10, 11, 12, 13]]
    found = sited(city(households=few), CANDIDATES.loc[["east", "far"]], NEAR)
    assert [row[:2] for row in chosen(found)] == [["s", True], ["east", False]]
    assert found.layer.features["persons"].isna().tolist() == [True, False]
    alone = city(households=city().frames["households"].iloc[10:12])
    assert sited(alone, CANDIDATES.loc[["far"]], NEAR).unreachable == "< 5"


def test_who_is_known_only_by_the_grid_or_does_not_live_there_is_left_out():
    homes = (
        city()
        .frames["households"]
        .assign(placed_by=["grid"] * 10 + ["coordinates"] * 20, lived_in=[True] * 20 + [False] * 10)
    )
    found = sited(city(households=homes), CANDIDATES, NEAR, keep=False)
    assert chosen(found) == [["east", False, 20]]
    assert (found.persons, found.by_grid) == (20, "≈ 10")


def test_says_what_is_missing():
    with pytest.raises(ParameterError, match="no households"):
        sited(Town(), CANDIDATES, NEAR)
    with pytest.raises(ParameterError, match="along streets; there are none"):
        sited(city(streets=town().frames["streets"].iloc[:0]), CANDIDATES, WALK)


def test_from_the_store_its_stations_stay(town_store):
    stations = town_store.frame(STATIONS, as_of=DEMO_DAY)
    about = About(DEMO_DAY, standards=Standards(reach_within_m=1000))
    found = sited(town_store, stations.iloc[:3], about)
    assert found.stays == len(stations)
    anew = sited(town_store, stations, about, keep=False)
    assert anew.siting.objective <= found.siting.objective
    assert anew.siting.reached == found.siting.reached
