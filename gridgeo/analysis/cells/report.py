"""What an index can tell about the layer it was built of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gridgeo.analysis.cells.segments import Floats, Ints, read_segments


@dataclass(frozen=True)
class Overlap:
    """Two grids that share area.

    Parameters
    ----------
    first, second : int
        Positions, first < second.
    area : float
        Shared area in square units of the coordinates.
    duplicate : bool
        Whether both cover the same.
    """

    first: int
    second: int
    area: float
    duplicate: bool


@dataclass(frozen=True)
class Gap:
    """An area in no grid that grids enclose.

    Parameters
    ----------
    area : float
        In square units of the coordinates.
    beside : tuple of int
        Positions of the grids around it.
    """

    area: float
    beside: tuple[int, ...]


@dataclass(frozen=True)
class IndexReport:
    """What an index can tell about itself and the layer it was built of.

    Parameters
    ----------
    grids : int
        Grids indexed, those that cover nothing included.
    clean_cells, dirty_cells : int
        Cells that touch a border. A dirty one is answered more slowly, never less exactly.
    dirty_because : dict of str to int
        Dirty cells by reason: ``"overlap"``, a part of the cell lies in two grids; ``"crossing"``,
        borders cross; ``"crowded"``, more than 32 segments meet, or one has more than 4 owners,
        and the cell was not looked at any closer.
    overlaps : tuple of Overlap
        Every pair that shares area, by position.
    gaps : tuple of Gap
        Enclosed areas in no grid; a lake that belongs to nobody is one too.
    invalid : tuple of int
        Positions of shapes that break the rules of a polygon.
    nbytes : int
        Memory the index holds, in bytes.
    build_seconds : float
        A measurement of this one build.
    """

    grids: int
    clean_cells: int
    dirty_cells: int
    dirty_because: dict[str, int]
    overlaps: tuple[Overlap, ...]
    gaps: tuple[Gap, ...]
    invalid: tuple[int, ...]
    nbytes: int
    build_seconds: float


def find_overlaps(
    polygons: npt.NDArray[np.object_], suspect: npt.NDArray[np.intp]
) -> tuple[Overlap, ...]:
    """Measure every pair of suspects that shares area.

    Parameters
    ----------
    polygons : object array, shape (n,)
    suspect : int array
        Positions of the candidates of dirty cells; whoever overlaps is among them.

    Returns
    -------
    tuple of Overlap
    """
    shapes = _mended(polygons[suspect])
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    a, b = a[a < b], b[a < b]
    area = shapely.area(shapely.intersection(shapes[a], shapes[b]))
    same = shapely.equals(shapes[a], shapes[b])
    found = zip(suspect[a].tolist(), suspect[b].tolist(), area.tolist(), same.tolist(), strict=True)
    return tuple(Overlap(*pair) for pair in found if pair[2] > 0)


def find_gaps(
    polygons: npt.NDArray[np.object_],
    suspect: npt.NDArray[np.bool_],
    locate: Callable[[Floats, Floats], Ints],
) -> tuple[Gap, ...]:
    """Find the areas that grids enclose and none covers.

    Parameters
    ----------
    polygons : object array, shape (n,)
    suspect : bool, shape (n,)
        Candidates of dirty cells.
    locate : callable
        The finished index: x, y → positions.

    Returns
    -------
    tuple of Gap, in the order of the faces
    """
    segments = read_segments(polygons)
    ends = segments.table[:, :4]
    # A gap is bounded by segments that one polygon alone owns, or by those of suspects.
    owners = np.diff(segments.start)
    keep = owners == 1
    keep[np.repeat(np.arange(len(owners)), owners)[suspect[segments.owner]]] = True
    keep &= (ends[:, :2] != ends[:, 2:]).any(axis=1)
    lines = shapely.linestrings(ends[keep].reshape(-1, 2, 2))
    noded = shapely.get_parts(shapely.union_all(lines))
    faces = shapely.get_parts(shapely.polygonize(noded))
    inner = shapely.point_on_surface(faces)
    faces = faces[locate(shapely.get_x(inner), shapely.get_y(inner)) < 0]
    face, beside = shapely.STRtree(polygons).query(faces, predicate="intersects")
    order = np.lexsort((beside, face))
    bounds = np.searchsorted(face[order], np.arange(len(faces) + 1)).tolist()
    neighbours = beside[order].tolist()
    return tuple(
        Gap(area, tuple(neighbours[bounds[k] : bounds[k + 1]]))
        for k, area in enumerate(shapely.area(faces).tolist())
    )


def _mended(polygons: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Shapes in two dimensions, invalid ones made valid by the odd number of ring crossings."""
    shapes = shapely.force_2d(polygons)
    invalid = ~shapely.is_valid(shapes)
    shapes[invalid] = shapely.make_valid(shapes[invalid], method="linework")
    return shapes
