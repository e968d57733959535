"""Base units of a plan: drawn from streets or points, and how they hang together."""

from gridgeo.analysis.units.edges import unit_edges
from gridgeo.analysis.units.points import units_from_points
from gridgeo.analysis.units.streets import units_from_streets

__all__ = ["unit_edges", "units_from_points", "units_from_streets"]
