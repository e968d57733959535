"""What a station serves and what is there for people, as published; worked out by hand."""

import numpy as np
import pytest
from shapely import Point

from gridgeo.errors import ParameterError
from gridgeo.services.about import About
from gridgeo.services.reach_layers import access_layer, service_areas_layer
from gridgeo.services.standards import Standards
from tests.services.test_reach_detector import DAY, WALK, Town, frame, town

STRAIGHT = Standards(reach_within_m=500)


def test_in_a_straight_line_a_station_serves_a_circle():
    layer = service_areas_layer(town(), About(DAY, standards=STRAIGHT))
    assert (layer.id, layer.disclosure) == ("service-areas", "public")
    row = layer.features.iloc[0]
    assert (row["within_m"], row["way"]) == (500, "straight")
    assert row["area_m2"] == pytest.approx(np.pi * 500**2, rel=5e-4)
    assert layer.features["street_m"].isna().all()


def test_along_streets_it_serves_its_bank_of_the_river_only():
    layer = service_areas_layer(town(), About(DAY, standards=WALK), beside_m=20)
    row = layer.features.iloc[0]
    assert (row["way"], row["street_m"]) == ("streets", 500)
    # 500 m of street, 20 m to either side, two half circles at the ends.
    assert row["area_m2"] == pytest.approx(500 * 40 + np.pi * 20**2, rel=0.01)
    with pytest.raises(ParameterError, match="along streets; there are none"):
        service_areas_layer(Town(stations=town().frames["stations"]), About(DAY, standards=WALK))
    with pytest.raises(ParameterError, match="no stations"):
        service_areas_layer(Town(), About(DAY, standards=STRAIGHT))


def test_a_station_far_from_any_street_serves_nothing():
    stations = frame("station_id", ["s"], [Point(0, 700)], capacity=[3.0])
    layer = service_areas_layer(town(stations=stations), About(DAY, standards=WALK))
    assert layer.features["area_m2"].tolist() == [0]
    assert layer.features.geometry.is_empty.all()


def crowd(near, beyond, **other):
    """So many households of two persons beside the station, and beyond the river."""
    places = [Point(100, 0)] * near + [Point(100, 50)] * beyond
    ids = [f"h{n}" for n in range(len(places))]
    homes = frame("household_id", ids, places, size_band="2", lived_in=True)
    stations = frame("station_id", ["s"], [Point(0, 0)], capacity=[30.0])
    return town(households=homes, **{"stations": stations} | other)


def test_places_and_persons_of_a_grid_and_their_ratio():
    layer = access_layer(crowd(30, 20), About(DAY, standards=STRAIGHT))
    assert (layer.id, layer.disclosure, layer.k) == ("access", "internal", 5)
    figures = ["persons", "places", "access"]
    assert layer.features[figures].to_numpy().tolist() == [[100, 30, 0.3]]
    walked = access_layer(crowd(30, 20), About(DAY, standards=WALK))
    # All 30 places fall to the 60 persons who get there; the mean of the grid is the same.
    assert walked.features[figures].to_numpy().tolist() == [[100, 30, 0.3]]
    nobody = access_layer(crowd(0, 20), About(DAY, standards=WALK))
    assert nobody.features[figures].to_numpy().tolist() == [[40, 0, 0.0]]


def test_few_people_are_not_told_of():
    layer = access_layer(crowd(2, 0), About(DAY, standards=STRAIGHT))
    assert layer.features[["persons", "places", "access"]].isna().all(axis=None)
    odd = access_layer(crowd(6, 0), About(DAY, standards=STRAIGHT))
    assert (odd.features[["persons", "places"]] % 5 == 0).all(axis=None)


def test_says_what_is_missing():
    unknown = frame("station_id", ["s"], [Point(0, 0)], capacity=[None])
    for lacking, word in (
        ({"stations": unknown}, "a capacity of every station"),
        ({"households": town().frames["households"].iloc[:0]}, "no households"),
        ({"streets": town().frames["streets"].iloc[:0]}, "needs streets"),
    ):
        with pytest.raises(ParameterError, match=word):
            access_layer(town(**lacking), About(DAY, standards=WALK))
