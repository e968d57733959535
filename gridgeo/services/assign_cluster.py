"""Add the responsible grid to more points than one machine holds."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import geopandas as gpd

from gridgeo.analysis.assign import HOW
from gridgeo.analysis.assign_table import Place
from gridgeo.errors import InputError, ParameterError
from gridgeo.ingest.formats import require_file
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import GRIDS
from gridgeo.services.assign_files import Answered, Told
from gridgeo.services.points_in import ParquetPoints
from gridgeo.services.sources import as_it_is


class Cluster(Protocol):
    """Workers that see the files, of this machine or of others."""

    def assign(
        self,
        points: Sequence[Path],
        place: Place,
        grids: gpd.GeoDataFrame,
        output: Path,
        nearest_within_m: float | None = None,
        progress: Callable[[float, str], None] | None = None,
    ) -> Mapping[str, int]:
        """Write the points with their grids as a folder; count them by how they were answered."""
        ...


def assign_on_cluster(
    cluster: Cluster,
    points: Path,
    grids: Path,
    output: Path,
    nearest_within_m: float | None = None,
    crs: int | None = None,
    told: Told = lambda _share, _text: None,
) -> Answered:
    """Add the responsible grid to each point of a Parquet file, or of a folder of them.

    Parameters
    ----------
    cluster : Cluster
    points : Path
        A Parquet file, or a folder of them with the same columns; their rows follow each other in
        the order of the names.
    grids : Path
        As for ``assign_files``.
    output : Path
        A folder, of Parquet files whose names are in the order of the rows.
    nearest_within_m, crs, told
        As for ``assign_files``.

    Returns
    -------
    Answered

    Raises
    ------
    InputError
        A file cannot be read, the folder has none, or their columns differ.
    ConflictError
        ``output`` is there and no folder that this wrote, or the cluster went away.
    ParameterError
        ``points`` is no Parquet.
    """
    files = _files(points)
    frame = as_it_is(grids, GRIDS, crs=crs)
    if nearest_within_m is not None:
        frame = to_metric(frame, "grids")
    place = ParquetPoints(files[0], crs).place
    counts = cluster.assign(files, place, frame.sort_index(), output, nearest_within_m, told)
    ways = {way: counts[way] for way in HOW if counts[way]}
    return Answered(sum(ways.values()), ways, counts["unplaced"])


def _files(points: Path) -> list[Path]:
    if not points.is_dir():
        require_file(points)
        if points.suffix.lower() != ".parquet":
            raise ParameterError(
                f"{points.name} is no Parquet; a cluster reads a .parquet or a folder of them.",
                hint="Leave out --cluster: one machine reads every format, of any size.",
                fields=["points"],
            )
        return [points]
    # Readers of data sets pass over names that begin like this.
    files = sorted(p for p in points.glob("*.parquet") if not p.name.startswith(("_", ".")))
    if not files:
        raise InputError(
            f"{points.name} holds no .parquet file.",
            hint="Name a folder of Parquet files, or one file.",
            code="input.empty",
            fields=["points"],
        )
    return files
