"""Incidents in PostGIS get their grids: pulled, assigned, copied back; beside SQL alone.

    python -m benchmarks assign_store [incidents] [grids] [incidents of the peer]

A private cluster as `gridgeo up` starts one. ``pull``, ``assign`` and ``back`` are taken one by
one; ``whole`` is ``assign_incidents`` on answers that are empty, and what follows are its next
runs. The peer is one ``UPDATE … FROM grids WHERE ST_Covers``, polygons outer, with GiST on the
points; of two grids that share a border it takes any.
"""

import resource
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.assign_tables import Line
from benchmarks.partitions import partition
from gridgeo.analysis.in_time import GridsInTime
from gridgeo.analysis.locate import warm_locate
from gridgeo.model.answered import Where
from gridgeo.model.frames import GRIDS
from gridgeo.model.records import FeedIn, Part
from gridgeo.services.assigned import CHUNK_ROWS, answer_table, assign_incidents
from gridgeo.store.connection import engine, transaction
from gridgeo.store.local import LocalCluster
from gridgeo.store.migrate import migrate
from gridgeo.store.store import Store

ZONE = "Asia/Shanghai"
NOW = pd.Timestamp("2026-07-01", tz="UTC").to_pydatetime()


@contextmanager
def fresh_store():
    """A migrated store of its own, and the engine of its superuser."""
    with tempfile.TemporaryDirectory(prefix="gg-", dir="/tmp", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        cluster = LocalCluster(Path(home))
        try:
            cluster.up()
            owner = engine(cluster.ensure_database("gridgeo_bench"))
            migrate(owner)
            yield Store(owner)
            owner.dispose()
        finally:
            cluster.destroy()


def fill(store, incidents, grids):
    """Grids of a city of about 1° and incidents all over it; gives how many grids there are."""
    cells = partition(grids, 0, size=1.0)
    cells = shapely.transform(cells, lambda xy: np.add(xy, (120.0, 32.0)))
    codes = pd.Index([f"3212824010{n:05d}" for n in range(len(cells))], name="grid_code")
    frame = gpd.GeoDataFrame({"name": "x"}, geometry=list(cells), index=codes, crs=4490)
    none = pd.DataFrame({"row": [], "field": [], "code": []})
    store.take_in(GRIDS, [Part(frame, none, len(frame))], FeedIn("bench", "0", NOW, "bench"))
    with transaction(store.engine) as connection:
        connection.execute(text("SELECT setseed(0)"))
        connection.execute(
            text(
                "INSERT INTO gridgeo.incidents (incident_id, class_code, reported_at, geometry)"
                " SELECT 'SJ2026' || lpad(n::text, 8, '0'), '0101',"
                " timestamptz '2026-01-01' + n * interval '10 seconds',"
                " ST_SetSRID(ST_MakePoint(120 + random(), 32 + random()), 4490)"
                " FROM generate_series(1, :rows) n"
            ),
            {"rows": incidents},
        )
    vacuumed(store, "gridgeo.incidents")
    return len(cells)


def vacuumed(store, table):
    """Leave a table as it stands a day after its import."""
    with store.engine.connect() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.execute(text(f"VACUUM ANALYZE {table}"))


def forget(store):
    """Take all answers away."""
    with transaction(store.engine) as connection:
        connection.execute(text("TRUNCATE gridgeo.incident_grids"))
        connection.execute(text("DELETE FROM gridgeo.incident_grid_bases"))


def by_part(store):
    """Seconds of pull, assign and back, each alone."""
    seconds = {}
    began = time.perf_counter()
    chunks = list(store.incidents_in(ZONE, Where(), CHUNK_ROWS))
    seconds["pull"] = time.perf_counter() - began
    with store.answering(ZONE) as run:
        basis, _ = run.begin(None)
        began = time.perf_counter()
        grids = GridsInTime(basis.versions)
        answers = [answer_table(grids, grids.at(c.x, c.y, c.day)) for c in chunks]
        seconds["assign"] = time.perf_counter() - began
        began = time.perf_counter()
        for chunk, answer in zip(chunks, answers, strict=True):
            run.write(chunk, answer)
        seconds["back"] = time.perf_counter() - began
    return seconds


def moved_border(store):
    """Let a grid grow by 200 m; seconds of the next run, and what it did."""
    with transaction(store.engine) as connection:
        connection.execute(
            text(
                "UPDATE gridgeo.grids SET geometry = ST_Buffer(geometry, 0.002)"
                " WHERE grid_code = '321282401000007'"
            )
        )
    return timed(store)


def timed(store):
    """Seconds of a run, and what it did."""
    began = time.perf_counter()
    done = assign_incidents(store, zone=ZONE)
    return time.perf_counter() - began, done


def by_sql_alone(store, rows):
    """Seconds of the peer for so many incidents."""
    with transaction(store.engine) as connection:
        connection.execute(
            text(
                "CREATE TABLE gridgeo.peer AS SELECT incident_id, geometry,"
                " CAST(NULL AS text) AS grid_code FROM gridgeo.incidents LIMIT :rows"
            ),
            {"rows": rows},
        )
        connection.execute(text("ALTER TABLE gridgeo.peer ADD PRIMARY KEY (incident_id)"))
        connection.execute(text("CREATE INDEX ON gridgeo.peer USING gist (geometry)"))
    vacuumed(store, "gridgeo.peer")
    began = time.perf_counter()
    with transaction(store.engine) as connection:
        connection.execute(
            text(
                "UPDATE gridgeo.peer p SET grid_code = g.grid_code FROM gridgeo.grids g"
                " WHERE ST_Covers(g.geometry, p.geometry)"
            )
        )
    return time.perf_counter() - began


def disagreements(store):
    """How many incidents of the peer have another grid there, none on a border."""
    with transaction(store.engine) as connection:
        return connection.scalar(
            text(
                "SELECT count(*) FROM gridgeo.peer p JOIN gridgeo.incident_grids a USING"
                " (incident_id) WHERE a.grid_code IS DISTINCT FROM p.grid_code"
            )
        )


def measured(incidents, grids, peer):
    """Seconds of everything, and what was found on the way."""
    warm_locate()
    with fresh_store() as store:
        found = {"grids": fill(store, incidents, grids), "peer": min(peer, incidents)}
        found |= by_part(store)
        forget(store)
        found["whole"], _ = timed(store)
        found["sql"] = by_sql_alone(store, found["peer"])
        found["disagreements"] = disagreements(store)
        found["again"], _ = timed(store)
        found["border"], done = moved_border(store)
    found["looked_at"] = done.looked_at
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found["times_sql"] = (incidents / found["whole"]) / (found["peer"] / found["sql"])
    return found


def target_lines(n_points, n_grids):
    """Rows of the table of targets of `python -m benchmarks assign`."""
    found = measured(n_points, n_grids, 100_000)
    what = f"PostGIS: pulled, assigned and copied back, {n_points:,} incidents"
    return [
        Line(what, (n_points / found["whole"],), 200_000, "rows/s"),
        Line("the same beside SQL alone, ST_Covers", (found["times_sql"],)),
        Line("its disagreements", (found["disagreements"],), 0, "", most=True, exact=True),
    ]


def main(incidents=1_000_000, grids=3_000, peer=200_000):
    """Print rows a second of each part, the whole, its next runs and the peer."""
    found = measured(incidents, grids, peer)
    title = f"{incidents:,} incidents, {found['grids']:,} grids, PostGIS"
    table = Table("what", "rows/s", "seconds", title=title)
    for name in ("pull", "assign", "back", "whole"):
        table.add_row(name, f"{incidents / found[name]:,.0f}", f"{found[name]:.2f}")
    table.add_row("again, nothing changed", "", f"{found['again']:.2f}")
    looked = f"{found['looked_at']:,} looked at"
    table.add_row(f"again, a border moved: {looked}", "", f"{found['border']:.2f}")
    rows, seconds = found["peer"], found["sql"]
    table.add_row(f"SQL alone, {rows:,} incidents", f"{rows / seconds:,.0f}", f"{seconds:.2f}")
    console = Console(width=110)
    console.print(table)
    console.print(
        f"The whole is {found['times_sql']:,.1f} times as fast as SQL alone; "
        f"{found['disagreements']:,} disagreements; {found['peak_mb']:,.0f} MB at most.",
        markup=False,
    )
    return found
