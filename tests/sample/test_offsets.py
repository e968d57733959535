"""The sample shifts its points as the intake brings them back."""

import numpy as np

from gridgeo.ingest.offset import shifted, unshifted
from gridgeo.sample.offsets import gcj02


def test_the_sample_and_the_intake_know_the_same_offset():
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(74, 134, 5000), rng.uniform(18, 53, 5000)
    there = gcj02(lon, lat)
    assert np.allclose(there, np.column_stack(shifted(lon, lat, "gcj02")), rtol=0, atol=1e-11)
    assert np.allclose(unshifted(*there.T, "gcj02"), [lon, lat], rtol=0, atol=1e-9)
