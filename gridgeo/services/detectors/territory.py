"""Are the grids drawn without gap or overlap, each inside one village (T1, T2, T5, T6)?"""

from gridgeo.analysis.territory import across_faults, territory_findings
from gridgeo.analysis.tiling import tiling_faults
from gridgeo.services.detectors.day import Day, Found

KINDS = ("gap", "overlap", "sliver", "invalid", "outside", "across")
_OUTSIDE, _ACROSS = KINDS[-2:-1], KINDS[-1:]


def detect(day: Day) -> Found:
    """Judge the grids as geometry.

    Gaps without a jurisdiction are what the grids enclose.
    """
    found, least_m2 = Found(), day.standards.min_area_m2
    homes = None if day.homes is None else day.homes.frame
    found.can_judge(KINDS[:4])
    found.can_judge(_OUTSIDE, "" if day.duty is not None else "towns")
    faults = tiling_faults(day.grids, day.duty, min_area_m2=least_m2)
    found.findings.append(territory_findings(faults, homes, least_m2, day.as_of))
    if found.can_judge(_ACROSS, "" if len(day.villages) else "villages"):
        across = across_faults(day.grids, day.villages, least_m2, homes, day.as_of)
        found.findings.append(across)
    return found
