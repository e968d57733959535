"""``gridgeo plan``: commands about plans that exist, in files or in the store."""

import typer

from gridgeo.cli import plan_borders, plan_files, plan_states


def register(app: typer.Typer) -> None:
    """Add ``plan`` with the commands of its rooms."""
    plans = typer.Typer(
        help="Judge, compare and mend plans, and take one from a draft to borders in force.\n\n"
        "Example: gridgeo plan list",
        no_args_is_help=True,
    )
    for room in (plan_files, plan_states, plan_borders):
        room.register(plans)
    app.add_typer(plans, name="plan")
