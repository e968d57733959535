import pytest
from sqlalchemy import text

from gridgeo.store.connection import engine, transaction
from gridgeo.store.doctor import examine
from gridgeo.store.local import LocalCluster
from gridgeo.store.migrate import migrate

pytestmark = pytest.mark.db


def test_a_healthy_store_passes_every_check(cluster, owner_engine, api_engine):
    found = examine(cluster, owner_engine, api_engine)
    assert [check.name for check in found if not check.ok] == []
    assert {"binaries", "server", "postgis", "migrations", "walls", "api walls"} <= {
        check.name for check in found
    }


def test_each_fault_says_its_next_step(owner_engine, admin_engine):
    migrate(owner_engine, "base")
    with transaction(admin_engine) as connection:
        connection.execute(text("CREATE TABLE gridgeo.extra ()"))
    failed = {check.name: check for check in examine(None, owner_engine) if not check.ok}
    assert set(failed) == {"migrations", "walls"}
    assert failed["migrations"].next_step == "Run `gridgeo migrate`."
    assert "extra has no row security" in failed["walls"].said


def test_a_stopped_cluster_is_a_finding_and_stays_stopped(postgis_home):
    cluster = LocalCluster(postgis_home / "stopped")
    owner = engine(cluster.url("gridgeo_demo"), pooled=False)
    failed = {check.name: check for check in examine(cluster, owner) if not check.ok}
    assert set(failed) == {"server", "postgis", "migrations", "walls"}
    assert all("gridgeo up" in check.next_step for check in failed.values())
    assert cluster.status().state == "absent"
