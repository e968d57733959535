"""Files into the database: rows a second and memory, beside geopandas' own way in.

    python -m benchmarks.imports [most rows]

Each run is a program of its own on a fresh database of a private PostGIS; its memory is the peak
of the program, not of the server. ``gridgeo import`` judges every cell, refuses faulty rows,
remembers keys, keeps a register and can be repeated; ``read_file`` or ``read_parquet`` with
``to_postgis`` does none of that, reads the file whole and makes one index.
"""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import shapely
from rich.console import Console
from rich.table import Table

from gridgeo.services.imports import Asked, import_file
from gridgeo.store import arrivals
from gridgeo.store.connection import engine
from gridgeo.store.local import LocalCluster
from gridgeo.store.migrate import migrate
from gridgeo.store.staging import Staging
from gridgeo.store.store import Store

SIZES = (100_000, 1_000_000, 10_000_000)
PEER_MOST = 1_000_000  # beyond, the peer holds everything in memory at once
FORMATS = ("parquet", "csv")
PIECE = 500_000
WEST, SOUTH = 120.0, 31.9


def write(path, rows, seed=1):
    """Write a file of households, piece by piece; one in a thousand is faulty."""
    rng = np.random.default_rng(seed)
    writer = None
    for start in range(0, rows, PIECE):
        n = min(PIECE, rows - start)
        lon, lat = WEST + rng.random(n) / 2, SOUTH + rng.random(n) / 4
        bands = rng.choice(["1", "2", "3-4", "5+"], n).astype(object)
        bands[rng.random(n) < 0.001] = "many"
        columns = {
            "household_id": [f"H{number:010d}" for number in range(start, start + n)],
            "size_band": bands,
            "lived_in": rng.random(n) < 0.9,
            "grid_code": [f"3212821010{code:04d}" for code in rng.integers(0, 750, n)],
        }
        if path.suffix == ".csv":
            piece = pa.table({**columns, "lon": lon, "lat": lat})
            writer = writer or pacsv.CSVWriter(path, piece.schema)
        else:
            columns["geometry"] = pa.array(shapely.to_wkb(shapely.points(lon, lat)), pa.binary())
            piece = pa.table(columns).replace_schema_metadata({"geo": json.dumps(GEO)})
            writer = writer or pq.ParquetWriter(path, piece.schema)
        writer.write_table(piece)
    writer.close()


GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}


def ours(url, path):
    """Take a file in as the command does; seconds of the whole and of the COPY steps."""
    store, copying = Store(engine(url, pooled=False)), [0.0]
    whole = Staging.add

    def timed(self, rows):
        began = time.perf_counter()
        whole(self, rows)
        copying[0] += time.perf_counter() - began

    arrivals.Staging.add = timed
    began = time.perf_counter()
    done = import_file(store, Asked("households", path, {}), now=datetime.now(UTC), who="benchmark")
    return {
        "seconds": time.perf_counter() - began,
        "copy_s": copying[0],
        "rows": done.result.inserted,
        "refused": done.result.rejected,
    }


def theirs(url, path):
    """Read whole, and write with ``to_postgis``."""
    began = time.perf_counter()
    if path.suffix == ".csv":
        table = pd.read_csv(path, dtype={"household_id": "str", "grid_code": "str"})
        at = gpd.points_from_xy(table.pop("lon"), table.pop("lat"), crs=4326)
        frame = gpd.GeoDataFrame(table, geometry=at)
    else:
        frame = gpd.read_parquet(path)
    frame.to_crs(4490).to_postgis("peer", engine(url, pooled=False), schema="gridgeo")
    return {"seconds": time.perf_counter() - began, "copy_s": None, "rows": len(frame)}


def alone(way, url, path):
    """Run one way in a program of its own, and add the peak of its memory."""
    program = [sys.executable, "-m", "benchmarks.imports", way, url, str(path)]
    said = subprocess.run(program, stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads(said)


def main(most=SIZES[-1]):
    """Print the table."""
    home = Path(tempfile.mkdtemp(prefix="gg-", dir="/tmp"))
    home.chmod(0o755)
    cluster = LocalCluster(home)
    cluster.up()
    table = Table(title="imports: households into PostGIS")
    names = ("file", "rows", "way", "s", "rows/s", "rows/s of COPY", "peak MB", "refused")
    for name in names:
        table.add_column(name, justify="left" if name in ("file", "way") else "right")
    runs = []
    try:
        for rows in (size for size in SIZES if size <= most):
            for suffix in FORMATS:
                path = home / f"households.{suffix}"
                write(path, rows)
                for way in ("ours", "theirs"):
                    if way == "theirs" and rows > PEER_MOST:
                        continue
                    name = f"gridgeo_{way}_{suffix}_{rows}"
                    url = cluster.ensure_database(name)
                    migrate(engine(url, pooled=False))
                    run = {"file": suffix, "size": rows, "way": way} | alone(way, url, path)
                    runs.append(run)
                    table.add_row(*_cells(run))
                path.unlink()
    finally:
        cluster.destroy()
        shutil.rmtree(home, ignore_errors=True)
    Console(width=110).print(table)
    return runs


def _cells(run):
    copied = run["rows"] / run["copy_s"] if run["copy_s"] else None
    return (
        run["file"],
        f"{run['size']:,}",
        {"ours": "gridgeo import", "theirs": "geopandas, to_postgis"}[run["way"]],
        f"{run['seconds']:,.1f}",
        f"{run['size'] / run['seconds']:,.0f}",
        f"{copied:,.0f}" if copied else "–",
        f"{run['peak_mb']:,.0f}",
        f"{run['refused']:,}" if "refused" in run else "–",
    )


if __name__ == "__main__":
    if sys.argv[1:2] in (["ours"], ["theirs"]):
        answer = {"ours": ours, "theirs": theirs}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
        answer["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(answer))
    else:
        main(*(int(argument) for argument in sys.argv[1:]))
