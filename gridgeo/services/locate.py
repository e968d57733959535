"""Which grid is responsible here?"""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from gridgeo.analysis.assign import assign
from gridgeo.analysis.locate import GridIndex
from gridgeo.errors import InputError, NotFoundError, ParameterError
from gridgeo.ingest.plain import load
from gridgeo.model.crs import GIVE_OUT, to_metric
from gridgeo.model.frames import GRIDS
from gridgeo.publish.layer import Layer
from gridgeo.services.sources import as_it_is


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


def assign_files(
    points: Path, grids: Path, nearest_within_m: float | None = None, crs: int | None = None
) -> gpd.GeoDataFrame:
    """Add the responsible grid to each point of a file.

    Parameters
    ----------
    points, grids : Path
        Read with all their columns; grids without a recognised code go by row number.
    nearest_within_m : float, optional
        Give a point in no grid to the nearest one within that distance.
    crs : int, optional
        EPSG code of files that do not say theirs.

    Returns
    -------
    GeoDataFrame
        The points in the order of their file, in their own CRS; see ``assign_points``.
    """
    given = load(points, crs=crs)
    if not isinstance(given, gpd.GeoDataFrame):
        raise InputError(
            f"{points.name} has no places.",
            hint="Give a vector file, or a CSV with lon and lat, or with WKT under geometry.",
            fields=["geometry"],
        )
    frame = as_it_is(grids, GRIDS, crs=crs)
    if nearest_within_m is not None:
        frame = to_metric(frame, "grids")
    return assign_points(given.rename_axis("row"), frame, nearest_within_m)


def assign_points(
    points: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, nearest_within_m: float | None = None
) -> gpd.GeoDataFrame:
    """Add the responsible grid to each point.

    Parameters
    ----------
    points : GeoDataFrame of Point, shape (n,)
    grids : GeoDataFrame of Polygon or MultiPolygon
        Indexed by ``grid_code``; of several that cover a point the lower code answers.
    nearest_within_m : float, optional
        Give a point in no grid to the nearest one within that distance.

    Returns
    -------
    GeoDataFrame, shape (n,)
        ``points`` with ``grid_code``, ``how`` and ``distance_m``; earlier columns of those
        names are replaced.
    """
    answer = assign(points, grids.sort_index(), nearest_within_m)
    kept = points.drop(columns=[c for c in ("grid_code", "how", "distance_m") if c in points])
    return kept.join(answer.rename(columns={"grid_id": "grid_code"}))
