import pytest
from starlette.testclient import TestClient

from gridgeo_api.app import create_app
from gridgeo_api.asking import SignIn

SIGN_IN = SignIn("demo", "a-password-for-tests")


@pytest.fixture(scope="session")
def app(town_settings, town_store):
    return create_app(town_settings, SIGN_IN)


@pytest.fixture(scope="session")
def client(app):
    """Somebody on this machine who has not signed in."""
    with TestClient(app, client=("127.0.0.1", 50000)) as made:
        yield made


@pytest.fixture
def signed_in():
    return (SIGN_IN.name, SIGN_IN.password)
