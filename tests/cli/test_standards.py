import pytest

from gridgeo.cli.options import standards_of
from gridgeo.errors import ParameterError
from gridgeo.settings import Settings


def test_standards_of_every_kind_add_up():
    said = standards_of(["10min", "60d", "leader-is-worker"], Settings(), "100-200")
    assert said.reach_within_m == 750
    assert said.visit_within_days == 60
    assert (said.leader_counts_as_worker, said.leader_counts_as_full_time) == (True, False)
    assert said.bands.urban == (100, 200)
    assert (said.reach_by, said.places_per_person) == ("straight", None)
    assert standards_of(["leader-is-full-time"], Settings()).leader_counts_as_full_time
    assert standards_of(None, Settings()).visit_within_days == 90


def test_a_way_along_streets_and_places_for_each_person():
    said = standards_of(["10min-walk", "0.5places"], Settings())
    assert (said.reach_within_m, said.reach_by, said.places_per_person) == (750, "streets", 0.5)
    assert standards_of(["500m-walk"], Settings()).reach_within_m == 500
    assert standards_of(["500m-walk", "400m"], Settings()).reach_by == "straight"


def test_incidents_in_time_and_how_near_a_seam_is():
    said = standards_of(["80%-in-time", "60m-seam"], Settings())
    assert (said.on_time_share, said.seam_within_m) == (0.8, 60)
    assert said.reach_within_m == standards_of(None, Settings()).reach_within_m


def test_patrols_a_day_and_streets_walked():
    said = standards_of(["3/d", "62.5%-of-streets"], Settings())
    assert (said.patrols_per_day, said.streets_walked_share) == (3, 0.625)
    assert said.reach_within_m == standards_of(None, Settings()).reach_within_m


@pytest.mark.parametrize(
    "text",
    [
        "101%-of-streets",
        "1.5/d",
        "101%-in-time",
        "0%-in-time",
        "80%",
        "0m-seam",
        "0places",
        "90d-walk",
        "500-walk",
        "0d",
        "1.5d",
        "-5m",
        "0m",
        "nanm",
        "infmin",
        "5",
        "d",
        "500 m",
    ],
)
def test_refuses_what_is_no_standard(text):
    with pytest.raises(ParameterError, match="no standard"):
        standards_of([text], Settings())
