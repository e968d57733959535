"""Polygons made ready to be asked which of them is nearest."""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit

from gridgeo.analysis.locate import coordinates
from gridgeo.analysis.nearest.rings import Floats, Ints, Rings, read_rings
from gridgeo.analysis.nearest.search import nearest_slice
from gridgeo.analysis.nearest.tree import Tree, build_tree

FARTHEST_M = 1e15  # beyond, a last bit is a quarter of a metre: all polygons are about as near

_NOTHING = np.empty(0, np.object_)
_SLICES_PER_THREAD = 8  # uneven slices must not leave a thread idle
_SLICE = 32_768  # points that are worth a call


class NearestIndex:
    """Polygons made ready to be asked which of them is nearest to a point in none.

    Parameters
    ----------
    polygons : object array, shape (m,)
        Polygon, MultiPolygon or None, as ``GridIndex`` takes them. They are read when the first
        point is given, and then no longer kept.
    within_m : float
        Polygons at most so far away are near enough: 0 or more. More than ``FARTHEST_M`` is taken
        as that.

    Notes
    -----
    May be shared between threads and pickled; what is pickled is ready.
    """

    def __init__(self, polygons: npt.NDArray[np.object_], within_m: float) -> None:
        self._polygons = polygons
        self._within_m = min(float(within_m), FARTHEST_M)
        self._made: tuple[Rings, Tree] | None = None
        self._lock = Lock()

    def fill(
        self,
        x: Floats,
        y: Floats,
        position: Ints,
        distance_m: Floats,
        threads: int = 1,
    ) -> None:
        """Give points in no polygon the nearest one that is near enough.

        Of equally near ones the first is given. Distances are those of ``shapely.distance``, to
        the bit: to the nearest border of the polygon.

        Parameters
        ----------
        x, y : float64, shape (n,)
            Contiguous. Points with NaN or an infinite coordinate are passed over.
        position : int32, shape (n,)
            Where it is −1 and a polygon is near enough, its position is written.
        distance_m : float64, shape (n,)
            Its distance is written, there only.
        threads : int
            Cores to use, at least 1. The answer does not depend on it.
        """
        if not _asks(x, y, position):
            return
        rings, tree = self._ready()
        if tree.height == 0:
            return
        most = threads * _SLICES_PER_THREAD if threads > 1 else 1
        slices = min(most, 1 + len(x) // _SLICE)
        cuts = np.linspace(0, len(x), slices + 1).astype(np.int64).tolist()

        def one(k: int) -> None:
            end = cuts[k + 1]
            nearest_slice(x, y, cuts[k], end, self._within_m, rings, tree, position, distance_m)

        if slices == 1:
            one(0)
            return
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, range(slices)))

    @property
    def nbytes(self) -> int:
        """Bytes held: 0 before the first point, beside the polygons."""
        made = () if self._made is None else self._made
        return sum(a.nbytes for part in made for a in part if isinstance(a, np.ndarray))

    def __getstate__(self) -> tuple[float, Rings, Tree]:
        return self._within_m, *self._ready()

    def __setstate__(self, state: tuple[float, Rings, Tree]) -> None:
        self._within_m, rings, tree = state
        self._polygons, self._lock = _NOTHING, Lock()
        self._made = _kept(rings, tree)

    def _ready(self) -> tuple[Rings, Tree]:
        with self._lock:
            if self._made is None:
                rings = read_rings(self._polygons)
                self._made, self._polygons = _kept(rings, build_tree(rings)), _NOTHING
            return self._made


def warm_nearest() -> None:
    """Compile every kernel of the search, or load it from numba's disk cache."""
    position, distance_m = np.full(1, -1, np.int32), np.full(1, np.nan)
    x = coordinates(3.0, "x")
    NearestIndex(np.array([shapely.box(0, 0, 1, 1)]), 9.0).fill(x, x, position, distance_m)


@njit(cache=True, nogil=True)
def _asks(x: Floats, y: Floats, position: Ints) -> bool:
    """Whether any point in no polygon is a place."""
    for p in range(len(x)):  # noqa: SIM110
        if position[p] < 0 and np.isfinite(x[p]) and np.isfinite(y[p]):
            return True
    return False


def _kept(rings: Rings, tree: Tree) -> tuple[Rings, Tree]:
    """Arrays that nobody writes: one numba type, whether just made or taken from a pickle."""
    for array in (*rings, *tree):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return rings, tree
