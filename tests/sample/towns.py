"""How the tests read a sample and its truth."""

import geopandas as gpd
import numpy as np
import shapely

from gridgeo.model.crs import to_metric
from gridgeo.sample import Sample
from gridgeo.sample.offsets import gcj02


def metric(sample: Sample, name: str) -> gpd.GeoDataFrame:
    return to_metric(sample.layers[name], name)


def brought_back(sample: Sample) -> gpd.GeoDataFrame:
    """The households with the points left in GCJ-02 shifted back, to a few metres."""
    homes = sample.layers["households"].copy()
    off = subjects(sample, "offset")
    lon, lat = homes.geometry.loc[off].x.to_numpy(), homes.geometry.loc[off].y.to_numpy()
    back = 2 * np.column_stack([lon, lat]) - gcj02(lon, lat)
    homes.loc[off, "geometry"] = gpd.GeoSeries(shapely.points(back), index=off, crs=homes.crs)
    return to_metric(homes, "households")


def subjects(sample: Sample, kind: str) -> list[str]:
    """Everyone the truth names under a kind; a list, so that double entries show."""
    return sorted(s for entry in sample.truth if entry["kind"] == kind for s in entry["subjects"])
