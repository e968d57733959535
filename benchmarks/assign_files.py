"""Points of a file to grids by the command line: from Parquet to Parquet, from CSV to CSV.

    python -m benchmarks assign_files [points] [grids]

Seconds are those of the clock, from the command to its end, with what starting Python takes; memory
is the greatest of its process. Grids and points are in degrees (EPSG:4490), points as WKB or as
columns lon and lat.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import shapely
from pyproj import CRS
from rich.console import Console
from rich.table import Table

from benchmarks.assign_tables import Line
from benchmarks.partitions import partition

_AT_ONCE = 1_000_000  # rows written at a time, and rows of a group
_CORNER, _SIDE = np.array([120.0, 32.0]), 0.2
_PROGRAM = "from gridgeo.cli import main; main()"


def grids_in(path, n_grids):
    """Write a partition with codes as GeoParquet."""
    shapes = shapely.transform(partition(n_grids, 1, size=_SIDE), lambda at: at + _CORNER)
    codes = pd.Index([f"{321282000000000 + k}" for k in range(len(shapes))], name="grid_code")
    frame = gpd.GeoDataFrame({"name": codes}, geometry=list(shapes), index=codes, crs=4490)
    frame.reset_index().to_parquet(path)


def points_in(path, n):
    """Write n points as Parquet or CSV, by the extension; gives its MB."""
    tables = (_points(at, min(_AT_ONCE, n - at), path.suffix) for at in range(0, n, _AT_ONCE))
    first = next(tables)
    with (
        pq.ParquetWriter(path, first.schema, use_dictionary=False)
        if path.suffix == ".parquet"
        else pyarrow.csv.CSVWriter(path, first.schema)
    ) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)
    return path.stat().st_size / 1e6


def _points(at, rows, suffix):
    lon, lat = np.random.default_rng([1, at]).random((2, rows)) * _SIDE + _CORNER[:, None]
    number = pa.array(np.arange(at, at + rows))
    if suffix == ".csv":
        return pa.table({"point_id": number, "lon": lon, "lat": lat})
    column = {"encoding": "WKB", "geometry_types": ["Point"]}
    column["crs"] = json.loads(CRS.from_epsg(4490).to_json())
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
    wkb = pa.array(shapely.to_wkb(shapely.points(lon, lat)), pa.binary())
    table = pa.table({"point_id": number, "geometry": wkb})
    return table.replace_schema_metadata({"geo": json.dumps(geo)})


def run(*arguments):
    """Seconds and the greatest MB of a command of ours."""
    began, peak_mb = time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *map(str, arguments)],
            cwd=Path(__file__).parent.parent,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        while child.poll() is None:
            peak_mb = max(peak_mb, _peak_mb(child.pid))
            time.sleep(0.02)
        seconds = time.perf_counter() - began
        said.seek(0)
        words = said.read().decode(errors="replace").strip().splitlines()
    if child.returncode:
        raise RuntimeError(words[-1] if words else f"gridgeo ended with {child.returncode}")
    return seconds, peak_mb


def _peak_mb(pid):
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def measured(n_points, n_grids):
    """Of each way: points, seconds, MB read, greatest MB; a tenth of the points shows the growth.

    CSV has a tenth of them.
    """
    rows = []
    with tempfile.TemporaryDirectory(prefix="gg-") as name:
        folder = Path(name)
        grids_in(folder / "grids.parquet", n_grids)
        for kind, most in (("parquet", n_points), ("csv", max(n_points // 10, 1))):
            for n in sorted({max(most // 10, 1), most}):
                points, out = folder / f"points.{kind}", folder / f"out.{kind}"
                size = points_in(points, n)
                order = ("assign", points, "--grids", folder / "grids.parquet", "-o", out)
                seconds, peak_mb = run(*order)
                rows.append(
                    {"kind": kind, "points": n, "s": seconds, "MB read": size, "peak MB": peak_mb}
                )
                points.unlink()
                out.unlink()
    return rows


def target_lines(n_points, n_grids):
    """Rows of the table of targets of `python -m benchmarks assign`: ten times the points."""
    lines = []
    for row in measured(10 * n_points, n_grids):
        said = f"gridgeo assign, {row['kind']} to {row['kind']}, {row['points']:,} points"
        note = f"{row['points'] / row['s'] / 1e6:.2f} million points/s, {row['MB read']:,.0f} MB"
        lines.append(Line(said, (row["s"],), unit="s", note=f"{note} read"))
        lines.append(Line(f"its greatest memory, {said}", (row["peak MB"],), unit="MB"))
    return lines


def main(n_points=10_000_000, n_grids=3000):
    """Print the table."""
    rows = measured(n_points, n_grids)
    table = Table(*rows[0], title=f"gridgeo assign: {n_grids:,} grids")
    for row in rows:
        table.add_row(*(f"{v:,.4g}" if isinstance(v, float) else f"{v}" for v in row.values()))
    Console(width=110).print(table)
    return rows


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
