"""Base units of a plan: drawn from streets and rivers, or from points."""

from gridgeo.analysis.units.points import units_from_points
from gridgeo.analysis.units.streets import units_from_streets

__all__ = ["units_from_points", "units_from_streets"]
