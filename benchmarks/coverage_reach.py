"""Cases of the benchmark of coverage: who is near enough to what, and where stations should be."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

import gridgeo as gg
from benchmarks.coverage_cases import METRES, Case, at_least, most, points, town

RADIUS_M = 1000.0
RINGS = (1.0, 0.68, 0.22)
P = 40
GAP = 1e-3
LIMIT_S = 20.0  # by the clock


def on_town(share):
    return f"{at_least(200_000, share):,} households, {at_least(400, share):,} stations"


# --- floating catchment areas -----------------------------------------------------------------


def by_access(instance, method):
    """The package access; its pairs come from scipy's trees."""
    from access import fca

    homes, bases = instance
    away = cKDTree(homes.get_coordinates()).sparse_distance_matrix(
        cKDTree(bases.get_coordinates()), RADIUS_M, output_type="ndarray"
    )
    cost = pd.DataFrame({"origin": away["i"], "dest": away["j"], "cost": away["v"]})
    demand = pd.DataFrame({"geoid": homes.index, "demand": homes["persons"]})
    supply = pd.DataFrame({"geoid": bases.index, "supply": bases["capacity"]})

    def weight(metres):
        return RINGS[int(metres > RADIUS_M / 3) + int(metres > 2 * RADIUS_M / 3)]

    call = fca.three_stage_fca if method == "3sfca" else fca.two_stage_fca
    told = {} if method == "2sfca" else {"weight_fn": weight}
    return call(demand, supply, cost, RADIUS_M, **told).reindex(homes.index)


def access_difference(ours, theirs, _):
    blind = (ours == 0).to_numpy()
    theirs = theirs.to_numpy()
    other = most(np.abs(theirs[~blind] / ours.to_numpy()[~blind] - 1))
    return (
        f"{other:.1e} of the figure at most; the {blind.sum():,} whom nobody reaches:"
        f" ours 0, theirs {np.isnan(theirs[blind]).sum():,} NaN"
    )


def floating(method):
    return Case(
        what=method.upper(),
        on=lambda share: f"{on_town(share)}, 1,000 m, pairs included",
        make=town,
        ours=lambda instance: gg.access(*instance, RADIUS_M, method),
        peer="access",
        theirs=lambda instance: by_access(instance, method),
        differ=access_difference,
        target=1.0,
    )


# --- best stations ----------------------------------------------------------------------------


def by_spopt(instance, radius_m):
    from pulp import PULP_CBC_CMD
    from spopt.locate import MCLP

    homes, bases = instance
    away = cKDTree(homes.get_coordinates()).sparse_distance_matrix(
        cKDTree(bases.get_coordinates()), radius_m, output_type="ndarray"
    )
    cost = np.full((len(homes), len(bases)), 1e9)
    cost[away["i"], away["j"]] = away["v"]
    chosen = min(P, len(bases))
    model = MCLP.from_cost_matrix(cost, homes["persons"].to_numpy(), radius_m, chosen)
    return model.solve(PULP_CBC_CMD(msg=False, timeLimit=150, threads=1))


def best(instance, radius_m):
    homes, bases = instance
    chosen = min(P, len(bases))
    return gg.best_stations(homes, bases, radius_m, chosen, gap=GAP, time_limit_s=LIMIT_S)


def spopt_difference(ours, theirs, _):
    reached = theirs.problem.objective.value()
    return (
        f"reached: ours {ours.reached:,.0f}, proven within {100 * ours.gap:.3g} %,"
        f" theirs {reached:,.0f} ({100 * (ours.reached / reached - 1):+.3f} %)"
    )


def siting(radius_m, **how):
    return Case(
        what=f"MCLP, p = {P}, {radius_m:,.0f} m",
        on=on_town,
        make=lambda seed, share: town(seed, share),
        ours=lambda instance: best(instance, radius_m),
        gap=lambda ours: 100 * ours.gap,
        target=20.0,
        **how,
    )


def small_town(seed, share):
    """As many stations as in the large one, and 10,000 households."""
    return town(seed, share, households=10_000)


# --- along streets ----------------------------------------------------------------------------


