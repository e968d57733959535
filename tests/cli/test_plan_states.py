"""Commands of ``gridgeo plan`` on the store."""

import pytest
import typer
from typer.testing import CliRunner

from gridgeo.cli import app, plan_states

pytestmark = pytest.mark.db


@pytest.fixture
def on_store(run, cluster, database):
    """Run a command on a fresh, migrated city."""
    return lambda *arguments: run(*arguments, database=cluster.url(database, "admin"))


def commands():
    own = typer.Typer()
    plan_states.register(own)
    return [command.name for command in own.registered_commands]


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help_with_an_example(name):
    done = CliRunner().invoke(app, ["plan", name, "--help"])
    assert done.exit_code == 0
    assert f"Example: gridgeo plan {name}" in done.output


def test_without_plans_the_list_says_how_to_get_one(on_store):
    done = on_store("plan", "list")
    assert done.returncode == 0
    assert "Next: " in done.stderr
