import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from gridgeo.cli import main

# Whoever reaches for a database here is answered by nobody.
NO_DATABASE = "postgresql://nobody@127.0.0.1:1/nothing"


@dataclass
class Done:
    """What a command said, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in a folder of its own, in this process: starting one costs seconds."""
    monkeypatch.chdir(tmp_path)

    def runs(*arguments, database=NO_DATABASE):
        monkeypatch.setenv("DATABASE_URL", database)
        monkeypatch.setattr(sys, "argv", ["gridgeo", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Done(ended.value.code or 0, said.out, said.err)

    return runs


@pytest.fixture
def run_apart(tmp_path):
    """Run a command as a person does: a process of its own."""

    def runs(*arguments, database=NO_DATABASE):
        program = [sys.executable, "-c", "from gridgeo.cli import main; main()"]
        return subprocess.run(
            [*program, *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | {"DATABASE_URL": database},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return runs
