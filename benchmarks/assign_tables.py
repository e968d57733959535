"""What the benchmark of assign says of what it measured, as lines of tables.

Whoever measures a part of assign of its own has ``target_lines(n_points, n_grids)`` in a module of
this folder, which gives a list of ``Line``.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.balance import exponents

TARGET_HEADS = ("what", "measured", "target", "met", "measured on")
PEER_HEADS = (
    *("instance", "way", "threads", "s", "× ours", "× ours with building"),
    *("other grids", "wrong on borders", "MB added", "measured on"),
)
POINTS_HEADS = ("points", "locate, s", "million points/s", "MB added", "measured on")
GRIDS_HEADS = (
    *("grids", "vertices", "build, s", "MB while building", "index, MB"),
    *("locate, s", "million points/s", "measured on"),
)
DAMAGE_HEADS = ("damage", "million points/s", "of clean", "wrong", "measured on")


@dataclass(frozen=True)
class Line:
    """A row of the table of targets.

    Parameters
    ----------
    what : str
        What was measured, against whom, on what.
    figures : tuple of float
        One of each seed; the median counts, of what must be ``exact`` the worst. Empty: it could
        not be measured, and ``note`` says why.
    target : float or None
        What the figure should reach; None: no target was set.
    unit : str
        Behind the figure, as in "×" or "MB".
    most : bool
        The target is the greatest allowed, not the least.
    exact : bool
        Every figure must keep the target.
    note : str
        Said beside the figure.
    """

    what: str
    figures: tuple[float, ...]
    target: float | None = None
    unit: str = "×"
    most: bool = False
    exact: bool = False
    note: str = ""

    def met(self):
        """Whether the target is kept; None where there is none, or no figure."""
        if self.target is None or not self.figures or np.isnan(self.figures).any():
            return None
        middle = float(np.median(self.figures))
        told = (max if self.most else min)(self.figures) if self.exact else middle
        return told <= self.target if self.most else told >= self.target

    def cells(self, today):
        """The row as text, by ``TARGET_HEADS``."""
        said = f"{spread(self.figures)} {self.unit}".strip() if self.figures else ""
        target = "" if self.target is None else f"{'≤' if self.most else '≥'} {plain(self.target)}"
        if self.target == 0 and self.most:
            target = "0"
        if not self.figures:
            met = "not measured"
        else:
            met = {True: "yes", False: "short", None: ""}[self.met()]
        note = f"{said} ({self.note})" if said and self.note else said or self.note
        return (self.what, note, target, met, today)


def spread(figures):
    """Median, with the least and the greatest where they differ."""
    low, middle, high = (plain(f) for f in (min(figures), float(np.median(figures)), max(figures)))
    return middle if low == high else f"{middle} ({low}–{high})"


def plain(figure):
    """Three digits that count."""
    if np.isnan(figure):
        return ""
    if abs(figure) >= 100 or figure == int(figure):
        return f"{figure:,.0f}"
    return f"{figure:.3g}"


def instance_words(instance):
    """As in "1,000,000 points, 3,000 grids, clustered"."""
    said = f"{instance.n_points:,} points, {instance.n_grids:,} grids"
    said += ", clustered" if instance.clustered else ""
    return said + (", points in order" if instance.ordered else "")


def peer_cells(instance, name, threads, runs, added_mb, today):
    """A row of ``PEER_HEADS``: all seeds of an instance together."""
    border = next((run for run in runs if "border" in run), None)
    return (
        instance_words(instance),
        name,
        str(threads),
        spread([float(np.median(run["seconds"])) for run in runs]),
        spread([ratio(run) for run in runs]),
        spread([ratio(run, building=True) for run in runs]),
        str(max(run["differs"] for run in runs)),
        f"{border['border_wrong']:,} of {border['border']:,}" if border else "",
        plain(added_mb),
        today,
    )


def ratio(run, building=False):
    """Their seconds by ours, round by round; the median. ``building``: our index, too."""
    ours = np.array(run["ours_s"]) + (run["build_s"] if building else 0)
    return float(np.median(np.array(run["seconds"]) / ours))


def points_cells(costs, today):
    """Rows of ``POINTS_HEADS``: the same grids asked for more and more points."""
    columns = ("points", "locate_s", "rate", "locate_mb")
    return _growing(costs, columns, ("locate_s",), today)


def grids_cells(costs, today):
    """Rows of ``GRIDS_HEADS``: as many points in more and more grids."""
    columns = ("grids", "vertices", "build_s", "peak_mb", "index_mb", "locate_s", "rate")
    return _growing(costs, columns, ("build_s", "peak_mb", "index_mb", "locate_s"), today)


def _growing(costs, columns, powers, today):
    """Costs as ``assign_runs.grown`` gives them; last the exponents p of cost ≈ n^p."""
    costs = [cost | {"rate": cost["points"] / cost["locate_s"] / 1e6} for cost in costs]
    rows = [(*(plain(cost[column]) for column in columns), today) for cost in costs]
    if len(costs) > 1:
        told = exponents(np.array([[cost[column] for column in columns] for cost in costs], float))
        named = zip(columns[1:], told, strict=True)
        power = [f"{p:.2f}" if column in powers else "" for column, p in named]
        rows.append(("exponent", *power, today))
    return rows
