"""The application: its options for all commands, and what happens when one fails."""

import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from gridgeo import __version__
from gridgeo.cli import (
    appraise,
    assign,
    balance,
    due,
    files,
    machine,
    patrols,
    plan,
    reach,
    repair,
    show,
    town,
    waiting,
)
from gridgeo.cli import register as findings
from gridgeo.cli.say import err
from gridgeo.errors import GridgeoError

app = typer.Typer(
    name="gridgeo",
    help="Which service grid is responsible, who is left out, and how the borders should run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gridgeo {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Which service grid is responsible, who is left out, how the borders should run."""


for room in (
    town,
    assign,
    patrols,
    files,
    repair,
    appraise,
    due,
    waiting,
    balance,
    plan,
    reach,
    show,
    findings,
    machine,
):
    room.register(app)


def main() -> None:
    """Run a command; a failure is one sentence and a next step, never a traceback."""
    try:
        app()
    except GridgeoError as error:
        err.print(f"gridgeo: {error}", style="red", markup=False)
        sys.exit(1)
    except ValidationError as error:  # of the settings: the only model that commands make
        for one in error.errors():
            name = "_".join(str(part) for part in one["loc"]).upper()
            name = name if name == "DATABASE_URL" else f"GRIDGEO_{name}"
            err.print(f"gridgeo: {name}: {one['msg']}.", style="red", markup=False)
        sys.exit(1)
    except OSError as error:
        said = error.strerror or str(error)
        err.print(
            f"gridgeo: {said}: {error.filename or ''}".rstrip(": "), style="red", markup=False
        )
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("gridgeo: interrupted; nothing half-written is left.", style="red", markup=False)
        sys.exit(130)
