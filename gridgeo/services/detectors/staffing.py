"""Has every grid its leader and its workers (S1–S4)?"""

from gridgeo.analysis.staffing import staffing_faults, stray_appointments
from gridgeo.model.frames import APPOINTMENTS, WORKERS
from gridgeo.services.detectors.day import Day, Found

KINDS = ("no-leader", "few-workers", "no-full-time")
STRAYS = ("unknown-grid", "unknown-worker")


def detect(day: Day) -> Found:
    """Judge who is in post."""
    found = Found()
    layers = {c.name: day.source.frame(c) for c in (APPOINTMENTS, WORKERS)}
    appointments, workers = layers.values()
    if not found.can_judge(KINDS, *("" if len(f) else name for name, f in layers.items())):
        return found
    lost = stray_appointments(day.grids, appointments, workers, day.as_of)["reason"].value_counts()
    found.strays = {str(reason): int(n) for reason, n in lost.items()}
    found.findings.append(
        staffing_faults(
            day.grids,
            appointments,
            workers,
            day.as_of,
            leader_counts_as_worker=day.standards.leader_counts_as_worker,
            leader_counts_as_full_time=day.standards.leader_counts_as_full_time,
            households=day.counts,
        )
    )
    return found
