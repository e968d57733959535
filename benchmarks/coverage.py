"""Who is left out, and where incidents gather: every method beside a peer, on several seeds.

    python -m benchmarks coverage [--only=PART,…] [--seeds=N] [--quick] [--here] [--write]

The parts are ``access``, ``siting``, ``streets``, ``patrol``, ``spots``, ``scan``, ``silence`` and
``territory``. Ours and the peer get the same instance of a seed, one after the other in a process
that does nothing else; seconds are those of the processor, of all threads together, and what is
compiled has been. A figure is the median of its seeds, with least and greatest where they differ;
slow peers are asked one seed. Memory is the peak on top of interpreter, libraries and instance;
growth the exponent p of seconds ≈ size^p from a sixteenth of the size on. A peer that is missing or
fails is named.

``--quick`` asks a fiftieth of the size and no peer that compiles for a minute; ``--here`` runs all
in this process. ``--write`` puts the table into ``docs/coverage.md``.
"""

import importlib
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import coverage_runs as runs
from benchmarks.alone import alone
from benchmarks.balance_page import put, write
from benchmarks.coverage_rows import HEADS, Row
from benchmarks.coverage_spots import judged_silent

PAGE = Path(__file__).parent.parent / "docs" / "coverage.md"
PARTS = {  # part → cases of coverage_runs
    "access": ("2sfca", "e2sfca", "3sfca"),
    "siting": ("mclp", "mclp-wide", "mclp-small"),
    "streets": ("streets",),
    "patrol": (),
    "spots": ("spots", "spots-floor", "moran", "knox", "heat", "heat-small"),
    "scan": ("scan",),
    "silence": (),
    "territory": (),
}
OTHERS = {"patrol": "coverage_tracks", "territory": "coverage_territory"}
SLOW = {"spots-floor"}  # their peer compiles in every process
QUICK_SHARE = 0.02
RULES = {"ours": "silent_grids", "grouped": "silent_grids and silent_chance"}
SHAPES = (6.0, 4.0)  # of the rates of grids: they differ by 41 % and by 50 %
MANY_SEEDS = 10  # where a seed takes a moment


