"""Commands of ``gridgeo plan`` on the store: from a draft to borders in force."""

import typer

from gridgeo import wiring
from gridgeo.cli.say import next_step, table
from gridgeo.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("list")(list_)


def list_() -> None:
    """List the plans in the store, oldest first.

    Example: gridgeo plan list
    """
    with wiring.opened(Settings()) as store:
        plans = store.plans()
    rows = [
        [str(p.Index), str(p.state), f"{p.units:,}", f"{p.created_at:%Y-%m-%d %H:%M}"]
        for p in plans.itertuples()
    ]
    table("Plans", ["plan", "state", "units", "made at (UTC)"], rows)
    if not rows:
        next_step("`gridgeo publish` keeps its proposal as a draft")
