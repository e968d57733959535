"""How long a trial takes, and the parts its tests share."""

import os

import pytest

from tests.trial.commands import Commands


def effort(n):
    """Give the rounds of a trial: n in ``make trial``, a twentieth in ``make test``."""
    return n if os.environ.get("GRIDGEO_TRIAL") else max(1, n // 20)


@pytest.fixture(scope="session")
def commands(tmp_path_factory):
    """Starts ``gridgeo`` commands that can be killed."""
    with Commands(tmp_path_factory.mktemp("commands")) as made:
        yield made
