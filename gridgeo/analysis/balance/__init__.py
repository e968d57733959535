"""Fair shares: which units form which grid, and where to add workers.

``balance`` proposes a plan on a ``UnitGraph``; ``proposals`` several; ``limits`` says what none
can do. ``judge`` scores a plan that exists, ``difference`` compares two, ``best_moves`` mends
one by hand; ``choose_k`` finds the number of grids; ``place_workers`` keeps the borders.
``warm_balance`` compiles the kernels beforehand.
"""

from gridgeo.analysis.balance.choose import Choice, choose_k
from gridgeo.analysis.balance.difference import Difference, difference
from gridgeo.analysis.balance.judge import judge
from gridgeo.analysis.balance.limits import Limits, limits
from gridgeo.analysis.balance.moves import best_moves
from gridgeo.analysis.balance.proposals import proposals
from gridgeo.analysis.balance.propose import balance
from gridgeo.analysis.balance.unit_graph import UnitGraph
from gridgeo.analysis.balance.warm import warm_balance
from gridgeo.analysis.balance.workers import place_workers

__all__ = [
    "Choice",
    "Difference",
    "Limits",
    "UnitGraph",
    "balance",
    "best_moves",
    "choose_k",
    "difference",
    "judge",
    "limits",
    "place_workers",
    "proposals",
    "warm_balance",
]
