import geopandas as gpd
import pytest

from gridgeo.services.published import Gallery


@pytest.fixture(scope="module")
def grids(town_store):
    return Gallery(town_store).layer("grids").features


def test_every_grid_answers_for_its_own_inner_point(client, grids):
    inner = grids.representative_point()
    for code, point in inner.items():
        answer = client.get("/v1/locate", params={"lon": point.x, "lat": point.y}).json()
        assert answer["grid_code"] == code
        assert answer["village_code"] == grids.loc[code, "village_code"]
        assert answer["village_name"]
        assert answer["duty_contact"]["phone"].startswith("0523-")


def test_in_an_overlap_the_lower_code_answers(client, grids):
    pairs = gpd.overlay(
        grids.reset_index()[["feature_id", "geometry"]],
        grids.reset_index()[["feature_id", "geometry"]],
        keep_geom_type=True,
    )
    twice = pairs[pairs["feature_id_1"] < pairs["feature_id_2"]]
    twice = twice[twice.to_crs(4549).area > 100]
    assert len(twice) == 3
    for row in twice.itertuples():
        point = row.geometry.representative_point()
        answer = client.get("/v1/locate", params={"lon": point.x, "lat": point.y}).json()
        assert answer["grid_code"] == row.feature_id_1


def test_outside_is_404_with_the_nearest_grid(client):
    answer = client.get("/v1/locate", params={"lon": 120.0, "lat": 31.9})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "locate.outside"
    assert len(body["nearest"]["grid_code"]) == 14
    assert 10_000 < body["nearest"]["distance_m"] < 40_000


@pytest.mark.parametrize(
    "query",
    [
        "lon=120",
        "lon=x&lat=1",
        "lon=nan&lat=32",
        "lon=inf&lat=32",
        "lon=181&lat=32",
        "lon=120&lat=91",
        "lon=120&lat=32&radius=5",
        "",
    ],
)
def test_unknown_or_malformed_parameters_are_400(client, query):
    answer = client.get(f"/v1/locate?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"].startswith("parameter")
    assert answer.json()["fields"]
