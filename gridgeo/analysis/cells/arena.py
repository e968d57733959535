"""Arrays that grow, mostly without a second copy."""

import mmap
from contextlib import suppress

import numpy as np
import numpy.typing as npt

_HUGE_FROM_BYTES = 1 << 22


class Arena:
    """A growing array in anonymous memory.

    Growth moves pages instead of copying them where nobody else looks at the array, pages never
    written cost nothing, and huge pages make random look-ups cheaper.

    Parameters
    ----------
    dtype : dtype
    length : int
        Elements to begin with.
    """

    array: npt.NDArray

    def __init__(self, dtype: npt.DTypeLike, length: int) -> None:
        self._dtype = np.dtype(dtype)
        self._new(length)

    def resize(self, length: int) -> None:
        """Grow or shrink to ``length`` elements; views taken before show the array as it was."""
        del self.array  # a map with a view cannot be resized
        try:
            self._map.resize(self._bytes(length))
        except BufferError:  # somebody looks at it: numba where it compiled, a profiler of frames
            before = np.frombuffer(self._map, self._dtype)[:length]
            self._new(length)
            self.array[: len(before)] = before
        else:
            self._view()

    def _new(self, length: int) -> None:
        self._map = mmap.mmap(-1, self._bytes(length), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._view()

    def _bytes(self, length: int) -> int:
        return max(length, 1) * self._dtype.itemsize

    def _view(self) -> None:
        if len(self._map) > _HUGE_FROM_BYTES:
            with suppress(OSError):  # a kernel built without huge pages
                self._map.madvise(mmap.MADV_HUGEPAGE)
        self.array = np.frombuffer(self._map, self._dtype)
