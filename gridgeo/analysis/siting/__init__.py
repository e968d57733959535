"""Where stations should stand: the fewest that reach everybody, the best of a given number."""

from gridgeo.analysis.siting.best import best_stations
from gridgeo.analysis.siting.bound import warm_bound
from gridgeo.analysis.siting.exchange import warm_exchange
from gridgeo.analysis.siting.fewest import fewest_stations
from gridgeo.analysis.siting.task import Siting


def warm_siting() -> None:
    """Compile the kernels, or load them from numba's disk cache."""
    warm_bound()
    warm_exchange()


__all__ = ["Siting", "best_stations", "fewest_stations", "warm_siting"]
