"""Distances along streets: how far it is to walk, and what lies within reach."""

from gridgeo.analysis.network.kernel import warm_network
from gridgeo.analysis.network.service import service_areas, streets_within
from gridgeo.analysis.network.walk import nearest_along_streets, street_distances

__all__ = [
    "nearest_along_streets",
    "service_areas",
    "street_distances",
    "streets_within",
    "warm_network",
]
