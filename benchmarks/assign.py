"""Which grid covers a point: the index beside all peers, and every figure beside its target.

    python -m benchmarks assign [points] [grids] [--only=PART,…] [--seeds=N] [--here] [--write]

The parts are ``peers``, ``throughput``, ``large``, ``exact``, ``damage``, ``memory`` (frames in
memory), ``growth`` and ``others`` (what other benchmarks of this folder measure of assign).
Instances are even (grids of about one size, points anywhere), even with points in order (near ones
follow each other; no target was set for them) or clustered (dense towns and wide land, points where
the grids are); ``large`` has ten times the grids, ``throughput`` ten times the
points.

A peer and our index answer in turn in one process, several rounds on each seed: "× ours" is the
peer's time by ours in the same round; the median over the rounds is the figure of a seed, the
median over the seeds that of the row. Our index is built before, and peers have their tables made
before; "with building" counts our building in every round. Seconds of one thread are those of the
processor. Memory is the peak that a process of its own adds to interpreter, libraries, polygons and
points. A peer that is missing or fails is named.

``--here`` runs all in this process: quick, for small sizes, and nothing is said of memory.
``--write`` puts the tables into ``docs/assign.md``.
"""

import contextlib
import importlib
import io
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import assign_peers
from benchmarks import assign_runs as runs
from benchmarks import assign_tables as tables
from benchmarks.alone import Outcome, alone
from benchmarks.assign_peers import PEERS
from benchmarks.assign_runs import Instance
from benchmarks.assign_tables import Line
from benchmarks.balance_page import write

PAGE = Path(__file__).parent.parent / "docs" / "assign.md"
PARTS = ("peers", "throughput", "large", "exact", "damage", "memory", "growth", "others")
OTHERS = {  # what is measured elsewhere → module and function that give its lines
    "nearest grid within a tolerance": ("assign_others", "nearest_lines"),
    "streamed from file to file": ("assign_files", "target_lines"),
    "pulled from PostGIS, assigned and written back": ("assign_store", "target_lines"),
    "from Parquet to Parquet on Dask": ("assign_others", "scale_lines"),
}
TARGETS = {
    "shapely intersects_xy, sorted and prepared": 30,
    "SedonaDB, tg (its default)": 70,
    "SedonaDB, geos": 100,
    "geopandas sjoin covered_by": 100,
    "DuckDB spatial join": 200,
    "PostGIS, polygons outer, GiST on points": 150,
}
HEADS = {
    "targets": tables.TARGET_HEADS,
    "peers": tables.PEER_HEADS,
    "points": tables.POINTS_HEADS,
    "grids": tables.GRIDS_HEADS,
    "damage": tables.DAMAGE_HEADS,
}
SHAPELY = next(iter(TARGETS))
DEFAULT = (1_000_000, 3000)  # points, grids
ROUNDS = 2
DAMAGED = 0.02  # share of the grids


