"""All benchmarks in turn, or one; their tables are printed and kept with machine and versions.

    python -m benchmarks [name] [what its main takes …]

Without more than a name a benchmark takes the sizes of its own. Each writes
``build/bench/<name>.md`` (what it printed) and ``<name>.json`` (what its ``main`` gave back, too).
"""

import contextlib
import importlib
import importlib.metadata
import io
import json
import os
import pkgutil
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import shapely

import benchmarks

FOLDER = Path("build", "bench")
PACKAGES = ("gridgeo", "numpy", "pandas", "shapely", "geopandas", "scipy", "numba", "pymetis")


def names():
    """Modules of this folder that can be run, in alphabetical order."""
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return [name for name in found if name != "__main__" and hasattr(_module(name), "main")]


def run(name, arguments=(), folder=FOLDER):
    """Run one benchmark, keep what it says in ``folder``, and give that text."""
    began, started = datetime.now(UTC), time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        answer = _module(name).main(*arguments)
    record = {
        "benchmark": name,
        "arguments": list(arguments),
        "date": began.isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - started, 1),
        "machine": machine(),
        "versions": versions(),
        "result": answer,
        "printed": said.getvalue().splitlines(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    whole = json.dumps(record, ensure_ascii=False, indent=1, default=_plain)
    (folder / f"{name}.json").write_text(whole + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(_markdown(record), encoding="utf-8")
    return said.getvalue()


def machine():
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(FileNotFoundError):  # Linux says more than the standard library
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((t.partition(": ")[2] for t in told if t.startswith("model name")), model)
    return {"cpus": os.cpu_count(), "model": model, "system": platform.platform(terse=True)}


def versions():
    """What was compared; only what is installed."""
    found = {"python": platform.python_version(), "geos": shapely.geos_version_string}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def _module(name):
    return importlib.import_module(f"benchmarks.{name}")


def _plain(value):
    """Arrays and numbers of numpy, frames of pandas, as JSON has them."""
    return value.to_dict() if hasattr(value, "to_dict") else value.tolist()


def _markdown(record):
    of = record["machine"]
    using = ", ".join(f"{package} {version}" for package, version in record["versions"].items())
    return "\n".join(
        [
            f"# {record['benchmark']}",
            "",
            f"{record['date']}, {record['seconds']} s in all. {of['cpus']} CPUs, {of['model']},"
            f" {of['system']}. {using}.",
            "",
            "```",
            *record["printed"],
            "```",
            "",
        ]
    )


def main(name=None, *arguments):
    """Run all or one, and print."""
    known = names()
    if name is not None and name not in known:
        sys.exit(f"There is no benchmark {name!r}; there are {', '.join(known)}.")
    numbers = [int(given) if given.isdecimal() else given for given in arguments]
    for one in known if name is None else [name]:
        print(run(one, numbers), flush=True)
        print(f"kept in {FOLDER / one}.md and .json", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
