"""What tests of patrols and duty hours share."""

from functools import partial

import pytest

from tests.services.walking import take_in, tracks_of


@pytest.fixture
def tracks(samples):
    """All fixes of the town."""
    return tracks_of(samples)


@pytest.fixture
def save(tmp_path):
    """Write fixes to a file."""

    def save(table, name="fixes.parquet"):
        table.to_parquet(tmp_path / name, index=False)
        return tmp_path / name

    return save


@pytest.fixture
def take(store):
    """Take a file into the store."""
    return partial(take_in, store)