class Bench:
    """One call of the benchmark: sizes, where processes run, and what was found so far."""

    def __init__(self, seeds, quick, here):
        self.seeds, self.quick, self.here = seeds, quick, here
        self.share = QUICK_SHARE if quick else 1.0
        self.rows, self.raw = [], {}

    def part(self, name):
        """Measure one part."""
        for case in PARTS[name]:
            if not (self.quick and case in SLOW):
                self.rows += self.case(case)
        if name == "silence":
            self.rows += self.silence()
        if name in OTHERS:
            self.rows += others(name, self.quick)

    def case(self, name):
        """Rows of a case: the warm calls, and the first where the two differ much."""
        case = runs.CASES[name]
        told = self.measured(name)
        self.raw[name] = told
        if told.get("error"):
            return [Row(case.what, case.on(self.share), peer=f"not measured: {told['error']}")]
        peer = f"{case.peer}: {told['peer_error']}" if told["peer_error"] else case.peer
        row = Row(
            what=case.what,
            on=case.on(self.share),
            ours=tuple(told["ours_s"]),
            peer=peer,
            theirs=tuple(told["theirs_s"]),
            target=case.target,
            difference=told["difference"],
            added_mb=told["added_mb"],
            peer_mb=told["peer_mb"],
            growth=told["growth"],
        )
        rows = [row]
        if told["gaps"]:
            what = f"{case.what}: gap that is left to prove"
            rows.append(Row(what, row.on, tuple(told["gaps"]), "%", target=0.1))
        if name == "spots-floor" and told["theirs_s"]:
            first = (told["ours_first_s"],), (told["theirs_first_s"],)
            what = f"{case.what}, first call of a process"
            small = case.on(runs.WARM_SHARE)
            rows.append(Row(what, small, first[0], "s", f"{peer}, its import", first[1], 0.2))
        return rows

    def measured(self, name):
        """What ``coverage_runs.raced`` gives of a case; ``error`` when it failed."""
        if self.here:
            return runs.raced(None, name, self.seeds, self.share)
        outcome = alone("benchmarks.coverage_runs", "raced", name, self.seeds, self.share)
        return outcome.answer if not outcome.error else {"error": outcome.error}

    def silence(self):
        """How many of those called silent are, how many of the silent are called, who is not."""
        rows = []
        seeds = range(2 if self.quick else MANY_SEEDS)
        for shape in SHAPES:
            found = [judged_silent(seed, shape) for seed in seeds]
            self.raw[f"silence, shape {shape:g}"] = found
            on = f"2,000 grids, 40 silent, 0.5 incidents a household, rates of shape {shape:g}"
            rows += [
                Row(
                    f"silent grids, {rule}: {word}",
                    on,
                    tuple(run[f"{who}, {word}"] for run in found),
                    "",
                    "Poisson + Benjamini–Hochberg",
                    tuple(run[f"theirs, {word}"] for run in found),
                    target,
                    most=False,
                    difference=f"called: ours {_middle(found, f'{who}, called'):.0f},"
                    f" theirs {_middle(found, 'theirs, called'):.0f}; not judgeable"
                    f" {_middle(found, 'not judgeable'):.0f}",
                )
                for who, rule in RULES.items()
                for word, target in (("precision", 0.6), ("recall", 0.8))
            ]
        week = [judged_silent(seed, SHAPES[0], days=7.0) for seed in seeds]
        self.raw["silence, a week"] = week
        rows.append(
            Row(
                "silent grids: not judgeable",
                "the same, watched for a week",
                tuple(run["not judgeable"] for run in week),
                "",
                "Poisson + Benjamini–Hochberg",
                (0.0,),
                difference=f"called: ours {_middle(week, 'ours, called'):.0f},"
                f" theirs {_middle(week, 'theirs, called'):.0f}",
            )
        )
        return rows


def others(part, quick):
    """Rows that another module of this folder measures; one that is missing is named."""
    name = OTHERS[part]
    try:
        return list(importlib.import_module(f"benchmarks.{name}").rows(quick))
    except Exception as error:
        return [Row(part, "", peer=f"not measured: benchmarks.{name}: {error}")]


def _middle(found, word):
    return float(np.median([run[word] for run in found]))


def main(*asked):
    """Print the table; give all that was measured."""
    wishes = dict(str(wish).removeprefix("--").partition("=")[::2] for wish in asked)
    parts = wishes.get("only", ",".join(PARTS)).split(",")
    unknown = [part for part in parts if part not in PARTS]
    unknown += [wish for wish in wishes if wish not in ("only", "seeds", "quick", "here", "write")]
    if unknown:
        sys.exit(f"There is no part or wish {unknown[0]!r}; parts are {', '.join(PARTS)}.")
    bench = Bench(int(wishes.get("seeds", 3)), "quick" in wishes, "here" in wishes)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("parts", total=len(parts))
        for part in parts:
            progress.update(bar, description=part)
            bench.part(part)
            progress.advance(bar)
            if "write" in wishes:  # at once: what was measured is kept when a later part fails
                write(PAGE, "table", HEADS, [row.cells(today) for row in bench.rows])
    versions = ", ".join(f"{name} {version}" for name, version in runs.peers().items())
    if "write" in wishes:
        put(PAGE, "peers", f"{versions}.\n")
    table = Table(*HEADS, title="coverage")
    for row in bench.rows:
        table.add_row(*row.cells(today))
    Console(width=240).print(table)
    print(versions)
    short = [f"{row.what}, {row.on}" for row in bench.rows if row.met() is False]
    missed = [f"{row.what}: {row.peer}" for row in bench.rows if not row.ours]
    print("Short of the target: " + ("; ".join(short) or "nothing") + ".")
    print("Not measured: " + ("; ".join(missed) or "nothing") + ".")
    return bench.raw | {"rows": [row.cells(today) for row in bench.rows]}
