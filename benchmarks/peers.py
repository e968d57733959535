"""Who else draws contiguous grids: METIS, KaHIP, GerryChain and spopt, each used as it is meant.

Those that search without end tell every better plan they find and are ended at ``LIMIT_S``.
Their packages are loaded when they are asked for: none of them is needed to run ours.
"""

import time
from functools import partial

import numpy as np
import pymetis
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

LIMIT_S = 60.0


def by_metis(graph, load, k, tolerance, seed, targets=None):
    """Direct k-way partition with contiguous parts; where the units hang not together, by piece."""
    pieces = _pieces(graph, len(load))
    if pieces.max() == 0:
        return _metis(graph.pairs, load, k, tolerance, seed, targets)
    loads = np.bincount(pieces, weights=load)
    shares = np.maximum(np.floor(loads / load.sum() * k).astype(int), 1)
    while shares.sum() < k:
        shares[np.argmax(loads / shares)] += 1
    labels, first = np.empty(len(load), int), 0
    for piece, share in enumerate(shares):
        nodes = np.flatnonzero(pieces == piece)
        pairs = np.searchsorted(nodes, graph.pairs[pieces[graph.pairs[:, 0]] == piece])
        labels[nodes] = first + _metis(pairs, load[nodes], int(share), tolerance, seed)
        first += share
    return labels


def _metis(pairs, load, k, tolerance, seed, targets=None):
    start, to = _rows(pairs, len(load))
    return np.array(
        pymetis.part_graph(
            k,
            pymetis.CSRAdjacency(start.tolist(), to.tolist()),
            vweights=load.round().astype(int).tolist(),
            tpwgts=None if targets is None else (targets / targets.sum()).tolist(),
            options=pymetis.Options(contig=True, seed=seed, ufactor=int(1000 * tolerance)),
            recursive=False,
        )[1]
    )


def by_kahip(graph, load, k, tolerance, seed):
    """KaHIP, strong."""
    import kahip

    start, to = _rows(graph.pairs, len(load))
    weights = load.round().astype(int).tolist()
    _, labels = kahip.kaffpa(
        weights, start.tolist(), [1] * len(to), to.tolist(), k, tolerance, True, seed, 2
    )
    return np.array(labels)


def gerrychain_seed_plan(tell, graph, load, k, tolerance, seed):
    """A first plan of random trees, each grid within the tolerance, tried again until it comes."""
    from gerrychain.partition.initial_partition_generators import recursive_tree_part

    nodes, goal = _gerrychain_graph(graph, load, k, tolerance)
    while True:
        try:
            parts = recursive_tree_part(nodes, range(k), goal, "load", tolerance, rng=seed)
        except Exception as error:  # it names a dead end by several kinds of error
            print("no plan:", error)
            seed += 1000
            continue
        labels = _in_order(nodes, parts.items(), len(load))
        tell(labels)
        return labels


def gerrychain_recom(tell, graph, load, k, tolerance, seed):
    """Short bursts of ReCom from METIS's plan towards the least load out of band.

    A step may leave its two grids out of band by up to three tolerances more, drawn anew each time:
    within the tolerance alone the chain has often nowhere to go.
    """
    from gerrychain.proposals import recom
    from gerrychain.proposals.tree_proposals import MetagraphError
    from gerrychain.tree import bipartition_tree

    _, goal = _gerrychain_graph(graph, load, k, tolerance)
    cutting = partial(bipartition_tree, max_attempts=20, allow_pair_reselection=True)

    def proposal(partition, rng):
        for width in rng.sample((1, 2, 4), 3):
            try:
                return recom(
                    partition, "load", goal, width * tolerance, bipartition_tree_fn=cutting, rng=rng
                )
            except MetagraphError:
                continue
        return partition

    return _gerrychain(tell, graph, load, k, tolerance, seed, proposal, burst=10)


def gerrychain_flips(tell, graph, load, k, tolerance, seed):
    """Short bursts of single flips at borders, from METIS's plan."""
    from gerrychain.proposals import propose_random_flip

    return _gerrychain(tell, graph, load, k, tolerance, seed, propose_random_flip, burst=20)


