"""Cases of the benchmark of coverage: where incidents gather, repeat, or are missing."""

import numpy as np
import pandas as pd
from scipy import stats

import gridgeo as gg
from benchmarks.coverage_cases import Case, at_least, most, points
from gridgeo.analysis.hotspots import discovery_rate
from gridgeo.analysis.silent_group import LIKELY

GRIDS, PERIODS = 2000, 24
NEAR_M, SOON_DAYS = 200.0, 7.0
BAND_M = 1500.0  # some 14 neighbours a grid
BANDWIDTH_M, CELL_M = 200.0, 50.0


def on_grids(share):
    return f"{at_least(GRIDS, share, 60):,} grids"


def grids(seed, share):
    """Grids with counts by month; in one corner there are more, in another there is a trend."""
    rng = np.random.default_rng(seed)
    n = at_least(GRIDS, share, 60)
    side = 30_000 * np.sqrt(n / GRIDS)
    xy = rng.uniform(0, side, (n, 2))
    usual = np.full((n, PERIODS), 10.0)
    usual[(xy < side / 4).all(axis=1)] *= 1.4
    usual[(xy > side * 3 / 4).all(axis=1)] *= np.linspace(0.8, 1.6, PERIODS)
    counts = pd.DataFrame(rng.poisson(usual))
    return counts, points(xy)


def few_hot(seed, share):
    """The same with one small spot and nothing else."""
    rng = np.random.default_rng(seed)
    _, places = grids(seed, share)
    xy = places.get_coordinates().to_numpy()
    usual = np.full((len(xy), PERIODS), 10.0)
    usual[(np.abs(xy - xy.max() / 2) < 1250).all(axis=1)] *= 2.5
    return pd.DataFrame(rng.poisson(usual)), places


def band_of(instance):
    from libpysal.weights import DistanceBand

    _, places = instance
    xy = places.get_coordinates().to_numpy()
    return DistanceBand(xy, BAND_M, binary=True, silence_warnings=True)


# --- Gi* and its trend --------------------------------------------------------------------------


def our_spots(instance):
    counts, places = instance
    last = gg.hotspots(counts.iloc[:, -1], places, BAND_M)
    return last, gg.emerging_hotspots(counts, places, BAND_M)


def by_esda(instance, permutations=0):
    """Gi* of every period, p by permutations of the last; nobody names how spots come and go."""
    from esda.getisord import G_Local

    counts, _ = instance
    band = band_of(instance)
    last = counts.columns[-1]
    # Further processes would work where nobody counts their seconds.
    how = {"transform": "B", "star": True, "seed": 1, "n_jobs": 1}
    return [
        G_Local(
            counts[period].to_numpy(np.float64),
            band,
            permutations=permutations if period == last else 0,
            **how,
        )
        for period in counts
    ]


def spots_difference(ours, theirs, _):
    z = ours[0]["z"].to_numpy()
    told = np.isfinite(z)
    return f"{most(np.abs(theirs[-1].Zs[told] - z[told])):.1e} of z at most"


def floor_difference(ours, theirs, _):
    """What is left of the grids called when p comes of permutations."""
    analytic = ours[0]["verdict"].ne("").sum()
    simulated = np.asarray(theirs[-1].p_sim)
    called = (discovery_rate(simulated) <= 0.05).sum()
    return (
        f"called at a false discovery rate of 5 %: ours {analytic}, by 999 permutations {called}"
        f" (its p, one-sided, is {simulated.min():.3g} at least, the least of them needs"
        f" {0.05 / len(simulated):.1e})"
    )


# --- local Moran --------------------------------------------------------------------------------


def by_moran(instance):
    from esda.moran import Moran_Local

    counts, _ = instance
    values = counts.iloc[:, -1].to_numpy(np.float64)
    return Moran_Local(values, band_of(instance), transformation="R", permutations=0)


def moran_difference(ours, theirs, _):
    told = ours["z"].notna().to_numpy()
    n = len(told)
    moran, z = ours["moran"].to_numpy()[told], ours["z"].to_numpy()[told]
    mended = theirs.Is[told] * n / (n - 1)
    their_z = (mended - theirs.EIc[told]) / np.sqrt(theirs.VIc[told])
    return (
        f"{most(np.abs(mended - moran)):.1e} of I and {most(np.abs(their_z - z)):.1e} of z at most,"
        f" once its I is divided by n as its moments are"
    )


# --- Knox ---------------------------------------------------------------------------------------


def incidents(seed, share):
    """Incidents of a year, some of them followed by another near by within a week."""
    rng = np.random.default_rng(seed)
    n = at_least(4000, share, 200)
    xy, day = rng.uniform(0, 15_000 * np.sqrt(n / 4000), (n, 2)), rng.uniform(0, 365, n)
    again = rng.random(n) < 0.05
    xy = np.vstack([xy, xy[again] + rng.uniform(-100, 100, (again.sum(), 2))])
    day = np.append(day, day[again] + rng.uniform(0, SOON_DAYS, again.sum()))
    return points(xy), pd.Series(day)


def by_pointpats(instance):
    from pointpats import Knox

    places, day = instance
    xy = places.get_coordinates().to_numpy()
    return Knox(xy, day.to_numpy()[:, None], NEAR_M, SOON_DAYS, permutations=99)


def knox_difference(ours, theirs, _):
    mine = ours.iloc[0]
    expected = float(np.asarray(theirs.expected)[0, 0])
    return (
        f"pairs {mine['pairs']:.0f} and {theirs.nst}, expected {mine['expected']:.3f} and"
        f" {expected:.3f}; its p_poisson is that of more pairs than were seen, ours of as many"
    )


# --- heat ---------------------------------------------------------------------------------------


