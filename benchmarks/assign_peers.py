"""What else finds the grid of a point, each used as its makers advise.

A peer gets polygons and points and makes ready what its users would make ready once: tables of its
own kind and, in PostGIS, the index on points. Then it can be asked any number of times. An answer
is pairs of point and polygon; which of several polygons is first is worked out afterwards and costs
the peer nothing. Peers are imported when they are asked for.
"""

import os
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np
import shapely


class Ready(NamedTuple):
    """A peer that waits for its question.

    Parameters
    ----------
    ask : callable
        Gives pairs: positions of points, positions of polygons.
    seconds : callable
        A clock that goes while the peer works: that of the processor where one thread is asked.
    memory_mb : callable or None
        Greatest memory of the peer's own process; None if it works in ours.
    """

    ask: object
    seconds: object
    memory_mb: object = None


def first_of(pairs, n):
    """Of each of n points the lowest polygon, −1 for none."""
    point, polygon = pairs
    answer = np.full(n, np.iinfo(np.int32).max, np.int32)
    np.minimum.at(answer, point, polygon)
    return np.where(answer == np.iinfo(np.int32).max, -1, answer)


@contextmanager
def intersects_xy(polygons, x, y, threads, _server):
    """Best bulk way of GEOS: candidates by box from sorted points, then prepared polygons."""

    def ask():
        points, owners = [], []
        order = np.argsort(x)
        xs, ys = x[order], y[order]
        west, south, east, north = shapely.bounds(polygons).T
        first, last = np.searchsorted(xs, west, "left"), np.searchsorted(xs, east, "right")
        shapely.prepare(polygons)
        for k in range(len(polygons)):
            strip = ys[first[k] : last[k]]
            place = first[k] + np.flatnonzero((strip >= south[k]) & (strip <= north[k]))
            met = order[place[shapely.intersects_xy(polygons[k], xs[place], ys[place])]]
            points.append(met)
            owners.append(np.full(len(met), k, np.int32))
        shapely.destroy_prepared(polygons)
        return np.concatenate(points), np.concatenate(owners)

    yield Ready(ask, _clock(threads))


@contextmanager
def sjoin(polygons, x, y, threads, _server):
    """The way of geopandas, frames made before."""
    import geopandas as gpd

    grids = gpd.GeoSeries(polygons, crs="EPSG:4549").to_frame("geometry")
    points = gpd.GeoSeries.from_xy(x, y, crs="EPSG:4549").to_frame("geometry")

    def ask():
        joined = points.sjoin(grids, predicate="covered_by")
        return joined.index.to_numpy(), joined["index_right"].to_numpy()

    yield Ready(ask, _clock(threads))


@contextmanager
def sedonadb(polygons, x, y, threads, _server, library="tg"):
    """SedonaDB on tables in memory; its default library is tg, the other one GEOS."""
    import pyarrow as pa
    import sedonadb

    engine = sedonadb.connect()
    for setting in (
        f"datafusion.execution.target_partitions = {threads}",
        f"sedona.spatial_join.spatial_library = '{library}'",
    ):
        engine.sql(f"SET {setting}").execute()
    for name, table in _arrow(polygons, x, y).items():
        engine.create_data_frame(table).to_view(f"{name}_raw")
    for name, columns in (("points", "i, ST_Point(x, y) AS p"),
                          ("grids", "k, ST_GeomFromWKB(wkb) AS g")):  # fmt: skip
        engine.sql(f"SELECT {columns} FROM {name}_raw").to_memtable().to_view(name)
    order = "SELECT i, k FROM points JOIN grids ON ST_Covers(g, p)"

    def ask():
        found = pa.RecordBatchReader.from_stream(engine.sql(order)).read_all()
        return found["i"].to_numpy(), found["k"].to_numpy()

    yield Ready(ask, _clock(threads))


@contextmanager
def duckdb(polygons, x, y, threads, _server):
    """DuckDB's spatial join on tables in memory."""
    import duckdb
    import duckdb_extension_spatial

    extension = next(Path(duckdb_extension_spatial.__file__).parent.rglob("*.duckdb_extension"))
    engine = duckdb.connect(config={"threads": threads})
    engine.execute(f"LOAD '{extension}'")
    for name, table in _arrow(polygons, x, y).items():
        engine.register(f"{name}_raw", table)
    engine.execute("CREATE TABLE points AS SELECT i, ST_Point(x, y) AS p FROM points_raw")
    engine.execute("CREATE TABLE grids AS SELECT k, ST_GeomFromWKB(wkb) AS g FROM grids_raw")
    order = "SELECT i, k FROM points JOIN grids ON ST_Intersects(p, g)"
    plan = engine.execute(f"EXPLAIN {order}").fetchall()[0][1]
    if "SPATIAL_JOIN" not in plan:
        raise RuntimeError("DuckDB does not plan a SPATIAL_JOIN")

    def ask():
        found = engine.execute(order).fetchnumpy()
        return found["i"], found["k"]

    with engine:
        yield Ready(ask, _clock(threads))