def _gerrychain(tell, graph, load, k, tolerance, seed, proposal, burst):
    from gerrychain import Partition
    from gerrychain.constraints import contiguous
    from gerrychain.optimization import SingleMetricOptimizer
    from gerrychain.updaters import Tally

    nodes, _ = _gerrychain_graph(graph, load, k, tolerance)
    goal = load.sum() / k
    start = by_metis(graph, load, k, tolerance, seed)
    told = time.monotonic()

    def out_of_band(partition):
        loads = np.fromiter(partition["load"].values(), float)
        return np.maximum(np.abs(loads / goal - 1) - tolerance, 0).sum()

    first = Partition(nodes, dict(enumerate(start.tolist())), {"load": Tally("load")})
    best = out_of_band(first)
    search = SingleMetricOptimizer(proposal, contiguous, first, out_of_band, False, rng=seed)
    tell(start)
    if best == 0:
        return start
    for plan in search.short_bursts(burst, 10**9):
        worth = out_of_band(plan)
        if worth < best and (worth == 0 or time.monotonic() > told + 0.5):
            best, told = worth, time.monotonic()
            labels = _in_order(plan.graph, plan.assignment.mapping.items(), len(load))
            tell(labels)
            if worth == 0:
                return labels
    return None


def _gerrychain_graph(graph, load, k, tolerance):
    """Give its graph and the mean; a unit that alone is too large counts as a whole grid.

    Otherwise no plan would be in its band: so it may leave such a unit alone.
    """
    import networkx
    from gerrychain import Graph

    goal = load.sum() / k
    capped = np.where(load > (1 + tolerance) * goal, goal, load)
    nodes = networkx.Graph()
    nodes.add_nodes_from((i, {"load": float(own)}) for i, own in enumerate(capped))
    nodes.add_edges_from(graph.pairs.tolist())
    return Graph.from_networkx(nodes), capped.sum() / k


def _in_order(graph, items, n):
    labels = np.empty(n, int)
    for node, part in items:
        labels[graph.original_nx_node_id_for_internal_node_id(node)] = part
    return labels


def spopt_ward(graph, places, k, _seed):
    """Ward's clusters of the places of units that touch; it balances nothing."""
    from spopt.region import WardSpatial

    return _spopt(WardSpatial, graph, places, n_clusters=k)


def spopt_skater(graph, places, k, _seed):
    """Cuts of the least spanning tree."""
    from spopt.region import Skater

    return _spopt(Skater, graph, places, n_clusters=k)


def spopt_azp(graph, places, k, seed):
    """The automatic zoning procedure."""
    from spopt.region import AZP

    return _spopt(AZP, graph, places, n_clusters=k, random_state=seed)


def spopt_k_means(graph, places, k, seed):
    """K-means of the places in regions that hang together."""
    from spopt.region import RegionKMeansHeuristic

    frame, weights = _spopt_input(graph, places)
    model = RegionKMeansHeuristic(frame[["x", "y"]].to_numpy(), k, weights, seed=seed)
    model.solve()
    return np.asarray(model.labels_, dtype=int)


def _spopt(solver, graph, places, **more):
    frame, weights = _spopt_input(graph, places)
    model = solver(frame, weights, ["x", "y"], **more)
    model.solve()
    return np.asarray(model.labels_, dtype=int)


def _spopt_input(graph, places):
    import libpysal
    import pandas as pd

    beside = {i: [] for i in range(len(places))}
    for a, b in graph.pairs.tolist():
        beside[a].append(b)
        beside[b].append(a)
    weights = libpysal.weights.W(beside, silence_warnings=True)
    return pd.DataFrame(places / 1000, columns=["x", "y"]), weights


def _rows(pairs, n):
    ends = np.vstack([pairs, pairs[:, ::-1]])
    ends = ends[np.lexsort(ends.T[::-1])]
    return np.concatenate([[0], np.cumsum(np.bincount(ends[:, 0], minlength=n))]), ends[:, 1]


def _pieces(graph, n):
    touching = coo_matrix((np.ones(len(graph.pairs)), graph.pairs.T), shape=(n, n))
    return connected_components(touching, directed=False)[1]


AT_ONCE = {"METIS contig": by_metis, "KaHIP strong": by_kahip}
SEARCHES = {
    "GerryChain seed plan": gerrychain_seed_plan,
    "GerryChain ReCom": gerrychain_recom,
    "GerryChain flips": gerrychain_flips,
}
PLACED = {
    "spopt Ward": spopt_ward,
    "spopt Skater": spopt_skater,
    "spopt AZP": spopt_azp,
    "spopt region k-means": spopt_k_means,
}