class Bench:
    """One call of the benchmark: sizes, where processes run, and what was found so far."""

    def __init__(self, n_points, n_grids, seeds, here):
        self.n_points, self.n_grids = n_points, n_grids
        self.even = [Instance(n_points, n_grids, seed) for seed in range(1, seeds + 1)]
        self.clustered = [
            Instance(n_points, n_grids, 10 + seed, clustered=True) for seed in range(1, seeds)
        ] or [Instance(n_points, n_grids, 11, clustered=True)]
        self.ordered = [replace(instance, ordered=True) for instance in self.even[:2]]
        self.run = _here if here else _alone
        self.here = here
        self.today = f"{datetime.now(UTC):%Y-%m-%d}"
        self.lines, self.raw = [], {}
        self.rows = {name: [] for name in HEADS}

    def measured(self, function, *arguments):
        """What a function of ``assign_runs`` gives; its failing ends the benchmark."""
        outcome = self.run(function, *arguments)
        if outcome.error:
            raise RuntimeError(f"{function}{arguments}: {outcome.error}")
        return outcome.answer

    def part_peers(self):
        """Every peer in turn with ours."""
        instances = [*self.even, *self.clustered, *self.ordered]
        border = min(300_000, max(self.n_points // 3, 300))
        found = self.raw.setdefault("peers", {})
        with _postgis() as server:
            for name, (_, threads) in PEERS.items():
                added = self.run("added_mb", name, self.even[0], server)
                added_mb = np.nan if self.here or added.error else added.answer
                for n in threads:
                    asked = border if n == threads[0] else 0  # the answer is the same on two
                    ran = self.run("raced", name, n, instances, ROUNDS, asked, server)
                    found[f"{name}, {n}"] = ran.error or ran.answer
                    self._peer(name, n, ran, added_mb)
        if not self.here:
            own_mb = self.measured("our_added_mb", self.even[0])
            what = f"memory that building and locating add, {tables.instance_words(self.even[0])}"
            self.lines.append(Line(what, (own_mb,), unit="MB"))

    def _peer(self, name, threads, ran, added_mb):
        first = 0
        for own in (self.even, self.clustered, self.ordered):
            said = tables.instance_words(own[0])
            what = f"{name} / ours, {said}"
            target = None if own is self.ordered else TARGETS[name]
            if ran.error:
                failed = f"not measured: {ran.error}"
                self.rows["peers"].append((said, name, str(threads), failed, *[""] * 5, self.today))
                if threads == 1:
                    self.lines.append(Line(what, (), target, note=failed))
                continue
            answers = ran.answer[first : first + len(own)]
            first += len(own)
            row = (own[0], name, threads, answers, added_mb, self.today)
            self.rows["peers"].append(tables.peer_cells(*row))
            if threads == 1:
                ratios = tuple(tables.ratio(run) for run in answers)
                self.lines.append(Line(what, ratios, target))

    def part_throughput(self):
        """Points a second, and what is left of reading and writing alone."""
        for own in (self.even, self.clustered[:1]):
            larger = [_sized(instance, 10, 1) for instance in own]
            found = [self.measured("throughput", instance) for instance in larger]
            said = tables.instance_words(larger[0])
            self.raw[f"throughput, {said}"] = found
            of = {what: np.array([run[what] for run in found]) for what in found[0]}
            one, two, stream = of["1 thread"], of["2 threads"], of["stream"]
            rate = "million points/s"
            self.lines += [
                Line(f"one thread, {said}", tuple(one), 65, rate),
                Line(f"two threads, {said}", tuple(two), 120, rate),
                Line(f"two threads by one, {said}", tuple(two / one), 1.8),
                Line(f"share of reading and writing alone, {said}", tuple(100 * one / stream), 10,
                     "%", note=f"{tables.spread(tuple(stream))} {rate}; a stretch"),
            ]  # fmt: skip

    def part_large(self):
        """Ten times the grids."""
        for own in (self.even, self.clustered[:1]):
            larger = [_sized(instance, 1, 10) for instance in own]
            said = tables.instance_words(larger[0])
            raced = self.measured("raced", SHAPELY, 1, larger, ROUNDS, 0, None)
            rates = [self.measured("throughput", _sized(instance, 10, 1)) for instance in larger]
            costs = [self.measured("grown", instance) for instance in larger]
            self.raw[f"large, {said}"] = [raced, rates, costs]
            of = {what: tuple(float(cost[what]) for cost in costs) for what in costs[0]}
            many, rate = tables.instance_words(_sized(larger[0], 10, 1)), "million points/s"
            self.lines += [
                Line(f"{SHAPELY} / ours, {said}", tuple(tables.ratio(run) for run in raced), 60),
                Line(f"one thread, {many}", tuple(run["1 thread"] for run in rates), None, rate),
                Line(f"two threads, {many}", tuple(run["2 threads"] for run in rates), None, rate),
                Line(f"index, {said}", of["index_mb"], 265, "MB", most=True),
                Line(f"building, {said}", of["build_s"], None, "s"),
            ]
            if not self.here:
                peak = f"memory that building adds at its peak, {said}"
                self.lines.append(Line(peak, of["peak_mb"], 600, "MB", most=True))

    def part_exact(self):
        """Hard points that GEOS gives another grid."""
        for own in (self.even, self.clustered[:1]):
            found = [self.measured("disagreement", instance) for instance in own]
            said = tables.instance_words(own[0]).partition(" points, ")[2]
            self.raw[f"exact, {said}"] = found
            wrong = tuple(float(wrong) for wrong, _ in found)
            what = f"points given another grid than GEOS gives, {said}"
            note = f"of {sum(n for _, n in found):,}, on one thread and on two"
            self.lines.append(Line(what, wrong, 0, "", most=True, exact=True, note=note))

    def part_damage(self):
        """Partitions with faults: as fast, and as exact."""
        border = min(100_000, max(self.n_points // 10, 300))
        for own in (self.even[0], self.clustered[0]):
            found = self.measured("damages", own, DAMAGED, border)
            said = f"{100 * DAMAGED:.0f} % of {tables.instance_words(own).partition(', ')[2]}"
            self.raw[f"damage, {said}"] = found
            for run in found:
                figures = (tables.plain(run["rate"]), tables.plain(run["of_clean"]))
                wrong = f"{run['wrong']:,} of {run['border']:,}"
                self.rows["damage"].append((f"{run['way']}, {said}", *figures, wrong, self.today))
            ways = f"{len(found)} ways of damage to {said}"
            wrong = tuple(float(run["wrong"]) for run in found)
            slowed = tuple(run["of_clean"] for run in found)
            note = f"of {sum(run['border'] for run in found):,} on borders"
            self.lines += [
                Line(f"points given another grid than GEOS gives, {ways}", wrong, 0, "", most=True,
                     exact=True, note=note),
                Line(f"speed by that of clean grids, {ways}", slowed, 0.8, exact=True),
            ]  # fmt: skip

    def part_memory(self):
        """Frames in memory, all that must be built in every call."""
        found = [self.measured("in_memory", instance) for instance in self.even]
        said = tables.instance_words(self.even[0])
        self.raw["memory"] = found
        of = {what: tuple(float(run[what]) for run in found) for what in found[0]}
        self.lines += [
            Line(f"assign(), frame to frame, {said}", of["rate"], unit="million points/s"),
            Line(f"geopandas sjoin covered_by / assign(), {said}", of["ratio"]),
        ]
        if not self.here:
            self.lines.append(Line(f"memory that assign() adds, {said}", of["peak_mb"], unit="MB"))

    def part_growth(self):
        """How time and memory grow."""
        first = self.even[0]
        points = [_sized(first, factor, 1) for factor in (0.1, 1, 10)]
        grids = [_sized(first, 1, factor) for factor in (0.1, 1, 10, 100 / 3)]
        costs = {
            "points": [self.measured("grown", instance) for instance in points],
            "grids": [self.measured("grown", instance) for instance in grids],
        }
        self.raw["growth"] = costs
        self.rows["points"] = tables.points_cells(costs["points"], self.today)
        self.rows["grids"] = tables.grids_cells(costs["grids"], self.today)

    def part_others(self):
        """Lines of the other benchmarks."""
        self.lines += others(self.n_points, self.n_grids)

    def tables(self):
        """What was measured so far: name, heads, rows as text."""
        self.rows["targets"] = [line.cells(self.today) for line in self.lines]
        return [(name, HEADS[name], rows) for name, rows in self.rows.items() if rows]


def others(n_points, n_grids):
    """What other modules of this folder say of assign; who is missing or fails is named."""
    found = []
    for what, (name, function) in OTHERS.items():
        try:
            module = importlib.import_module(f"benchmarks.{name}")
            with contextlib.redirect_stdout(io.StringIO()):
                found += getattr(module, function)(n_points, n_grids)
        except Exception as error:
            found.append(Line(what, (), note=f"benchmarks.{name}: {error}"))
    return found


def _sized(instance, points, grids):
    n_points, n_grids = round(instance.n_points * points), round(instance.n_grids * grids)
    return replace(instance, n_points=max(n_points, 1), n_grids=max(n_grids, 1))


def _alone(function, *arguments):
    return alone("benchmarks.assign_runs", function, *arguments)


def _here(function, *arguments):
    try:
        return Outcome(getattr(runs, function)(lambda _: None, *arguments), np.nan)
    except Exception as error:
        return Outcome(None, np.nan, error=f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def _postgis():
    """The address of a private PostGIS; None where none starts: its rows will say so."""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(assign_peers.private_postgis())
        except Exception as error:
            print(f"No private PostGIS: {error}")
            server = None
        yield server


def main(*asked):
    """Print the tables; give all that was measured."""
    wishes = dict(str(wish)[2:].partition("=")[::2] for wish in asked if str(wish)[:2] == "--")
    sizes = [int(size) for size in asked if str(size)[:2] != "--"]
    parts = wishes.get("only", ",".join(PARTS)).split(",")
    unknown = [part for part in parts if part not in PARTS]
    unknown += [f"--{wish}" for wish in wishes if wish not in ("only", "seeds", "here", "write")]
    if unknown:
        sys.exit(f"There is no part or wish {unknown[0]!r}; parts are {', '.join(PARTS)}.")
    n_points, n_grids = (*sizes, *DEFAULT[len(sizes) :])
    bench = Bench(n_points, n_grids, int(wishes.get("seeds", 3)), "here" in wishes)
    console = Console(width=200)
    print(f"assign: {n_points:,} points, {n_grids:,} grids of about 70 vertices")
    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("parts", total=len(parts))
        for part in parts:
            progress.update(bar, description=part)
            getattr(bench, f"part_{part}")()
            progress.advance(bar)
            if "write" in wishes:  # at once: what was measured is kept when a later part fails
                for name, heads, rows in bench.tables():
                    write(PAGE, name, heads, rows)
    for name, heads, rows in bench.tables():
        shown = Table(*heads, title=name)
        for row in rows:
            shown.add_row(*row)
        console.print(shown)
    if (n_points, n_grids) != DEFAULT:
        print("Targets were set for {:,} points and {:,} grids.".format(*DEFAULT))
    short = [line.what for line in bench.lines if line.met() is False]
    missing = [line.what for line in bench.lines if not line.figures]
    for said, names in (("Short", short), ("Not measured", missing)):
        print(f"{said}: {'; '.join(names) or 'nothing'}.")
    return bench.raw


if __name__ == "__main__":
    main(*sys.argv[1:])
