"""Streets as nodes and segments, and where they hang together."""

from typing import NamedTuple

import numpy as np
import shapely

from gridgeo.analysis.near_pairs import Floats, Ints, Layer
from gridgeo.analysis.network.kernel import Tree, plant, snap
from gridgeo.analysis.units.layers import read_streets

JOINED_M = 0.02  # files round corners to a centimetre: so near is touching
_AT_END = 1e-9  # share of a segment: a millionth of a metre on a street of a kilometre


class Net(NamedTuple):
    """Straight pieces of streets between nodes.

    Parameters
    ----------
    xy : float64, shape (v, 2)
        Nodes.
    ends : int64, shape (s, 2)
        The two nodes of each segment.
    length_m : float64, shape (s,)
        0 only where two corners at one place were joined.
    """

    xy: Floats
    ends: Ints
    length_m: Floats


class Cut(NamedTuple):
    """A net with more nodes on its segments.

    Parameters
    ----------
    net : Net
        Segments that are not cut keep their order and come first.
    node : int64, shape (k,)
        The node at each place that was asked for.
    whole : int64, shape (s,)
        Where each segment of the net given is now; −1 where it was cut.
    parent : int64, shape (c,)
        The segments that were cut, ascending; their pieces come after all whole segments.
    key : float64, shape (f,)
        Where the new nodes are, ascending: position in ``parent`` plus share of the segment.
    """

    net: Net
    node: Ints
    whole: Ints
    parent: Ints
    key: Floats

    def place(self, segment: Ints, share: Floats, length_m: Floats) -> tuple[Ints, Floats, Floats]:
        """Tell where points on segments of the net given lie now.

        Parameters
        ----------
        segment : int64, shape (n,)
        share : float64, shape (n,)
        length_m : float64, shape (s,)
            Of the net given.

        Returns
        -------
        piece : int64, shape (n,)
        before_m, after_m : float64, shape (n,)
            Along the street to its two nodes.
        """
        piece = self.whole[segment]
        low, high = np.zeros(len(share)), np.ones(len(share))
        at = np.flatnonzero(piece < 0)
        rank = np.searchsorted(self.parent, segment[at])
        passed = np.searchsorted(self.key, rank + share[at])
        # A segment with k new nodes has k + 1 pieces.
        piece[at] = len(self.net.ends) - len(self.parent) - len(self.key) + rank + passed
        edges = np.concatenate([[-1.0], self.key, [np.inf]])
        low[at] = np.maximum(edges[passed] - rank, 0.0)
        high[at] = np.minimum(edges[passed + 1] - rank, 1.0)
        full_m = length_m[segment]
        return piece, np.maximum(share - low, 0) * full_m, np.maximum(high - share, 0) * full_m


def read_net(streets: Layer, target: Layer, target_name: str) -> tuple[Net, Tree | None]:
    """Bring streets together.

    Parameters
    ----------
    streets : GeoDataFrame or GeoSeries of LineString or MultiLineString
        Brought into the CRS of ``target``. Rows without a usable line are passed over.
    target : GeoDataFrame or GeoSeries
    target_name : str

    Returns
    -------
    net : Net
        Streets hang together where they share a corner (an end or a vertex), and where the end of
        one lies on another, to 2 cm. Where two cross and neither has a corner or an end they pass
        over each other: a bridge, a flyover.
    tree : Tree or None
        Of the segments of ``net``; None where it has none.

    Raises
    ------
    CRSError
        ``streets`` has no CRS.
    GeometryError
        A row is no line.
    """
    lines, _ = read_streets(streets, target, target_name)
    many = shapely.get_num_geometries(lines) > 1
    lines = np.concatenate([lines[~many], shapely.get_parts(lines[many])])
    corners, line = shapely.get_coordinates(lines, return_index=True)
    corners += 0.0  # −0 is 0
    xy, number = _distinct(corners)
    there = np.flatnonzero(line[1:] == line[:-1])
    ends = np.column_stack([number[there], number[there + 1]])
    ends = np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1)
    # A street drawn twice is one; a second street between two corners has corners of its own.
    _, once = np.unique(ends @ [len(xy), 1], return_index=True)
    tip = np.append(True, line[1:] != line[:-1])
    tips = np.unique(number[tip | np.append(tip[1:], True)]) if len(line) else number
    return _joined(_net(xy, ends[np.sort(once)]), tips)


