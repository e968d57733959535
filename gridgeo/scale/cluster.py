"""A cluster to work on: one that runs elsewhere, or one of this machine's own cores."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gridgeo._version import __version__
from gridgeo.errors import ParameterError

LOCAL = "local"
_WAIT_S = 30  # for the scheduler, and for its first worker

# A distributed.Client. The package is an extra, so that the type cannot be named here.
Engine = Any


@contextmanager
def cluster(address: str = LOCAL, workers: int | None = None) -> Iterator[Engine]:
    """Open a cluster for as long as the block runs.

    Parameters
    ----------
    address : str
        ``local``: worker processes on this machine, gone when the block ends. Otherwise the
        address of a Dask scheduler, such as ``tcp://10.0.0.5:8786`` or ``tls://…``.
    workers : int, optional
        Of a local cluster; default one a core.

    Yields
    ------
    distributed.Client

    Raises
    ------
    ParameterError
        ``gridgeo[scale]`` is not installed, no cluster answers at the address, it has no worker,
        or its workers run another gridgeo.

    Notes
    -----
    Whoever reaches a scheduler at ``tcp://`` can run programs on its workers. The local cluster
    therefore speaks TLS with certificates made for the occasion; a shared one belongs on a closed
    network, or at ``tls://`` with the certificates that Dask's configuration names.
    """
    try:
        import distributed
        from distributed.security import Security
    except ImportError as error:
        raise ParameterError(
            "Working on a cluster needs the package distributed, which is not installed.",
            hint="pip install 'gridgeo[scale]'",
            code="cluster.missing",
            fields=["cluster"],
        ) from error
    if address != LOCAL:
        with _reached(address) as client:
            yield client
        return
    security = Security.temporary()
    with (
        distributed.LocalCluster(
            n_workers=workers or os.cpu_count() or 1,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",  # any free port: two runs must not fight over one
            security=security,
            protocol="tls://",
            silence_logs=logging.CRITICAL,
        ) as own,
        distributed.Client(own, security=security) as client,
    ):
        yield client


@contextmanager
def _reached(address: str) -> Iterator[Engine]:
    import distributed

    try:
        client = distributed.Client(address, timeout=_WAIT_S)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError; ValueError: no address
        raise ParameterError(
            f"No cluster answers at {address}.",
            hint="Start one with `dask scheduler` and `dask worker`, or say --cluster local.",
            code="cluster.unreachable",
            fields=["cluster"],
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_WAIT_S)
        except TimeoutError as error:
            raise ParameterError(
                f"The cluster at {address} has no worker.",
                hint=f"Start one with `dask worker {address}`.",
                code="cluster.empty",
                fields=["cluster"],
            ) from error
        _require_same_version(client, address)
        yield client


def _require_same_version(client: Engine, address: str) -> None:
    found = client.run(version_here, on_error="return")
    others = {
        worker: str(said)
        for worker, said in found.items()
        if not isinstance(said, str) or said != __version__
    }
    if others:
        worker, said = next(iter(others.items()))
        raise ParameterError(
            f"{len(others):,} workers of {address} do not run gridgeo {__version__} "
            f"({worker}: {said}).",
            hint="Install the same version on all of them.",
            code="cluster.version",
            fields=["cluster"],
        )


def version_here() -> str:
    """Give the version of gridgeo where this runs."""
    return __version__
