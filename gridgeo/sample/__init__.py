"""Sample cities from a seed, with planted defects and the truth about them."""

from gridgeo.sample.city import city
from gridgeo.sample.files import made_from, write
from gridgeo.sample.jingjiang import Sample, town

__all__ = ["Sample", "city", "made_from", "town", "write"]
