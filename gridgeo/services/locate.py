"""Which grid is responsible here?"""

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from gridgeo.analysis.locate import GridIndex
from gridgeo.errors import NotFoundError, ParameterError
from gridgeo.model.crs import GIVE_OUT, to_metric
from gridgeo.publish.layer import Layer


@dataclass(frozen=True)
class Responsible:
    """Exactly one grid, its village and its duty contact."""

    grid_code: str
    grid_name: str | None
    village_code: str | None
    village_name: str | None
    duty_phone: str | None


class OutsideError(NotFoundError):
    """No grid covers the place; ``extra`` holds the nearest one and its distance in metres."""

    default_code = "locate.outside"

    def __init__(self, message: str, *, hint: str, extra: dict[str, object]) -> None:
        super().__init__(message, hint=hint, fields=["lon", "lat"])
        self.extra = extra


class Locator:
    """Answers for one version of the published grids.

    Parameters
    ----------
    grids : Layer
        The published grids. Of several that cover a place the lowest ``grid_code`` answers.
    """

    def __init__(self, grids: Layer) -> None:
        self._grids = grids.features.sort_index()
        self._index = GridIndex(self._grids)

    def at(self, lon: float, lat: float) -> Responsible:
        """Name the grid that is responsible at a place.

        Parameters
        ----------
        lon, lat : float
            WGS 84 degrees.

        Returns
        -------
        Responsible

        Raises
        ------
        ParameterError
            Not on the Earth.
        OutsideError
            No grid covers the place.
        """
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise ParameterError(
                f"({lon}, {lat}) is not on the Earth; longitude goes from -180 to 180, latitude "
                "from -90 to 90.",
                fields=["lon", "lat"],
            )
        position = int(self._index.locate([lon], [lat])[0])
        if position < 0:
            raise self._outside(lon, lat)
        row = self._grids.iloc[position]

        def said(column: str) -> str | None:
            value = row.get(column)
            return None if value is None or pd.isna(value) else str(value)

        return Responsible(
            grid_code=str(self._grids.index[position]),
            grid_name=said("name"),
            village_code=said("village_code"),
            village_name=said("village_name"),
            duty_phone=said("duty_phone"),
        )

    def _outside(self, lon: float, lat: float) -> OutsideError:
        if self._grids.empty:
            return OutsideError(
                "No grid is published yet.", hint="Publish with `gridgeo publish`.", extra={}
            )
        grids = to_metric(self._grids.geometry, "grids")
        place = gpd.GeoSeries.from_xy([lon], [lat], crs=GIVE_OUT).to_crs(grids.crs)
        distance_m = shapely.distance(grids.to_numpy(), place.iloc[0])
        nearest = int(distance_m.argmin())
        extra: dict[str, object] = {
            "nearest": {
                "grid_code": str(self._grids.index[nearest]),
                "distance_m": round(float(distance_m[nearest]), 1),
            }
        }
        return OutsideError(
            f"No grid covers ({lon}, {lat}).",
            hint="The nearest one is named under `nearest`.",
            extra=extra,
        )
