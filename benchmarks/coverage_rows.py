"""A row of the table of the benchmark of coverage.

Whoever measures a part of coverage of its own has ``rows(quick)`` in a module of this folder, which
gives a list of ``Row``.
"""

import time
from dataclasses import dataclass

import numpy as np

from benchmarks.alone import resident_mb
from benchmarks.assign_runs import from_here
from benchmarks.assign_tables import plain, spread

HEADS = (
    *("what", "on", "ours", "peer", "peer's", "peer / ours", "target", "met"),
    *("difference", "MB added", "growth", "measured on"),
)


@dataclass(frozen=True)
class Row:
    """What was measured of one method on one kind of instance.

    Parameters
    ----------
    what : str
        The method.
    on : str
        The instance and its size.
    ours : tuple of float
        One figure of each seed; the median counts.
    unit : str
        Of ours and the peer's: "s" (of the processor), or "" for shares and counts.
    peer : str
        Who else was asked; "" if nobody can be. One that is missing says so here.
    theirs : tuple of float
        The peer's figures on the first of the same seeds.
    target : float or None
        What ours should reach; None: no target was set.
    most : bool
        The target is the greatest allowed, not the least.
    difference : str
        Between the answers of the two, and what it comes from.
    added_mb : float
        Most memory that ours takes on top of what it is given; nan where it is not known.
    peer_mb : float
    growth : float
        Exponent p of ours ≈ size^p; nan where it was not measured.
    """

    what: str
    on: str
    ours: tuple[float, ...] = ()
    unit: str = "s"
    peer: str = ""
    theirs: tuple[float, ...] = ()
    target: float | None = None
    most: bool = True
    difference: str = ""
    added_mb: float = float("nan")
    peer_mb: float = float("nan")
    growth: float = float("nan")

    def met(self):
        """Whether the median keeps the target; None where there is none, or no figure."""
        if self.target is None or not self.ours or np.isnan(self.ours).any():
            return None
        middle = float(np.median(self.ours))
        return middle <= self.target if self.most else middle >= self.target

    def ratio(self):
        """The peer's seconds by ours on the same seed, the median; nan where there are none."""
        if self.unit != "s" or not (self.ours and self.theirs):
            return float("nan")
        pairs = zip(self.theirs, self.ours, strict=False)
        return float(np.median([theirs / max(ours, 1e-9) for theirs, ours in pairs]))

    def cells(self, today):
        """The row as text, by ``HEADS``."""
        met = {True: "yes", False: "short", None: "" if self.ours else "not measured"}
        sign = "≤" if self.most else "≥"
        memory = " / ".join(plain(mb) for mb in (self.added_mb, self.peer_mb) if not np.isnan(mb))
        ratio = plain(self.ratio())
        return (
            self.what,
            self.on,
            _figures(self.ours, self.unit),
            self.peer,
            _figures(self.theirs, self.unit),
            ratio and f"{ratio} ×",
            "" if self.target is None else f"{sign} {plain(self.target)} {self.unit}".strip(),
            met[self.met()],
            self.difference,
            memory,
            "" if np.isnan(self.growth) else f"{self.growth:.2f}",
            today,
        )


def measured(ask, *given):
    """Give a call's seconds of the processor, the MB it added at its peak, and its answer."""
    base = from_here()
    began = time.process_time()
    answer = ask(*given)
    return time.process_time() - began, resident_mb("VmHWM") - base, answer


def _figures(figures, unit):
    return f"{spread(figures)} {unit}".strip() if figures else ""
