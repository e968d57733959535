"""Run a function in a process of its own, that may be ended, and tell what memory it took.

The function is named by its module and name and gets ``tell`` before its arguments: what it tells
last is kept also when it is ended in the midst of its work. Seconds are those of the processor, so
that other work on the machine neither slows a solver nor steals its minute.
"""

import importlib
import math
import os
import pickle
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What came of a process.

    Parameters
    ----------
    answer : object
        What the function gave back, or told last when it was ended; None when it told nothing.
    seconds : float
        Of the processor, from the call of the function to its end.
    ended : bool
        Whether it was ended at the limit.
    error : str
        Its last words when it failed.
    peak_mb : float
        The greatest resident memory of the process until the function came back, interpreter,
        libraries and arguments included; nan where the system does not tell or it was ended.
    """

    answer: object
    seconds: float
    ended: bool = False
    error: str = ""
    peak_mb: float = float("nan")


def alone(module, name, *arguments, limit_s=None):
    """Call ``module.name(tell, *arguments)`` in a new process; None is no limit.

    The process is ended when it has computed for ``limit_s``, or has been there five times that.
    """
    with tempfile.TemporaryDirectory() as folder:
        order = Path(folder, "order")
        order.write_bytes(pickle.dumps((module, name, arguments, limit_s)))
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.alone", folder],
            cwd=Path(__file__).parent.parent,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        ended = False
        try:
            _, said = child.communicate(timeout=limit_s and 5 * limit_s)
        except subprocess.TimeoutExpired:
            child.kill()
            _, said = child.communicate()
            ended = True
        if ended or child.returncode == -signal.SIGXCPU:
            return Outcome(_told(folder), limit_s, ended=True)
        if child.returncode:
            words = said.decode(errors="replace").strip().splitlines() or [f"{child.returncode}"]
            return Outcome(_told(folder), float("nan"), error=words[-1])
        return Outcome(_told(folder), **pickle.loads(Path(folder, "figures").read_bytes()))


def resident_mb(field):
    """Memory of this process now (VmRSS) or at its highest (VmHWM); nan where nobody tells.

    ``getrusage`` would begin with the memory of the process that started this one.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return float("nan")
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def _told(folder):
    told = Path(folder, "told")
    return pickle.loads(told.read_bytes()) if told.exists() else None


def _serve(folder):
    def tell(answer):
        fresh = Path(folder, "telling")
        fresh.write_bytes(pickle.dumps(answer))
        os.replace(fresh, Path(folder, "told"))

    order = Path(folder, "order").read_bytes()
    module, name, arguments, limit_s = pickle.loads(order)
    function = getattr(importlib.import_module(module), name)
    began = time.process_time()
    if limit_s:
        # Whole seconds of the processor; the system sends SIGXCPU at the first, then SIGKILL.
        most = math.ceil(began + limit_s)
        resource.setrlimit(resource.RLIMIT_CPU, (most, most + 2))
    answer = function(tell, *arguments)
    seconds = time.process_time() - began
    peak = resident_mb("VmHWM")
    tell(answer)
    figures = {"seconds": seconds, "peak_mb": peak}
    Path(folder, "figures").write_bytes(pickle.dumps(figures))


if __name__ == "__main__":
    _serve(sys.argv[1])
