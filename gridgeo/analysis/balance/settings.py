"""The solver's settings, chosen from the instance and never by hand."""

from dataclasses import dataclass

from gridgeo.analysis.balance.anneal import Schedule

# A band below this pulls no harder: loads are whole numbers, and no plan is exact.
TIGHT = 0.0085


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
    cycles : int
        Most multilevel cycles of a new plan.
    tries : int
        Attempts of the polish at each grid out of band.
    """

    tolerance: float
    sweeps: int
    coarse_units: int
    cycles: int
    tries: int

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
            moving=0.0,
            chain=0.5,
            reach=400,
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


def settings_for(n: int, cut_edges: int, tolerance: float) -> Settings:
    """Choose the settings of an instance.

    Parameters
    ----------
    n : int
        Units.
    cut_edges : int
        Directed cut edges of a start plan.
    tolerance : float

    Returns
    -------
    Settings
        A tight tolerance anneals longer. The less border there is, the more steps each edge of
        it gets, and the fewer units, the more cycles, since each costs little.
    """
    tight = 2 if tolerance < 0.03 else 1
    sweeps = min(1000, max(150, 5_000_000 // max(cut_edges, 1)))
    return Settings(
        tolerance=tolerance,
        sweeps=sweeps * tight,
        coarse_units=40,
        cycles=3 + 1000 // max(n, 100),
        tries=60,
    )