def places(seed, share):
    """Incidents around some places of a city."""
    rng = np.random.default_rng(seed)
    n = at_least(1_000_000, share, 100)
    at = rng.uniform(2000, 28_000, (200, 2))[rng.integers(0, 200, n)]
    return points(at + rng.normal(0, 800, (n, 2)))


def few_places(seed, share):
    """Fewer on less ground, for a peer that asks every pair of incident and cell."""
    xy = places(seed, share / 100).get_coordinates().to_numpy() % 5000.0
    return points(xy + 2000.0)


def our_heat(instance):
    return gg.heat(instance, BANDWIDTH_M, CELL_M)


def by_sklearn(instance):
    """The kernel itself, on the middles of the same cells."""
    from sklearn.neighbors import KernelDensity

    lattice = our_heat(instance)
    rows, columns = lattice.density.shape
    x = lattice.west + (np.arange(columns) + 0.5) * CELL_M
    y = lattice.south + (np.arange(rows) + 0.5) * CELL_M
    middles = np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])
    kernel = KernelDensity(bandwidth=BANDWIDTH_M, rtol=1e-4)
    kernel.fit(instance.get_coordinates().to_numpy())
    return np.exp(kernel.score_samples(middles)).reshape(rows, columns) * len(instance) * 1e6


def heat_difference(ours, theirs, _):
    other = most(np.abs(ours.density - theirs)) / theirs.max()
    return f"{100 * other:.2g} % of the greatest density at most; incidents lost: 0"


# --- Kulldorff ----------------------------------------------------------------------------------


def areas(seed, share):
    rng = np.random.default_rng(seed)
    n = at_least(GRIDS, share, 30)
    population = rng.integers(200, 600, n)
    return rng.poisson(population * 0.05), population, rng.uniform(0, 30_000, (n, 2))


# --- silence --------------------------------------------------------------------------------------


def watched(seed, shape, days=365.0):
    """2,000 grids of 300–500 households, 0.5 incidents each a year; 40 report a tenth of theirs."""
    rng = np.random.default_rng(seed)
    expected = pd.Series(0.5 * days / 365 * rng.integers(300, 501, 2000))
    silent = np.zeros(2000, bool)
    silent[rng.choice(2000, 40, replace=False)] = True
    rates = rng.gamma(shape, 1 / shape, 2000) * np.where(silent, 0.1, 1.0)
    return pd.Series(rng.poisson(expected * rates)), expected, silent


def judged_silent(seed, shape, days=365.0):
    """Precision and recall of ours and of Poisson with Benjamini and Hochberg."""
    observed, expected, silent = watched(seed, shape, days)
    verdict = gg.silent_grids(observed, expected)["verdict"]
    p = stats.poisson.cdf(observed, expected)
    ours = verdict.eq("silent").to_numpy()
    found = {
        "ours": ours,
        "grouped": ours & (gg.silent_chance(observed, expected).to_numpy() > LIKELY),
        "theirs": stats.false_discovery_control(p) <= 0.05,
    }
    told = {"not judgeable": float(verdict.eq("not judgeable").sum())}
    for who, called in found.items():
        told[f"{who}, called"] = float(called.sum())
        told[f"{who}, precision"] = float((called & silent).sum() / max(called.sum(), 1))
        told[f"{who}, recall"] = float((called & silent).sum() / silent.sum())
    return told


CASES = {
    "spots": Case(
        what=f"Gi* of a month and emerging hot spots of {PERIODS}",
        on=on_grids,
        make=grids,
        ours=our_spots,
        peer=f"esda, Gi* of {PERIODS} months, its z",
        theirs=by_esda,
        differ=spots_difference,
        target=0.2,
    ),
    "spots-floor": Case(
        what=f"Gi* of a month and emerging hot spots of {PERIODS}",
        on=lambda share: f"{on_grids(share)}, one small spot, 999 permutations",
        make=few_hot,
        ours=our_spots,
        peer="esda, p by permutations",
        theirs=lambda instance: by_esda(instance, 999),
        differ=floor_difference,
        target=0.2,
        grow=False,
    ),
    "moran": Case(
        what="local Moran of a month",
        on=on_grids,
        make=grids,
        ours=lambda instance: gg.local_moran(instance[0].iloc[:, -1], instance[1], BAND_M),
        peer="esda, without permutations",
        theirs=by_moran,
        differ=moran_difference,
    ),
    "knox": Case(
        what="near repeats (Knox), 99 orders",
        on=lambda share: f"{at_least(4000, share, 200):,} incidents of a year",
        make=incidents,
        ours=lambda instance: gg.near_repeats(*instance, [NEAR_M], [SOON_DAYS], simulations=99),
        peer="pointpats",
        theirs=by_pointpats,
        differ=knox_difference,
    ),
    "heat": Case(
        what=f"heat, {BANDWIDTH_M:.0f} m, cells of {CELL_M:.0f} m",
        on=lambda share: f"{at_least(1_000_000, share, 100):,} incidents on 30 km × 30 km",
        make=places,
        ours=our_heat,
    ),
    "heat-small": Case(
        what=f"heat, {BANDWIDTH_M:.0f} m, cells of {CELL_M:.0f} m",
        on=lambda share: f"{at_least(1_000_000, share / 100, 100):,} incidents on 5 km × 5 km",
        make=few_places,
        ours=our_heat,
        peer="scikit-learn, the kernel itself",
        theirs=by_sklearn,
        differ=heat_difference,
        peer_seeds=1,
        grow=False,
    ),
    "scan": Case(
        what="Kulldorff's scan, 999 simulations",
        on=lambda share: f"{at_least(GRIDS, share, 30):,} areas",
        make=areas,
        ours=lambda instance: gg.scan(*instance, simulations=999),
        target=15.0,
    ),
}