def street_city(seed, share, corners=62_500, households=200_000, stations=400):
    """Crooked blocks of 100 m, one street in ten missing, some drawn twice with a detour."""
    rng = np.random.default_rng(seed)
    side = max(round(np.sqrt(corners * share)), 4)
    xy = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2) * 100.0
    xy += rng.uniform(-25, 25, xy.shape)
    at = np.arange(side * side).reshape(side, side)
    ends = np.vstack([np.c_[at[:, :-1].ravel(), at[:, 1:].ravel()],
                      np.c_[at[:-1].ravel(), at[1:].ravel()]])  # fmt: skip
    ends = ends[rng.random(len(ends)) > 0.1]
    twice = rng.choice(len(ends), len(ends) // 50, replace=False)
    middle = xy[ends[twice]].mean(axis=1) + 30.0
    lines = [
        *shapely.linestrings(xy[ends]),
        *shapely.linestrings(np.stack([xy[ends[twice, 0]], middle, xy[ends[twice, 1]]], axis=1)),
    ]
    wide = side * 100.0
    return {
        "xy": xy,
        "ends": np.vstack([ends, ends[twice]]),
        "streets": gpd.GeoSeries(lines, crs=METRES),
        "homes": points(rng.uniform(0, wide, (at_least(households, share), 2))),
        "bases": points(rng.uniform(0, wide, (at_least(stations, share), 2))),
        "corner_homes": rng.integers(0, len(xy), 2000),
        "corner_bases": rng.integers(0, len(xy), at_least(stations, share)),
    }


def walk(city):
    return gg.reach(city["homes"], city["bases"], city["streets"])


def by_pandana(city):
    """The net made ready, places put on it, and the nearest station of each household."""
    import pandana

    xy, ends = city["xy"], city["ends"]
    net = pandana.Network(
        pd.Series(xy[:, 0]),
        pd.Series(xy[:, 1]),
        pd.Series(ends[:, 0]),
        pd.Series(ends[:, 1]),
        pd.DataFrame({"m": city["streets"].length.to_numpy()}),
    )
    net.set_pois("stations", 1e7, 1, city["bases"].x, city["bases"].y)
    nearest = net.nearest_pois(1e7, "stations")
    nodes = net.get_node_ids(city["homes"].x, city["homes"].y)
    return net, nearest[1].reindex(nodes.to_numpy())


def street_difference(_, theirs, city):
    """At corners, since pandana leaves out the ways to and from the net; scipy beside it."""
    net, _ = theirs
    xy, ends, bases = city["xy"], city["ends"], city["corner_bases"]
    homes = city["corner_homes"]
    net.set_pois("corners", 1e7, 1, pd.Series(xy[bases, 0]), pd.Series(xy[bases, 1]))
    their_m = net.nearest_pois(1e7, "corners")[1].to_numpy()[homes]
    our_m = gg.reach(points(xy[homes]), points(xy[bases]), city["streets"]).to_numpy()
    both = np.isfinite(our_m) & (their_m < 1e7)
    metres = city["streets"].length.to_numpy()
    # As it is often written: entries of one place are added up.
    summed = coo_array((metres, ends.T), shape=(len(xy), len(xy))).tocsr()
    far = dijkstra(summed, directed=False, indices=bases, min_only=True)[homes]
    wrong = ~np.isclose(far, our_m, rtol=1e-9, atol=1e-6)
    return (
        f"{most(np.abs(their_m[both] - our_m[both])):.1e} m at corners at most; a sparse matrix"
        f" that adds up streets drawn twice: {100 * wrong.mean():.1f} % of the distances wrong"
    )


def on_streets(share):
    corners = max(round(np.sqrt(62_500 * share)), 4) ** 2
    return f"{corners:,} corners, {on_town(share)}"


CASES = {
    "2sfca": floating("2sfca"),
    "e2sfca": floating("e2sfca"),
    "3sfca": floating("3sfca"),
    "mclp": siting(1000.0),
    "mclp-wide": siting(1500.0, grow=False),
    "mclp-small": Case(
        what=f"MCLP, p = {P}, 1,000 m",
        on=lambda share: f"{at_least(10_000, share):,} households, {at_least(400, share)} stations",
        make=small_town,
        ours=lambda instance: best(instance, 1000.0),
        peer="spopt (CBC)",
        theirs=lambda instance: by_spopt(instance, 1000.0),
        differ=spopt_difference,
        peer_seeds=1,
        grow=False,
    ),
    "streets": Case(
        what="nearest station along streets",
        on=on_streets,
        make=street_city,
        ours=walk,
        peer="pandana",
        theirs=by_pandana,
        differ=street_difference,
        target=0.5,
        peer_seeds=1,
    ),
}
