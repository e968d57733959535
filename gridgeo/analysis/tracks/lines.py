"""Streets as straight segments, each with the metres at which it begins and ends."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely

from gridgeo.analysis.near_pairs import Floats, Ints, Layer
from gridgeo.analysis.tracks.kernel import merge
from gridgeo.analysis.units.layers import usable
from gridgeo.model.crs import require_metric

_LINES = (1, 2, 5)


class Lines(NamedTuple):
    """Streets taken apart.

    Parameters
    ----------
    ids : Index, shape (n,)
        Index of the streets given.
    length_m : float64, shape (n,)
        NaN where a row has no line.
    segments : float64, shape (s, 4)
        x and y of the two ends, street by street. Those without length are left out, but for one
        of each street that has none itself.
    street : int64, shape (s,)
        Position in ``ids``, ascending.
    start_m, end_m : float64, shape (s,)
        Metres along the street. Where one segment of a street ends, the next begins, to the bit.
    """

    ids: pd.Index
    length_m: Floats
    segments: Floats
    street: Ints
    start_m: Floats
    end_m: Floats

    def along(self, segment: Ints, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Turn shares of segments into metres along their streets."""
        start, end = self.start_m[segment], self.end_m[segment]
        from_m = np.minimum(start + low * (end - start), end)
        to_m = np.where(high == 1.0, end, np.minimum(start + high * (end - start), end))
        return from_m, to_m

    def share(self, street: Ints, from_m: Floats, to_m: Floats) -> pd.Series:
        """Give the share of each street that intervals cover, however they overlap.

        Parameters
        ----------
        street : int64, shape (p,)
            Positions in ``ids``.
        from_m, to_m : float64, shape (p,)

        Returns
        -------
        Series of float64, shape (n,)
            As ``patrol_share`` promises.
        """
        order = np.lexsort((from_m, street))
        street, from_m, to_m = street[order], from_m[order], to_m[order]
        n = merge(street, from_m, to_m)
        street, covered = street[:n], to_m[:n] - from_m[:n]
        covered_m = np.bincount(street, weights=covered, minlength=len(self.ids))
        share = np.minimum(covered_m / np.where(self.length_m > 0, self.length_m, np.nan), 1.0)
        flat = self.length_m == 0
        share[flat] = (np.bincount(street, minlength=len(self.ids)) > 0)[flat]
        return pd.Series(share, index=self.ids, name="patrol_share")


def read_lines(streets: Layer) -> Lines:
    """Take streets apart.

    Parameters
    ----------
    streets : GeoDataFrame or GeoSeries of LineString or MultiLineString
        In metres. The metres of a MultiLineString run through its parts in their order.

    Returns
    -------
    Lines

    Raises
    ------
    CRSError
        The layer does not measure metres.
    GeometryError
        A row is no line.
    """
    require_metric(streets, "streets")
    shapes, position, _ = usable(streets, streets, "streets", _LINES, "streets")
    parts, of_shape = shapely.get_parts(shapes, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    first = np.flatnonzero(part[1:] == part[:-1])
    segments = np.column_stack([xy[first], xy[first + 1]])
    street = position[of_shape[part[first]]].astype(np.int64)
    step = segments[:, 2:] - segments[:, :2]
    long_m = np.hypot(step[:, 0], step[:, 1])
    length_m = np.full(len(streets), np.nan)
    length_m[position] = 0.0
    end_m = pd.Series(long_m).groupby(street).cumsum().to_numpy(copy=True)
    new = np.append(True, street[1:] != street[:-1])[: len(street)]
    start_m = np.where(new, 0.0, np.roll(end_m, 1))
    length_m[street] = end_m  # the last of each street stands
    kept = (long_m > 0) | (new & (length_m[street] == 0))
    return Lines(streets.index, length_m, segments[kept], street[kept], start_m[kept], end_m[kept])
