"""One town a seed, made once."""

import pytest

from gridgeo.sample import Sample, town


@pytest.fixture(scope="session", params=[0, 1, 2])
def sample(request) -> Sample:
    return town(seed=request.param)
