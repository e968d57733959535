"""What processes of the benchmark of coverage measure, case by case."""

import importlib.metadata
import time
import warnings

import numpy as np

from benchmarks import coverage_reach, coverage_spots
from benchmarks.alone import resident_mb
from benchmarks.assign_runs import from_here
from benchmarks.balance import exponents

CASES = coverage_reach.CASES | coverage_spots.CASES
SHARES = (1 / 16, 1 / 4, 1.0)
WARM_SHARE = 0.001


def raced(_tell, name, seeds, share):
    """Ask ours and the peer the same, seed by seed.

    Returns
    -------
    dict
        ``ours_s``, ``theirs_s`` (of the processor); ``ours_first_s``, ``theirs_first_s``, those of
        the first call, on a small instance: what is imported or compiled late, is so then;
        ``difference`` in words, of the first seed; ``gaps``; ``added_mb``, ``peer_mb`` of the
        first; ``growth``; ``peer_error``.
    """
    case = CASES[name]
    told = {"ours_s": [], "theirs_s": [], "gaps": [], "difference": "", "peer_error": ""}
    told |= {"added_mb": np.nan, "peer_mb": np.nan, "growth": np.nan}
    told |= {"ours_first_s": _measured(case.ours, case.make(0, WARM_SHARE))[0]}
    for seed in range(1, min(seeds, case.seeds) + 1):
        instance = case.make(seed, share)
        taken, mb, ours = _measured(case.ours, instance)
        told["ours_s"].append(taken)
        if case.gap:
            told["gaps"].append(case.gap(ours))
        if seed == 1:
            told["added_mb"] = mb
        if case.theirs and not told["peer_error"] and seed <= case.peer_seeds:
            try:
                with warnings.catch_warnings(action="ignore"):
                    if seed == 1:
                        small = case.make(0, WARM_SHARE)
                        told["theirs_first_s"] = _measured(case.theirs, small)[0]
                    taken, mb, theirs = _measured(case.theirs, instance)
                    words = case.differ(ours, theirs, instance) if seed == 1 else ""
            except ModuleNotFoundError as error:
                told["peer_error"] = f"not installed: {error}"
                continue
            except Exception as error:
                told["peer_error"] = f"{type(error).__name__}: {error}"
                continue
            told["theirs_s"].append(taken)
            if seed == 1:
                told["peer_mb"] = mb
                told["difference"] = words
    if case.grow:
        told["growth"] = grown(case, share)
    return told


def _measured(ask, instance):
    base = from_here()
    began = time.process_time()
    answer = ask(instance)
    return time.process_time() - began, resident_mb("VmHWM") - base, answer


def grown(case, share):
    """The exponent p of our seconds ≈ size^p, from a sixteenth of the size on."""
    taken = []
    for part in SHARES:
        instance = case.make(1, share * part)
        taken.append(min(_measured(case.ours, instance)[0] for _ in range(2 if part == 1 else 3)))
    table = np.column_stack([SHARES, np.maximum(taken, 1e-6)])
    return float(exponents(table)[0])


def peers():
    """Versions of the peers that are installed."""
    found = {}
    for name in ("access", "spopt", "pandana", "esda", "pointpats", "libpysal", "scikit-learn"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
