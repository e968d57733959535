"""Programs that are killed at a random moment, or the server under them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def killed(own, program, *arguments, after_s, server):
    """Run a program that says "begun", kill it or the server, and start the server again.

    ``program`` is Python source. Gives what it said after "begun".
    """
    running = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    assert running.stdout.readline() == "begun\n"
    time.sleep(after_s)
    if server:
        os.kill(own.status().pid, signal.SIGKILL)
    else:
        running.kill()
    said, _ = running.communicate(timeout=60)
    own.up()
    return said
