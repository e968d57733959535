import os
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from gridgeo._version import __version__
from gridgeo.errors import ParameterError
from gridgeo.scale import cluster as scale
from gridgeo.scale.cluster import cluster


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def running(*orders):
    """Programs of Dask that run while the block does."""
    made = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli." + order[0], *order[1:]],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        for order in orders
    ]  # fmt: skip
    try:
        yield
    finally:
        for one in made:
            one.terminate()
        for one in made:
            one.wait(20)


def scheduler(port):
    return ("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")


def opened(*address):
    with cluster(*address):
        pass


def test_a_cluster_that_runs_elsewhere_is_used_and_goes_on_running():
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    worker = ("dask_worker", address, "--no-dashboard", "--nthreads", "1")
    with running(scheduler(port), worker):
        for _ in range(2):
            with cluster(address) as engine:
                assert engine.submit(scale.version_here).result() == __version__


def test_an_address_where_nobody_answers_or_nobody_works_is_told_at_once(monkeypatch):
    monkeypatch.setattr(scale, "_WAIT_S", 4)
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    with pytest.raises(ParameterError, match=f"No cluster answers at {address}"):
        opened(address)
    with pytest.raises(ParameterError, match="No cluster answers at postgres"):
        opened("postgres://127.0.0.1")
    no_worker = pytest.raises(ParameterError, match=f"has no worker.*dask worker {address}")
    with running(scheduler(port)), no_worker:
        opened(address)


def test_workers_of_another_version_are_refused(engine, monkeypatch):
    monkeypatch.setattr(scale, "__version__", "99.0")
    with pytest.raises(ParameterError, match=r"2 workers of here do not run gridgeo 99\.0"):
        scale._require_same_version(engine, "here")


def test_the_local_cluster_listens_on_this_machine_alone_and_by_tls(engine):
    addresses = [engine.scheduler.address, *engine.run(os.getpid)]
    assert all(address.startswith("tls://127.0.0.1:") for address in addresses)


def test_without_the_package_the_next_step_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ParameterError, match=r"pip install 'gridgeo\[scale\]'"):
        opened()
