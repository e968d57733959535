"""Colours that also those tell apart who confuse red and green.

cividis: Nuñez, Anderton and Renslow, PLOS ONE 13(7), 2018. PuOr: Brewer, ColorBrewer 2.0.
Inferno: van der Walt and Smith, 2015. The eight colours for kinds: Okabe and Ito, 2008.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

# Light is little, dark is much: on a white page the eye goes to the dark.
CIVIDIS = (
    "#fee838", "#e1cc55", "#c3b369", "#a59c74", "#8a8678",
    "#707173", "#575d6d", "#3b496c", "#123570", "#00224e",
)  # fmt: skip
# Violet is below, orange above.
PUOR = (
    "#542788", "#8073ac", "#b2abd2", "#f7f7f7", "#fdb863", "#e08214", "#b35806",
)  # fmt: skip
INFERNO = (
    "#fcffa4", "#fac228", "#f57d15", "#d44842", "#9f2a63", "#65156e", "#280b53",
)  # fmt: skip
# From near the page to the dark end of inferno: what is little does not look hot.
EMBERS = (
    "#f3f0e8", "#fcdcaa", "#f7a355", "#df5f33", "#a92a4c", "#65156e", "#280b53",
)  # fmt: skip
NO_FIGURE = "#d5dae0"

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7",
)  # fmt: skip

DEVIATIONS = (-0.30, -0.15, -0.05, 0.05, 0.15, 0.30)


@dataclass(frozen=True)
class Classes:
    """A scale in steps.

    Parameters
    ----------
    breaks : tuple of float, length n
        Ascending; a value on a break belongs to the class above.
    colours : tuple of str, length n + 1
    """

    breaks: tuple[float, ...]
    colours: tuple[str, ...]

    def paint(self, values: npt.NDArray[np.float64]) -> list[str]:
        """Give each value its colour; ``NO_FIGURE`` where it is nan."""
        known = np.isfinite(values)
        step = np.digitize(np.where(known, values, 0.0), self.breaks)
        return [self.colours[s] if k else NO_FIGURE for s, k in zip(step, known, strict=True)]

    def labels(self, write: Callable[[float], str]) -> list[str]:
        """Say each class; ``write`` writes one break."""
        if not self.breaks:
            return [""]
        said = [write(b) for b in self.breaks]
        inner = [f"{low} – {high}" for low, high in pairwise(said)]
        return [f"< {said[0]}", *inner, f"≥ {said[-1]}"]


def ramp(anchors: tuple[str, ...], n: int) -> tuple[str, ...]:
    """Take n colours evenly from a ramp, both ends included."""
    rgb = np.array([[int(a[i : i + 2], 16) for i in (1, 3, 5)] for a in anchors], dtype=float)
    at = np.linspace(0, len(anchors) - 1, n) if n > 1 else np.array([(len(anchors) - 1) / 2])
    mixed = np.stack([np.interp(at, np.arange(len(anchors)), c) for c in rgb.T], axis=1)
    return tuple("#" + "".join(f"{round(v):02x}" for v in row) for row in mixed)


def even_classes(
    values: npt.NDArray[np.float64], most: int = 7, anchors: tuple[str, ...] = CIVIDIS
) -> Classes:
    """Cut a range into at most ``most`` equal steps that begin at round numbers.

    Parameters
    ----------
    values : float64, any shape
        nan is left out.
    most : int
    anchors : tuple of str
        The ramp.

    Returns
    -------
    Classes
        One class for values that are all equal, or for none.
    """
    known = values[np.isfinite(values)]
    if known.size == 0 or known.min() == known.max():
        return Classes((), ramp(anchors, 1))
    low, high = np.percentile(known, [2, 98])
    rough = max(high - low, (known.max() - known.min()) / 100) / (most - 1)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first = np.floor(low / step) * step + step
    breaks = tuple(float(b) for b in np.arange(first, high + step * 1e-6, step))[: most - 1]
    breaks = breaks or (float(first),)
    return Classes(breaks, ramp(anchors, len(breaks) + 1))


def steep_classes(values: npt.NDArray[np.float64], most: int = 7) -> Classes:
    """Cut a range of densities at 1, 2, 5, 10, 20, 50 and so on, from the page to dark.

    Parameters
    ----------
    values : float64, any shape
        Not negative; nan is left out.
    most : int
        The lower classes are merged until no more are left.

    Returns
    -------
    Classes
    """
    known = values[np.isfinite(values) & (values > 0)]
    if known.size == 0 or known.min() == known.max():
        return Classes((), ramp(EMBERS, 3)[1:2])
    powers = range(int(np.floor(np.log10(known.min()))), int(np.ceil(np.log10(known.max()))) + 1)
    series = [m * 10.0**p for p in powers for m in (1, 2, 5)]
    breaks = tuple(b for b in series if known.min() < b <= known.max())[1 - most :]
    return Classes(breaks, ramp(EMBERS, len(breaks) + 1))
