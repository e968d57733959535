"""Carving: pieces hang together, shares add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gridgeo.errors import InfeasibleError
from gridgeo.sample.carve import carve, share_fitting, share_out


@given(
    weights=st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=20),
    extra=st.integers(0, 500),
    at_least=st.integers(0, 3),
)
def test_shares_add_up_and_nobody_gets_less_than_the_least(weights, extra, at_least):
    total = at_least * len(weights) + extra
    shares = share_out(total, weights, at_least)
    assert shares.sum() == total
    assert shares.min() >= at_least


def test_shares_follow_the_largest_remainders():
    # Hamilton's method on the textbook case: quotas 3.5, 2.1, 1.4 of 7 seats.
    assert share_out(7, [50, 30, 20]).tolist() == [4, 2, 1]


@given(
    places=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), min_size=1, max_size=20),
    share=st.floats(0, 1),
    at_least=st.integers(0, 2),
)
def test_what_has_no_room_is_shared_out_among_the_others(places, share, at_least):
    weights, room = np.array(places).T
    total = at_least * len(room) + round(share * (room.sum() - at_least * len(room)))
    total = min(max(total, at_least * len(room)), int(room.sum()))
    if total < at_least * len(room):
        return
    shares = share_fitting(total, weights, room, at_least)
    assert shares.sum() == total
    assert (shares <= room).all()
    assert (shares >= np.minimum(at_least, room)).all()


def test_fewer_pieces_than_the_canal_leaves_are_refused():
    apart = csr_array((3, 3))
    with pytest.raises(InfeasibleError, match="another seed"):
        carve(apart, np.zeros((3, 2)), 2, np.random.default_rng(0))


@given(seed=st.integers(0, 1000), pieces=st.integers(2, 12), side=st.integers(4, 8))
def test_every_piece_is_connected_and_no_block_is_left(seed, pieces, side):
    xy = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    near = np.linalg.norm(xy[:, None] - xy[None], axis=2) == 1
    # Cut the lattice in two, as the canal does.
    near &= (xy[:, 0] < 2)[:, None] == (xy[:, 0] < 2)[None]
    graph = csr_array(near.astype("float64"))
    label = carve(graph, xy.astype("float64"), pieces, np.random.default_rng(seed))
    assert sorted(set(label)) == list(range(pieces))
    for piece in range(pieces):
        mine = np.flatnonzero(label == piece)
        assert connected_components(graph[mine][:, mine], directed=False)[0] == 1
