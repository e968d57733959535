import pytest

from gridgeo.errors import StoreError
from gridgeo.store import binaries

SIMULATED = """\
NOTE: This is only a simulation!
Reinst postgresql-client-15 [15.18-0+deb12u1]
Inst libgeos3.11.1 (3.11.1-1 Debian:12.5/stable [amd64])
Inst postgresql-15 [15.18-0+deb12u1] (15.20-0+deb12u1 Debian-Security:12/stable [amd64]) []
Inst libc6:i386 (2.36-9 Debian:12.5/stable [i386])
Conf libgeos3.11.1 (3.11.1-1 Debian:12.5/stable [amd64])
"""


def test_packages_to_download_are_read_from_what_apt_would_install():
    assert binaries.planned(SIMULATED) == [
        "libgeos3.11.1=3.11.1-1",
        "postgresql-15=15.20-0+deb12u1",
        "libc6:i386=2.36-9",
    ]


@pytest.mark.db
def test_what_is_found_has_postgis_and_a_version(tmp_path):
    found = binaries.find(tmp_path)
    assert found is not None
    assert (found.folder / "initdb").exists()
    assert found.version.startswith(str(found.major))
    assert found.environment == {}
    assert binaries.find(tmp_path, found.major) == found
    assert binaries.find(tmp_path, 1) is None


@pytest.fixture
def bare_machine(monkeypatch):
    """A machine on which neither PostgreSQL nor a packager is found."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(binaries, "_INSTALLED", ())


@pytest.mark.usefixtures("bare_machine")
def test_without_postgis_and_packager_one_sentence_gives_the_command(tmp_path):
    with pytest.raises(StoreError, match="no PostgreSQL with PostGIS was found") as caught:
        binaries.ensure(tmp_path, lambda _said: None)
    assert caught.value.code == "store.no-postgis"
    assert "install" in caught.value.hint
    assert "DATABASE_URL" in caught.value.hint


@pytest.mark.usefixtures("bare_machine")
def test_a_version_bound_by_data_is_asked_for_by_number(tmp_path):
    with pytest.raises(StoreError, match="no PostgreSQL 14 with PostGIS"):
        binaries.ensure(tmp_path, lambda _said: None, major=14)