def cut(net: Net, segment: Ints, share: Floats) -> Cut:
    """Put nodes on segments.

    Parameters
    ----------
    net : Net
    segment : int64, shape (k,)
    share : float64, shape (k,)
        Where on the segment, 0 to 1. At its ends no new node is needed.

    Returns
    -------
    Cut
    """
    node = np.where(share <= 0.5, net.ends[segment, 0], net.ends[segment, 1])
    inside = np.flatnonzero((share > _AT_END) & (share < 1 - _AT_END))
    parent, rank = np.unique(segment[inside], return_inverse=True)
    key, which = np.unique(rank + share[inside], return_inverse=True)
    node[inside] = len(net.xy) + which
    of = key.astype(np.int64)
    along = key - of
    first, last = net.xy[net.ends[parent[of]]].transpose(1, 0, 2)
    fresh = first + along[:, None] * (last - first)
    # Each parent becomes a row of stops: its first node, the new ones, its last node.
    ranks = np.arange(len(parent))
    owner = np.concatenate([ranks, of, ranks])
    place = np.concatenate([np.zeros(len(parent)), along, np.ones(len(parent))])
    new = len(net.xy) + np.arange(len(key))
    stop = np.concatenate([net.ends[parent, 0], new, net.ends[parent, 1]])
    order = np.lexsort((place, owner))
    owner, place, stop = owner[order], place[order], stop[order]
    same = np.flatnonzero(owner[1:] == owner[:-1])
    pieces = np.column_stack([stop[same], stop[same + 1]])
    piece_m = (place[same + 1] - place[same]) * net.length_m[parent[owner[same]]]
    kept = np.ones(len(net.ends), bool)
    kept[parent] = False
    after = Net(
        np.concatenate([net.xy, fresh]),
        np.concatenate([net.ends[kept], pieces]),
        np.concatenate([net.length_m[kept], piece_m]),
    )
    return Cut(after, node, np.where(kept, np.cumsum(kept) - 1, -1), parent, key)


def _net(xy: Floats, ends: Ints) -> Net:
    step = xy[ends[:, 1]] - xy[ends[:, 0]]
    return Net(xy, ends, np.hypot(step[:, 0], step[:, 1]))


def _distinct(corners: Floats) -> tuple[Floats, Ints]:
    """Give each place once, and the number of the place of each corner."""
    order = np.lexsort((corners[:, 1], corners[:, 0]))
    ranked = corners[order]
    new = np.ones(len(corners), bool)
    new[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    number = np.empty(len(corners), np.int64)
    number[order] = np.cumsum(new) - 1
    return ranked[new], number


def _joined(net: Net, tips: Ints) -> tuple[Net, Tree | None]:
    """Lead ends of streets that lie on another street, to 2 cm, on to it."""
    if not len(net.ends):
        return net, None
    tree = plant(net.xy, net.ends)
    near = snap(net.xy[tips], tree, JOINED_M, apart=tips)[0] >= 0
    if not near.any():
        return net, tree
    tips = tips[near]
    # Ends that were each rounded another way meet in a heap: all of it hangs together.
    segments = shapely.linestrings(net.xy[net.ends])
    spots = shapely.points(net.xy[tips])
    tip, segment = shapely.STRtree(segments).query(spots, predicate="dwithin", distance=JOINED_M)
    apart = (net.ends[segment] != tips[tip][:, None]).all(axis=1)
    tip, segment = tip[apart], segment[apart]
    share = shapely.line_locate_point(segments[segment], spots[tip]) / net.length_m[segment]
    found = cut(net, segment, share)
    links = np.column_stack([tips[tip], found.node])
    links = links[links[:, 0] != links[:, 1]]
    # A foot may fall on the end to the bit: a segment of length 0 still joins the two.
    linked = _net(found.net.xy, links)
    ends = np.concatenate([found.net.ends, linked.ends])
    length_m = np.concatenate([found.net.length_m, linked.length_m])
    return Net(found.net.xy, ends, length_m), plant(found.net.xy, ends)
