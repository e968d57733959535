"""Published layers as maps and files, for people and for other systems."""

from gridgeo.render.blind_spots import blind_spots_map
from gridgeo.render.files import write_layer
from gridgeo.render.geojson import to_geojson
from gridgeo.render.incidents import incidents_map
from gridgeo.render.kinds import KINDS, MapKind, draw
from gridgeo.render.load import load_map

__all__ = [
    "KINDS",
    "MapKind",
    "blind_spots_map",
    "draw",
    "incidents_map",
    "load_map",
    "to_geojson",
    "write_layer",
]