@contextmanager
def postgis(polygons, x, y, threads, server):
    """Each polygon asks a GiST on points."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as engine:
        for table in ("raw", "points", "grids"):
            engine.execute(f"DROP TABLE IF EXISTS {table}")
        engine.execute("CREATE UNLOGGED TABLE raw (i int, x float8, y float8)")
        with engine.cursor().copy("COPY raw FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(_binary_rows(i=np.arange(len(x), dtype=">i4"), x=x, y=y))
        engine.execute("CREATE UNLOGGED TABLE points AS SELECT i, ST_MakePoint(x, y) AS p FROM raw")
        engine.execute("CREATE INDEX at ON points USING gist (p)")
        engine.execute("CREATE UNLOGGED TABLE grids (k int, g geometry)")
        rows = enumerate(shapely.to_wkb(polygons))
        engine.cursor().executemany("INSERT INTO grids VALUES (%s, ST_GeomFromWKB(%s))", rows)
        for order in (
            *("VACUUM ANALYZE points", "VACUUM ANALYZE grids"),
            *("SET enable_hashjoin = off", "SET enable_mergejoin = off", "SET jit = off"),
            *("SET parallel_setup_cost = 0", "SET parallel_tuple_cost = 0"),
            "SET min_parallel_table_scan_size = 0",
            f"SET max_parallel_workers_per_gather = {threads - 1}",
        ):
            engine.execute(order)
        question = "SELECT i, k FROM grids JOIN points ON ST_Covers(g, p)"
        plan = "\n".join(line for (line,) in engine.execute(f"EXPLAIN {question}").fetchall())
        if "on grids" not in plan.partition("Index Scan using at")[0] or threads > 1 > plan.count(
            "Gather"
        ):
            raise RuntimeError("PostGIS does not ask the index on points polygon by polygon")

        def ask():
            said = bytearray()
            with engine.cursor().copy(f"COPY ({question}) TO STDOUT (FORMAT BINARY)") as copy:
                for some in copy:
                    said += some
            kind, head, tail = _binary_type(i=">i4", k=">i4"), 19, 2
            count = (len(said) - head - tail) // kind.itemsize
            rows = np.frombuffer(said, kind, count, head)
            return rows["i"].astype(np.int32), rows["k"].astype(np.int32)

        process = engine.info.backend_pid
        clock = perf_counter if threads > 1 else lambda: _processor_seconds(process)
        yield Ready(ask, clock, lambda: _peak_mb(process))


@contextmanager
def private_postgis():
    """A server of its own with an empty database; gives its address."""
    import tempfile

    from gridgeo.store.local import LocalCluster

    with tempfile.TemporaryDirectory(prefix="gg-", dir="/tmp", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        cluster = LocalCluster(Path(home))
        try:
            cluster.up()
            cluster.ensure_database("gridgeo_assign")
            yield cluster.url("gridgeo_assign", "admin").replace("+psycopg", "")
        finally:
            cluster.destroy()


def _clock(threads):
    return perf_counter if threads > 1 else process_time


def _arrow(polygons, x, y):
    import pyarrow as pa

    return {
        "points": pa.table({"i": np.arange(len(x), dtype=np.int32), "x": x, "y": y}),
        "grids": pa.table(
            {
                "k": np.arange(len(polygons), dtype=np.int32),
                "wkb": pa.array(shapely.to_wkb(polygons), pa.binary()),
            }
        ),
    }


def _binary_type(**columns):
    """A row of PostgreSQL's binary COPY: how many fields, then the length of each and itself."""
    fields = [("fields", ">i2")]
    for name, kind in columns.items():
        fields += [(f"length of {name}", ">i4"), (name, kind)]
    return np.dtype(fields)


def _binary_rows(**columns):
    kinds = {name: values.dtype.newbyteorder(">") for name, values in columns.items()}
    rows = np.empty(len(columns["i"]), _binary_type(**kinds))
    rows["fields"] = len(columns)
    for name, values in columns.items():
        rows[f"length of {name}"], rows[name] = values.dtype.itemsize, values
    return b"PGCOPY\n\xff\r\n\x00" + bytes(8) + rows.tobytes() + b"\xff\xff"


def _processor_seconds(process):
    told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(process):
    told = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in told if line.startswith("VmHWM"))


def _sedonadb_geos(*instance):
    return sedonadb(*instance, library="geos")


# Names → (what makes it ready, threads it can be told to use).
PEERS = {
    "shapely intersects_xy, sorted and prepared": (intersects_xy, (1,)),
    "SedonaDB, tg (its default)": (sedonadb, (1, 2)),
    "SedonaDB, geos": (_sedonadb_geos, (1, 2)),
    "geopandas sjoin covered_by": (sjoin, (1,)),
    "DuckDB spatial join": (duckdb, (1, 2)),
    "PostGIS, polygons outer, GiST on points": (postgis, (1, 2)),
}
