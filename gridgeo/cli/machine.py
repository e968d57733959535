"""Commands for the machine: the private database, its checks, the service."""

from datetime import UTC, datetime
from typing import Annotated, Any

import pandas as pd
import typer

from gridgeo import wiring
from gridgeo.cli.say import bar, next_step, table, tell
from gridgeo.services.kernels import warm
from gridgeo.settings import Settings
from gridgeo_api.app import run


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (prepare, up, down, status, doctor, migrate, serve):
        app.command()(command)


def prepare() -> None:
    """Fetch the PostGIS programs and compile the kernels, once.

    Example: gridgeo prepare
    """
    settings = Settings()
    if settings.database_url is None:
        with bar("PostGIS programs") as told:
            wiring.fetch_programs(settings, told)
    with bar("Compiling kernels") as told:
        warm(told)
    next_step("`make demo`, or `gridgeo demo`")


def up() -> None:
    """Start the private database and bring it to the newest tables.

    Example: gridgeo up
    """
    settings = Settings()
    with bar("Database") as told, wiring.opened(settings, told):
        pass
    tell(f"The database of {settings.city!r} is up.")
    next_step("`gridgeo import grids FILE`, or `gridgeo demo`")


def down() -> None:
    """Stop the private database; its data stay.

    Example: gridgeo down
    """
    stopped = wiring.cluster(Settings()).down()
    tell("The private database is stopped." if stopped else "No private database was running.")


def migrate() -> None:
    """Bring the database to the tables of this version.

    Example: gridgeo migrate
    """
    with bar("Migrating") as told, wiring.opened(Settings(), told):
        pass
    tell("The database stands at the newest tables.")


def status() -> None:
    """Show the database, the rows of each layer and the last files taken in.

    Example: gridgeo status
    """
    settings = Settings()
    if settings.database_url is None:
        found = wiring.cluster(settings).status()
        tell(
            f"private PostGIS: {found.state}, version {found.version or '–'}, "
            f"{found.size_mb:.0f} MB"
        )
        if found.state != "running":
            next_step("`gridgeo up`")
            return
        if wiring.database(settings) not in found.databases:
            tell(f"There is no database of {settings.city!r} yet.")
            next_step("`gridgeo import grids FILE`, or `gridgeo demo`")
            return
    with wiring.opened(settings) as store:
        counts, feeds = store.counts(), store.feeds().tail(10)
        layers = store.published_layers("internal")
        answered = store.answered(settings.zone)
        fixes, oldest = store.fixes_waiting()
    table("Rows", ["layer", "rows"], [[k, f"{v:,}"] for k, v in counts.items()])
    waiting = f"{answered.waiting:,} wait" + (", borders moved" if answered.borders_moved else "")
    tell(f"{answered.answered:,} incidents have their grid, {waiting}")
    if oldest is not None:
        hours = (datetime.now(UTC) - oldest).total_seconds() / 3600
        tell(f"{fixes:,} raw fixes stand; the oldest was taken {hours:,.0f} hours ago")
    columns = ["layer", "file", "from", "rows", "refused", "taken in (UTC)", "lag", "basis"]
    table("Last files", columns, [_told(feed) for feed in feeds.itertuples()])
    published = [
        [str(p.Index), str(p.version), f"{p.created_at:%Y-%m-%d %H:%M}"]
        for p in layers.itertuples()
    ]
    table("Published", ["layer", "version", "at (UTC)"], published)
    if answered.waiting or answered.borders_moved:
        next_step("`gridgeo assign` gives incidents the grid in force when they happened")
    if fixes:
        next_step("`gridgeo patrols` makes patrols of tracks and drops fixes older than 72 hours")


def _told(feed: Any) -> list[str]:  # noqa: ANN401  # a row of a table
    """Say what came, from whom, how late, and by what right the city keeps it."""
    lag = (feed.imported_at - feed.data_to).days
    return [
        str(feed.layer),
        str(feed.file_name),
        feed.department or "–",
        f"{feed.rows_read:,}",
        f"{feed.rejected:,}",
        f"{feed.imported_at:%Y-%m-%d %H:%M}",
        "–" if pd.isna(lag) else f"{lag:,.0f} d",
        feed.lawful_basis or "–",
    ]


def doctor() -> None:
    """Check this machine and the database, and say what to do.

    Example: gridgeo doctor
    """
    checks = wiring.examine(Settings())
    for check in checks:
        tell(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.said}")
        if not check.ok and check.next_step:
            next_step(check.next_step)
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Serve the published layers, maps and pages.

    Example: gridgeo serve --port 8000
    """
    settings = Settings()
    with wiring.opened(settings):  # migrated before the first request
        pass
    tell(f"gridgeo serves http://{host}:{port}/ (stop with Ctrl-C)")
    run(settings, host, port)
