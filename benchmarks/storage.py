"""Storage past one server: incidents partitioned by county, half of the counties on another one.

    python -m benchmarks storage [rows per county] [counties] [--write]

Two private clusters stand for two servers; they share this machine's cores and speak by socket, so
figures tell what the way over `postgres_fdw` costs, not what a network or a second machine gives.
``--write`` puts the table into ``docs/scale.md``.
"""

import io
import statistics
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.balance_page import write
from gridgeo.store.local import LocalCluster

PAGE = Path(__file__).parent.parent / "docs" / "scale.md"

DATABASE = "gridgeo_storage"
SIDE = 0.1  # degrees of a county

# What is told to the second server and to our session, each beside what came before.
STEPS = {
    "postgres_fdw as it comes": ({}, {}),
    "extensions 'postgis'": ({"extensions": "postgis"}, {}),
    "fetch_size 50000": ({"fetch_size": "50000"}, {}),
    "batch_size 10000": ({"batch_size": "10000"}, {}),
    "partitionwise aggregate": ({}, {"enable_partitionwise_aggregate": "on"}),
    "async_capable": ({"async_capable": "true"}, {}),
}


@contextmanager
def two_servers():
    """Two private clusters with an empty database of the same name, as superuser."""
    with tempfile.TemporaryDirectory(prefix="gg-", dir="/tmp", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        clusters = [LocalCluster(Path(home), Path(home, name)) for name in ("here", "there")]
        try:
            for cluster in clusters:
                cluster.up()
                cluster.ensure_database(DATABASE)
            addresses = [
                cluster.url(DATABASE, "admin").replace("+psycopg", "") for cluster in clusters
            ]
            here, there = (psycopg.connect(address, autocommit=True) for address in addresses)
            with here, there:
                yield here, there, clusters
        finally:
            for cluster in clusters:
                cluster.destroy()


def set_up(here, there, cluster, counties):
    """Partition by county: the first half of them here, the others there."""
    columns = (
        "county text NOT NULL, incident_id text, reported_at date, geometry geometry(Point, 4490)"
    )
    here.execute(f"CREATE TABLE incidents ({columns}) PARTITION BY LIST (county)")
    here.execute("CREATE EXTENSION postgres_fdw")
    options = f"host '{cluster.socket}', port '5432', dbname '{DATABASE}'"
    here.execute(f"CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({options})")
    here.execute("CREATE USER MAPPING FOR CURRENT_USER SERVER there OPTIONS (user 'postgres')")
    for n in range(counties):
        name = f"incidents_{n}"
        if n < counties // 2:
            here.execute(f"CREATE TABLE {name} PARTITION OF incidents FOR VALUES IN ('{n}')")
        else:
            # The bound is said on both sides: nobody checks what is written behind our back.
            there.execute(f"CREATE TABLE {name} ({columns}, CHECK (county = '{n}'))")
            there.execute(f"CREATE INDEX ON {name} USING gist (geometry)")
            here.execute(
                f"CREATE FOREIGN TABLE {name} PARTITION OF incidents FOR VALUES IN ('{n}')"
                f" SERVER there"
            )
        if n < counties // 2:
            here.execute(f"CREATE INDEX ON {name} USING gist (geometry)")


def take_step(here, options, settings):
    """Tell the second server and our session one thing more."""
    for name, value in options.items():
        here.execute(f"ALTER SERVER there OPTIONS (ADD {name} '{value}')")
    for name, value in settings.items():
        here.execute(f"SET {name} = {value}")


def copied(connection, county, rows, table="incidents"):
    """COPY rows of a county in; rows a second."""
    rng = np.random.default_rng(rows + county)
    x, y = rng.random((2, rows)) * SIDE + np.array([[120 + SIDE * county], [32]])
    text = io.StringIO()
    for k in range(rows):
        text.write(f"{county}\t{county}-{k}\t2026-01-01\tSRID=4490;POINT({x[k]} {y[k]})\n")
    began = time.perf_counter()
    with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        copy.write(text.getvalue())
    return rows / (time.perf_counter() - began)


def inserted(connection, county, rows):
    """Copy rows of a county beside the table, then insert them; rows a second of both."""
    began = time.perf_counter()
    connection.execute("CREATE TEMPORARY TABLE staged (LIKE incidents)")
    copied(connection, county, rows, "staged")
    connection.execute("INSERT INTO incidents SELECT * FROM staged")
    connection.execute("DROP TABLE staged")
    return rows / (time.perf_counter() - began)


def ms(connection, order, times=5):
    """Median milliseconds of a question, and its answer."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        answer = connection.execute(order).fetchall()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken), answer


def box_of(county):
    """A hundredth of a county, as a condition that uses the index."""
    west, south = 120 + SIDE * county + 0.04, 32.04
    box = f"ST_MakeEnvelope({west}, {south}, {west + 0.01}, {south + 0.01}, 4490)"
    return f"geometry && {box} AND ST_Intersects(geometry, {box})"


def questions():
    """What is asked of a county here and of one there: words → order by county."""
    return {
        "count of one county": lambda n: f"SELECT count(*) FROM incidents WHERE county = '{n}'",
        "count in a box of one county": lambda n: (
            f"SELECT count(*) FROM incidents WHERE county = '{n}' AND {box_of(n)}"
        ),
        "count in a box, county not said": lambda n: (
            f"SELECT count(*) FROM incidents WHERE {box_of(n)}"
        ),
        "count by county, all": lambda _: "SELECT county, count(*) FROM incidents GROUP BY county",
    }


def pulled(connection, county):
    """Rows a second of key and place, as `gridgeo assign` pulls them."""
    chosen = "SELECT incident_id, ST_X(geometry), ST_Y(geometry) FROM incidents"
    order = f"COPY ({chosen} WHERE county = '{county}') TO STDOUT (FORMAT BINARY)"
    began = time.perf_counter()
    with connection.cursor().copy(order) as copy:
        for _ in copy:
            pass
    taken = time.perf_counter() - began
    rows = connection.execute(f"SELECT count(*) FROM incidents WHERE county = '{county}'")
    return rows.fetchone()[0] / taken


def pushed_down(connection, order):
    """What the second server is asked."""
    plan = connection.execute(f"EXPLAIN (VERBOSE, COSTS OFF) {order}").fetchall()
    return [line.strip() for (line,) in plan if "Remote SQL" in line]


def main(*wishes):
    """Print what each step gives, and put it into the page when that is wished."""
    sizes = [wish for wish in wishes if isinstance(wish, int)]
    rows, counties = [*sizes, *(200_000, 8)[len(sizes) :]]
    if counties < 2:
        raise SystemExit("Two counties at least: one here, one there.")
    first, last = 0, counties - 1  # one here, one there
    sample = max(rows // 20, 1)
    asked = questions()
    console = Console(width=170)
    with two_servers() as (here, there, clusters):
        set_up(here, there, clusters[1], counties)
        for n in range(counties):
            server = here if n < counties // 2 else there
            copied(server, n, rows, f"incidents_{n}")
            server.execute(f"ANALYZE incidents_{n}")
        here.execute("ANALYZE incidents")

        def measured(county):
            figures = {
                "COPY in, rows/s": copied(here, county, sample),
                "COPY beside, INSERT in, rows/s": inserted(here, county, sample),
                "COPY out, rows/s": pulled(here, county),
            }
            for words, order in asked.items():
                figures[f"{words}, ms"], answer = ms(here, order(county))
                assert sum(row[-1] for row in answer) > 0
            return figures

        found = {"here": measured(first)}
        for step, more in STEPS.items():
            take_step(here, *more)
            found[step] = measured(last)
        said = [
            *pushed_down(here, asked["count in a box of one county"](last)),
            *without_the_other(here, clusters[1], first, last),
        ]
    heads = ["what", "here", *(step if k == 0 else f"+ {step}" for k, step in enumerate(STEPS))]
    cells = []
    for what in found["here"]:
        figures = [column[what] for column in found.values()]
        cells.append([what, *(f"{f:,.0f}" if f >= 1000 else f"{f:.3g}" for f in figures)])
    table = Table(
        *heads, title=f"{counties} counties of {rows:,} incidents, half of them elsewhere"
    )
    for row in cells:
        table.add_row(*row)
    console.print(table)
    for line in said:
        console.print(line, markup=False, soft_wrap=True)
    if "--write" in wishes:
        write(PAGE, "storage", heads, cells)
    return found


def without_the_other(here, cluster, first, last):
    """Stop the second server; say what still answers."""
    cluster.down()
    said = []
    for words, order in (
        ("of a county here", f"SELECT count(*) FROM incidents WHERE county = '{first}'"),
        ("of a county there", f"SELECT count(*) FROM incidents WHERE county = '{last}'"),
        ("of a box, county not said", f"SELECT count(*) FROM incidents WHERE {box_of(first)}"),
    ):
        try:
            here.execute(order)
            said.append(f"The other server is down; the count {words}: answered.")
        except psycopg.Error as error:
            reason = str(error).strip().splitlines()[0]
            said.append(f"The other server is down; the count {words}: refused ({reason}).")
    return said
