"""``gridgeo`` commands as processes of their own that can be killed at any moment of their work.

Starting Python and importing everything takes seconds in which nothing can be lost. So one
program imports it all and forks a process for each command: every kill falls into real work.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Commands:
    """The program that forks; ``folder`` takes what the commands say."""

    def __init__(self, folder):
        self._folder = folder
        self._started = 0
        known = os.environ.items()
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.trial.commands"],
            cwd=ROOT,
            env={k: v for k, v in known if k != "DATABASE_URL" and not k.startswith("GRIDGEO_")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._program.communicate(timeout=60)

    def start(self, *arguments, **environment):
        """Begin ``gridgeo *arguments`` with more environment, and do not wait for it."""
        self._started += 1
        said = self._folder / f"{self._started}.txt"
        order = {"argv": ["gridgeo", *map(str, arguments)], "env": environment, "said": str(said)}
        return Command(self, int(self.ask(order)), said)

    def run(self, *arguments, **environment):
        """Run ``gridgeo *arguments`` to its end, which must be a good one."""
        command = self.start(*arguments, **environment)
        assert command.wait() == 0, command.said()
        return command.said()

    def ask(self, order):
        self._program.stdin.write(json.dumps(order) + "\n")
        self._program.stdin.flush()
        return self._program.stdout.readline()


class Command:
    """A command that runs, or has ended and is not buried: its number is nobody else's."""

    def __init__(self, commands, pid, said):
        self._commands = commands
        self._said = said
        self.pid = pid

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def wait(self):
        """Wait for the end and give the exit code; −9 when it was killed. Ask once."""
        return int(self._commands.ask({"wait": self.pid}))

    def said(self):
        """What went to standard output and standard error."""
        return self._said.read_text(encoding="utf-8")


def _serve():
    from gridgeo.cli import main

    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _answer(os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1]))
            continue
        child = os.fork()
        if child == 0:
            said = os.open(order["said"], os.O_WRONLY | os.O_CREAT)
            os.dup2(said, 1)
            os.dup2(said, 2)
            os.environ.update(order["env"])
            sys.argv = order["argv"]
            main()
            return
        _answer(child)


def _answer(number):
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve()
