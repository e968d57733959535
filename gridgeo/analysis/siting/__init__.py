"""Where stations should stand: the fewest that reach everybody, the best of a given number."""

from gridgeo.analysis.siting.best import best_stations
from gridgeo.analysis.siting.exchange import warm_siting
from gridgeo.analysis.siting.fewest import fewest_stations
from gridgeo.analysis.siting.task import Siting

__all__ = ["Siting", "best_stations", "fewest_stations", "warm_siting"]
