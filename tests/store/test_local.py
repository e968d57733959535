import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from gridgeo.errors import ParameterError, StoreError
from gridgeo.store import processes
from gridgeo.store.connection import engine, transaction
from gridgeo.store.local import LocalCluster

pytestmark = pytest.mark.db

UP = """
import sys
from pathlib import Path
from gridgeo.store.local import LocalCluster
cluster = LocalCluster(Path(sys.argv[1]))
cluster.up()
print(cluster.status().pid)
"""


@pytest.fixture
def home():
    """A folder of one's own: the tests here stop and kill servers."""
    made = Path(tempfile.mkdtemp(prefix="gg-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    LocalCluster(made).destroy()
    made.rmdir()


@pytest.fixture
def own(home):
    made = LocalCluster(home)
    made.up()
    return made


def run(code, *arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def remember(cluster, word):
    with engine(cluster.url("postgres", "admin"), "admin", pooled=False).begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS words (word text)"))
        connection.execute(text("INSERT INTO words VALUES (:word)"), {"word": word})


def recall(cluster):
    with engine(cluster.url("postgres", "admin"), "admin", pooled=False).begin() as connection:
        return connection.scalars(text("SELECT word FROM words")).all()


def test_up_and_down_and_up_again_keep_what_was_committed(own):
    assert own.status().state == "running"
    remember(own, "here")
    own.up()
    assert own.down()
    assert own.status().state == "stopped"
    assert not own.down()
    own.up()
    assert recall(own) == ["here"]


def test_status_before_anything_is_absent_and_makes_nothing(home):
    status = LocalCluster(home).status()
    assert (status.state, status.pid, status.databases, status.size_mb) == ("absent", None, (), 0)
    assert not LocalCluster(home).down()
    assert list(home.iterdir()) == []


def test_status_tells_version_databases_and_size(own):
    own.ensure_database("gridgeo_demo")
    status = own.status()
    assert status.databases == ("gridgeo_demo",)
    assert status.version[0].isdigit()
    assert status.size_mb > 10
    assert status.data.is_dir()


def test_only_the_socket_listens_and_only_its_owner_reaches_it(own):
    with engine(own.url("postgres", "admin"), "admin", pooled=False).begin() as connection:
        assert connection.scalar(text("SHOW listen_addresses")) == ""
        assert connection.scalar(text("SHOW fsync")) == "on"
        assert connection.scalar(text("SHOW jit")) == "off"
        assert connection.scalar(text("SHOW server_encoding")) == "UTF8"
    assert own.socket.stat().st_mode & 0o777 == 0o700
    assert own.data.stat().st_mode & 0o777 == 0o700
    assert own.data.stat().st_uid == own.socket.stat().st_uid != 0


def test_the_server_is_recovered_after_kill_9(own):
    remember(own, "kept")
    pid = own.status().pid
    os.kill(pid, signal.SIGKILL)
    own.up()
    assert own.status().pid != pid
    assert recall(own) == ["kept"]


def test_the_server_is_recovered_after_kill_9_under_a_long_query(own):
    made = engine(own.url("postgres", "admin"), "admin", pooled=False)
    busy = threading.Thread(target=_count_forever, args=[made], daemon=True)
    busy.start()
    with made.begin() as connection:
        running = text(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT count%10^12%'"
        )
        while connection.scalar(running) < 1:
            time.sleep(0.02)
    os.kill(own.status().pid, signal.SIGKILL)
    own.up()
    busy.join(timeout=10)
    assert not busy.is_alive()


def _count_forever(made):
    with made.connect() as connection, pytest.raises(Exception, match=r"connection|terminat"):
        connection.execute(text("SELECT count(*) FROM generate_series(1, (10^12)::bigint)"))


def test_a_leftover_pid_of_another_process_does_not_hinder_the_start(own):
    own.down()
    (own.data / "postmaster.pid").write_text(f"{os.getpid()}\n{own.data}\n")
    assert processes.postmaster(own.data) is None
    assert own.status().state == "stopped"
    own.up()
    assert own.status().state == "running"


def test_a_half_made_data_folder_is_swept_away(home):
    cluster = LocalCluster(home)
    half = cluster.folder / "half-killed"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")
    cluster.up()
    assert not half.exists()
    assert cluster.status().state == "running"


@pytest.mark.parametrize("after_s", [0.05, 0.2, 0.4, 0.6, 0.8])
def test_a_program_killed_while_starting_leaves_what_the_next_one_can_use(home, after_s):
    # Colder or warmer machines hit other moments; all of them must do.
    first = run(UP, home)
    time.sleep(0.5 + after_s)
    first.kill()
    first.communicate()
    cluster = LocalCluster(home)
    cluster.up()
    remember(cluster, "alive")
    assert recall(cluster) == ["alive"]


def test_the_server_outlives_the_program_that_started_it(home):
    first = run(UP, home)
    pid = int(first.communicate(timeout=60)[0])
    assert LocalCluster(home).status().pid == pid


def test_two_programs_may_start_it_at_once(home):
    programs = [run(UP, home) for _ in range(3)]
    told = [program.communicate(timeout=120) for program in programs]
    assert [program.returncode for program in programs] == [0, 0, 0], told
    assert len({said for said, _ in told}) == 1


def test_a_long_home_gets_a_short_socket(home):
    long = home / ("a" * 60) / ("b" * 60)
    long.mkdir(parents=True)
    cluster = LocalCluster(long)
    try:
        assert len(os.fsencode(cluster.socket / ".s.PGSQL.5432")) < 100
        cluster.up()
        remember(cluster, "far")
        assert recall(cluster) == ["far"]
    finally:
        cluster.destroy()
        long.rmdir()
        long.parent.rmdir()
    assert not cluster.socket.exists()


@pytest.mark.parametrize("name", ["数据 库", "a,b", "it's %41 #1?"])
def test_a_home_may_have_any_name(home, name):
    cluster = LocalCluster(home / name)
    cluster.up()
    remember(cluster, "here")
    assert recall(cluster) == ["here"]
    cluster.destroy()
    (home / name).rmdir()


def test_each_checkout_has_a_cluster_of_its_own(home, tmp_path):
    one, two = (LocalCluster(home, tmp_path / name / "main") for name in ("one", "two"))
    assert one.folder != two.folder
    assert one.folder.name.startswith("main-")


def test_data_inside_the_checkout_are_refused(tmp_path):
    with pytest.raises(StoreError, match="inside the checkout"):
        LocalCluster(tmp_path / "data", checkout=tmp_path)


@pytest.mark.parametrize("name", ["", "Demo", "a b", "x; DROP", "数据", "1a"])
def test_a_name_that_is_none_for_a_database_is_refused(cluster, name):
    with pytest.raises(ParameterError, match="cannot name a database"):
        cluster.ensure_database(name)


def test_a_stopped_server_is_said_with_the_next_step(home):
    cluster = LocalCluster(home)
    store = engine(cluster.url("gridgeo_demo"), pooled=False)
    with pytest.raises(StoreError, match="gridgeo up") as caught, transaction(store):
        pass
    assert caught.value.code == "store.unreachable"


AS_NOBODY = """
import os, sys
from pathlib import Path
from gridgeo.errors import StoreError
from gridgeo.store.connection import engine, transaction
from gridgeo.store.local import LocalCluster
cluster = LocalCluster(Path(sys.argv[1]))
try:  # loads the driver while we may still read it
    with transaction(engine(cluster.url("postgres", "admin"), "admin")):
        pass
except StoreError:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
cluster.up()
print(os.geteuid(), cluster.data.stat().st_uid, cluster.status().state)
cluster.destroy()
"""


def test_an_ordinary_user_starts_it_without_any_right():
    home = Path(tempfile.mkdtemp(prefix="gg-", dir="/tmp"))
    if os.geteuid() == 0:
        os.chown(home, 65534, 65534)
    program = run(AS_NOBODY, home, cwd="/")
    said, complaint = program.communicate(timeout=120)
    assert program.returncode == 0, complaint
    user, owner, state = said.split()
    assert user == owner != "0"
    assert state == "running"
    home.rmdir()


def test_a_home_that_the_servers_user_cannot_use_is_said(home):
    closed = home / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(StoreError, match=r"cannot (enter|be made)") as caught:
        LocalCluster(closed / "in").up()
    assert "GRIDGEO_HOME" in caught.value.hint
    closed.chmod(0o700)
    shutil.rmtree(closed)
