"""Points of a data set to grids, Parquet in and out, on the workers of a cluster of this machine.

    python -m benchmarks scale [most points] [grids] [workers] [--write]

Ten times as many points in each row until the most. Seconds are those of the clock, from the call
to the finished folder; of several runs the fastest. Reading and writing alone is the same work with
the answer made up: what is left is what assigning costs. ``--write`` puts the rows into
``docs/scale.md``.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS
from rich.console import Console
from rich.table import Table

from benchmarks.alone import resident_mb
from benchmarks.balance_page import write
from benchmarks.partitions import partition
from gridgeo.analysis.assign_table import Place
from gridgeo.scale.assign import assign_dataset
from gridgeo.scale.cluster import cluster
from gridgeo.scale.parts import PartReader, PartWriter, cut

PAGE = Path(__file__).parent.parent / "docs" / "scale.md"
METRES = CRS.from_epsg(4549)
XY = Place(("x", "y"), METRES)
SIZE = 1000.0
FILE_ROWS, GROUP_ROWS = 10_000_000, 1_000_000


def points_in(folder, n, seed=1):
    """Write n points as files of ten million rows: a number, x and y."""
    folder.mkdir()
    for first in range(0, n, FILE_ROWS):
        path = folder / f"points-{first // FILE_ROWS:04}.parquet"
        with pq.ParquetWriter(path, _columns(0, 0).schema, use_dictionary=False) as writer:
            for at in range(first, min(first + FILE_ROWS, n), GROUP_ROWS):
                rows = min(GROUP_ROWS, n - at)
                writer.write_table(_columns(at, rows, seed), row_group_size=rows)
    return sorted(folder.iterdir())


def _columns(at, rows, seed=1):
    x, y = np.random.default_rng([seed, at]).random((2, rows)) * SIZE
    return pa.table({"point_id": np.arange(at, at + rows), "x": x, "y": y})


def copied(part, folder):
    """What a worker does but for the answer: read, add three columns, write."""
    with PartReader(part) as reader, PartWriter(Path(folder), part, "", **reader.style) as writer:
        for table in reader.tables(524_288):
            rows = table.num_rows
            code = pa.DictionaryArray.from_arrays(
                pa.array(np.arange(rows) % 3000, pa.int32()), NAMES
            )
            how = pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(rows, np.int8)), pa.array(["in"])
            )
            table = table.append_column("grid_code", code).append_column("how", how)
            writer.write(table.append_column("distance_m", pa.array(np.zeros(rows))))
        writer.finish({})


NAMES = pa.array([f"{321282000000 + k}" for k in range(3000)])


def seconds_of(call, times):
    """Least seconds of several calls."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return min(taken)


def measure(engine, files, grids, folder, times):
    """Seconds of assigning and of reading and writing alone; bytes in and out."""
    out = folder / "out"

    def assign():
        shutil.rmtree(out, ignore_errors=True)
        return assign_dataset(engine, files, XY, grids, out)

    def copy():
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        engine.gather([engine.submit(copied, part, str(out), pure=False) for part in cut(files)])

    assign_s = seconds_of(assign, times)
    written = sum(path.stat().st_size for path in out.iterdir())
    peak_mb = max(engine.run(resident_mb, "VmHWM").values())
    return assign_s, seconds_of(copy, times), written, peak_mb


def main(*wishes):
    """Print the table, and put it into the page when that is wished."""
    sizes = [wish for wish in wishes if isinstance(wish, int)]
    most, n_grids, workers = [*sizes, *(10_000_000, 3000, os.cpu_count())[len(sizes) :]]
    shapes = partition(n_grids, 1, size=SIZE)
    index = [f"{321282000000 + k}" for k in range(len(shapes))]
    grids = gpd.GeoDataFrame(geometry=shapes, index=index, crs=METRES).rename_axis("grid_code")
    rows = []
    with tempfile.TemporaryDirectory(prefix="gg-") as name:
        n = min(most, 1_000_000)
        while n <= most:
            folder = Path(name, str(n))
            folder.mkdir()
            files = points_in(folder / "in", n)
            size = sum(path.stat().st_size for path in files)
            for some in sorted({1, workers}):
                with cluster(workers=some) as engine:
                    times = 3 if n <= 10_000_000 else 1
                    began = time.perf_counter()
                    measure(engine, files[:1], grids, folder, 1)  # libraries loaded, files cached
                    started_s = time.perf_counter() - began
                    assign_s, copy_s, written, peak_mb = measure(
                        engine, files, grids, folder, times
                    )
                rows.append(
                    {
                        "points": n,
                        "workers": some,
                        "seconds": assign_s,
                        "million points/s": n / assign_s / 1e6,
                        "reading and writing alone, s": copy_s,
                        "MB read": size / 1e6,
                        "MB written": written / 1e6,
                        "peak MB of a worker": peak_mb,
                        "first file cold, s": started_s,
                    }
                )
            shutil.rmtree(folder)
            n *= 10
    heads = list(rows[0])
    cells = [[f"{v:,.0f}" if v >= 100 else f"{v:.3g}" for v in row.values()] for row in rows]
    table = Table(*heads, title=f"scale: {len(shapes):,} grids of about 70 vertices")
    for row in cells:
        table.add_row(*row)
    Console(width=150).print(table)
    if "--write" in wishes:
        write(PAGE, "growth", heads, cells)
    return rows
