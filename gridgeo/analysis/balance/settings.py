"""The solver's settings, chosen from the instance and never by hand."""

from dataclasses import dataclass

from gridgeo.analysis.balance.anneal import Schedule

# A band below this pulls no harder: loads are whole numbers, and no plan is exact.
TIGHT = 0.0085

# At half stability a grid that changes as a whole counts as much as so many cut edges.
HALF_STABLE = 20.0


@dataclass(frozen=True)
class Settings:
    """How hard the solver tries.

    Parameters
    ----------
    tolerance : float
        Deviation that is good enough.
    sweeps : int
        Annealing steps for each directed cut edge of the finest level.
    coarse_units : int
        Units a grid has on the coarsest level.
    pool : int
        Plans that are made anew and put together.
    cycles : int
        Most multilevel cycles of a new plan that keeps the tolerance.
    attempts : int
        Most cycles of one that does not.
    tries : int
        Attempts of the polish at each grid out of band.
    moving : float
        Price of one target's worth of load that leaves its grid of today, in cut edges.
    """

    tolerance: float
    sweeps: int
    coarse_units: int
    pool: int
    cycles: int
    attempts: int
    tries: int
    moving: float

    @property
    def band(self) -> float:
        """Deviation the annealing aims below, so that the last moves have room."""
        return 0.85 * self.tolerance

    def schedule(self, scale: float, *, first: bool, hot: float = 1.0) -> Schedule:
        """Plan the annealing of one level.

        Parameters
        ----------
        scale : float
            Mean edge price of the level, in that of the finest.
        first : bool
            The coarsest level, where the plan still changes at large.
        hot : float
            Factor on the first temperature.
        """
        # A grid at the edge of the band pays so many mean borders. More evens out grids that are
        # fair already, at the price of their borders; less leaves the last moves no room.
        even = scale / max(self.band, TIGHT) ** 2
        return Schedule(
            hot=(0.8 * hot if first else 0.35) * scale,
            cold=0.08 * scale,
            square=(0.012 if first else 0.16) * even,
            square_end=0.16 * even,
            hinge=(10.0 if first else 200.0) * scale,
            hinge_end=200.0 * scale,
            band=self.band,
            moving=self.moving,
            chain=0.5,
            reach=400,
        )

    def closing_schedule(self) -> Schedule:
        """Plan the short annealing of a whole plan of which many grids are out of band."""
        usual = self.schedule(1.0, first=False)
        return usual._replace(
            hot=0.3, square_end=4 * usual.square_end, hinge_end=4 * usual.hinge_end
        )

    def polish_schedule(self, moving: float = 0.0) -> Schedule:
        """Plan the short annealing around a grid out of band."""
        return Schedule(
            hot=0.6,
            cold=0.05,
            square=200.0,
            square_end=2000.0,
            hinge=200.0,
            hinge_end=800.0,
            band=self.band,
            moving=moving,
            chain=0.5,
            reach=400,
        )

    def recut_schedule(self, heat: float, moving: float = 0.0) -> Schedule:
        """Plan the tree recuts around a grid out of band."""
        return Schedule(
            hot=heat,
            cold=heat,
            square=4000.0,
            square_end=4000.0,
            hinge=800.0,
            hinge_end=800.0,
            band=self.band,
            moving=moving,
            chain=0.0,
            reach=400,
        )


def settings_for(
    n: int, k: int, cut_edges: int, tolerance: float, stability: float = 0.0
) -> Settings:
    """Choose the settings of an instance.

    Parameters
    ----------
    n : int
        Units.
    k : int
        Grids.
    cut_edges : int
        Directed cut edges of a start plan.
    tolerance : float
    stability : float
        0 to 1, exclusive: what moving load counts beside the cut.

    Returns
    -------
    Settings
        The fewer grids, the more it matters how they lie as a whole: then many plans are made
        and put together; with many grids one plan is annealed longer. A tight tolerance anneals
        longer; the fewer units, the more attempts, since each costs little.
    """
    tight = 2 if tolerance < 0.03 else 1
    cycles = min(28, max(1, 1000 // k - 1))
    pool = min(4, 1 + cycles // 3)
    sweeps = 300 if pool > 1 else round(min(1000.0, max(80.0, 40_000 / max(cut_edges, 1) ** 0.5)))
    return Settings(
        tolerance=tolerance,
        sweeps=sweeps * tight,
        coarse_units=40,
        pool=pool,
        cycles=cycles,
        attempts=3 + 1000 // max(n, 100),
        tries=60,
        moving=HALF_STABLE * stability / (1 - stability) if stability < 1 else 0.0,
    )
