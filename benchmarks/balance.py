"""Contiguous fair shares: balance beside METIS, KaHIP, GerryChain and spopt; how cost grows.

    python -m benchmarks balance [case …] [--seeds=N] [--alone] [--write]

Every row names the instance and a solver; then the largest deviation of grids not forced (least /
median / greatest over seeds), how many grids are broken or empty, the cut (borders between units
of two grids; median) and its ratio to METIS, the seconds of the processor (median / greatest, the
graph of neighbours built before), the greatest memory of a process that runs only this (with what
the solver adds to interpreter, libraries and instance), and for plans that are mended the load
moved by the least that any plan can move: the flow between today's grids that brings each into the
band. Our solver is warm. GerryChain and spopt have one seed and are ended after a minute of the
processor: what they told by then counts. KaHIP is left out where it takes minutes.

``growth`` names the cases that double, and their table says how cost grows. ``--alone`` leaves all
peers out but METIS. ``--write`` puts the rows into ``docs/balance.md`` and leaves the others.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import balance_runs as runs
from benchmarks.alone import alone
from benchmarks.balance_cases import CASES, GROWTH
from benchmarks.balance_page import write
from benchmarks.peers import AT_ONCE, LIMIT_S
from gridgeo.analysis.balance import warm_balance

PAGE = Path(__file__).parent.parent / "docs" / "balance.md"
METIS = "METIS contig"
HEADS = (
    *("instance", "solver", "off, %", "broken", "cut", "of METIS", "s", "MB (added)"),
    *("moved / least", "measured"),
)
GROWTH_HEADS = ("units", "neighbours, s", "balance, s", "MB (added)", "off, %", "measured")


def measured(name, most_seeds=None, peers=True):
    """Run a case, every solver in a process of its own.

    Returns
    -------
    dict
        ``case`` (its name), ``units``, ``neighbours_s``, ``least`` and ``runs``: of each solver a
        list of dicts with off, broken, cut, seconds, moved, base_mb, peak_mb; the first four are
        nan where it found no plan, and ``note`` says why.
    """
    made = alone("benchmarks.balance_runs", "built", name)
    if made.error:
        raise RuntimeError(f"{name}: {made.error}")
    problem = made.answer
    case, found = problem.case, {}
    seeds = case.seeds[:most_seeds]
    for solver in case.peers if peers else (METIS,):
        if solver in AT_ONCE:
            ran = alone("benchmarks.balance_runs", "at_once", solver, problem, seeds)
            found[solver] = _figures(problem, ran)
        else:
            order = ("searched", solver, problem, seeds[0])
            ran = alone("benchmarks.balance_runs", *order, limit_s=LIMIT_S)
            found[solver] = [_searched(problem, ran)]
    found["balance"] = _figures(problem, alone("benchmarks.balance_runs", "ours", problem, seeds))
    return {
        "case": case.name,
        "units": len(problem.load),
        "neighbours_s": problem.neighbours_s,
        "least": problem.least_moved,
        "runs": found,
    }


def _figures(problem, ran):
    if ran.error:
        raise RuntimeError(f"{problem.case.name}: {ran.error}")
    return [
        _judged(problem, run.labels, run.targets)
        | {
            "seconds": run.seconds,
            "moved": run.moved,
            "base_mb": run.base_mb,
            "peak_mb": ran.peak_mb,
        }
        for run in ran.answer
    ]


def _searched(problem, ran):
    figures = {"seconds": ran.seconds, "moved": np.nan, "base_mb": np.nan, "peak_mb": ran.peak_mb}
    figures["note"] = ran.error or (f"ended after {LIMIT_S:.0f} s" if ran.ended else "")
    return _judged(problem, ran.answer, problem.targets) | figures


def _judged(problem, labels, targets):
    if labels is None or labels.min() < 0 or labels.max() >= len(targets):
        return dict.fromkeys(("off", "broken", "cut"), np.nan)
    tolerance = problem.case.tolerance
    told = runs.judged(problem.graph, problem.load, labels, targets, tolerance)
    return dict(zip(("off", "broken", "cut"), map(float, told), strict=True))


def rows(result, today):
    """The lines of a case as text, by ``HEADS``."""
    metis = np.median([run["cut"] for run in result["runs"][METIS]])
    return [
        _row(result["case"], solver, found, metis, result["least"], today)
        for solver, found in result["runs"].items()
    ]


def _row(case, solver, found, metis, least, today):
    of = {name: np.array([run[name] for run in found]) for name in found[0] if name != "note"}
    note = found[0].get("note", "")
    seconds = f"{np.median(of['seconds']):.2f} / {of['seconds'].max():.2f}"
    if np.isnan(of["off"]).any():
        return (case, solver, "no plan", "", "", "", note or seconds, "", "", today)
    shares = (of["off"].min(), np.median(of["off"]), of["off"].max())
    off = [f"{100 * share:.2f}" for share in shares]
    moved = np.median(of["moved"]) / least
    return (
        case,
        solver,
        off[0] if off[0] == off[2] else " / ".join(off),
        f"{of['broken'].max():.0f}",
        f"{np.median(of['cut']):.0f}",
        f"{np.median(of['cut']) / metis:.3f}",
        note or seconds,
        _memory(found[-1]),
        "" if np.isnan(moved) else f"{moved:.2f}",
        today,
    )


def _memory(run):
    if np.isnan(run["peak_mb"]):
        return ""
    added = "" if np.isnan(run["base_mb"]) else f" ({max(run['peak_mb'] - run['base_mb'], 0):.0f})"
    return f"{run['peak_mb']:.0f}{added}"


def growth_rows(results, today):
    """How cost grows with the units, by ``GROWTH_HEADS``; the last line has the exponents."""
    lines, costs = [], []
    for result in sorted(results, key=lambda result: result["units"]):
        run = result["runs"]["balance"][0]
        added = run["peak_mb"] - run["base_mb"]
        costs.append([result["units"], result["neighbours_s"], run["seconds"], added])
        lines.append(
            (
                f"{result['units']:,}",
                f"{result['neighbours_s']:.2f}",
                f"{run['seconds']:.2f}",
                _memory(run),
                f"{100 * run['off']:.2f}",
                today,
            )
        )
    # Small cities get more cycles: the larger half tells better what a doubling costs.
    for name, own in (("exponent", costs), ("exponent, larger half", costs[len(costs) // 2 :])):
        if len(own) > 1:
            powers = exponents(np.array(own))
            lines.append((name, *(f"{power:.2f}" for power in powers), "", today))
    return lines


def exponents(costs):
    """Slopes of log cost over log units, least squares: columns are units, then costs."""
    logs = np.log(np.maximum(costs, 1e-9))
    x = logs[:, 0] - logs[:, 0].mean()
    return (x @ logs[:, 1:]) / (x @ x)


def main(*asked):
    """Print the tables; give the figures by case."""
    wishes = [wish for wish in map(str, asked) if wish.startswith("--")]
    names = [name for name in map(str, asked) if not name.startswith("--")] or [*CASES]
    growing = [f"growth{n}" for n in GROWTH]
    names = [one for name in names for one in (growing if name == "growth" else [name])]
    unknown = [name for name in names if name not in CASES]
    if unknown:
        sys.exit(f"There is no case {unknown[0]!r}; there are growth, {', '.join(CASES)}.")
    most = next((int(w.partition("=")[2]) for w in wishes if w.startswith("--seeds=")), None)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    warm_balance()
    results = {}
    for name in track(names, "cases", console=Console(stderr=True)):
        results[name] = measured(name, most, "--alone" not in wishes and name not in growing)
        if "--write" in wishes and name not in growing:
            write(PAGE, "cases", HEADS, rows(results[name], today))
    console = Console(width=170)
    drawn = [row for name in names if name not in growing for row in rows(results[name], today)]
    grown = growth_rows([results[name] for name in names if name in growing], today)
    tables = {"cases": (HEADS, drawn), "growth": (GROWTH_HEADS, grown)}
    for title, (heads, lines) in tables.items():
        if not lines:
            continue
        shown = Table(*heads, title=title)
        for line, after in zip(lines, [*lines[1:], ("",)], strict=True):
            shown.add_row(*line, end_section=title == "cases" and line[0] != after[0])
        console.print(shown)
    if "--write" in wishes and grown:
        write(PAGE, "growth", GROWTH_HEADS, grown)
    return results


if __name__ == "__main__":
    main(*sys.argv[1:])
