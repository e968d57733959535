"""Service grids of a city: which one is responsible, who is left out, how the borders should run.

>>> import gridgeo as gg  # doctest: +SKIP
>>> gg.assign(points, grids)  # doctest: +SKIP
"""

from gridgeo._version import __version__
from gridgeo.analysis.access import access
from gridgeo.analysis.appraisal import funnel, grades, observed_over_expected, shrunk_shares
from gridgeo.analysis.assign import Assigner, assign
from gridgeo.analysis.balance import (
    Choice,
    Difference,
    Limits,
    UnitGraph,
    balance,
    best_moves,
    choose_k,
    difference,
    judge,
    limits,
    place_workers,
    proposals,
)
from gridgeo.analysis.deadlines import ageing, on_time
from gridgeo.analysis.density import Heat, heat
from gridgeo.analysis.emerging import emerging_hotspots
from gridgeo.analysis.hotspots import hotspots, local_moran
from gridgeo.analysis.locate import GridIndex
from gridgeo.analysis.mending import Repairs, propose_repairs
from gridgeo.analysis.near_repeat import near_repeats
from gridgeo.analysis.network import service_areas, street_distances, streets_within
from gridgeo.analysis.onset import silence_onset
from gridgeo.analysis.rates import class_rates, expected_counts, shrink_rates
from gridgeo.analysis.reach import reach
from gridgeo.analysis.response import hours_until, response_curve
from gridgeo.analysis.scan import Cluster, scan
from gridgeo.analysis.seams import seams
from gridgeo.analysis.silence import silent_grids
from gridgeo.analysis.silent_group import silent_chance
from gridgeo.analysis.siting import Siting, best_stations, fewest_stations
from gridgeo.analysis.tiling import tiling_faults
from gridgeo.analysis.tracks import (
    patrol_days,
    patrol_share,
    share_of_intervals,
    street_intervals,
    track_facts,
    valid_patrols,
)
from gridgeo.analysis.units import unit_edges, units_from_points, units_from_streets
from gridgeo.errors import (
    ConflictError,
    ContractError,
    CRSError,
    DisclosureError,
    GeometryError,
    GridgeoError,
    InfeasibleError,
    InputError,
    NotFoundError,
    ParameterError,
    StoreError,
)
from gridgeo.ingest.plan_file import read_plan
from gridgeo.model.plan import Plan

__all__ = [
    "Assigner",
    "CRSError",
    "Choice",
    "Cluster",
    "ConflictError",
    "ContractError",
    "Difference",
    "DisclosureError",
    "GeometryError",
    "GridIndex",
    "GridgeoError",
    "Heat",
    "InfeasibleError",
    "InputError",
    "Limits",
    "NotFoundError",
    "ParameterError",
    "Plan",
    "Repairs",
    "Siting",
    "StoreError",
    "UnitGraph",
    "__version__",
    "access",
    "ageing",
    "assign",
    "balance",
    "best_moves",
    "best_stations",
    "choose_k",
    "class_rates",
    "difference",
    "emerging_hotspots",
    "expected_counts",
    "fewest_stations",
    "funnel",
    "grades",
    "heat",
    "hotspots",
    "hours_until",
    "judge",
    "limits",
    "local_moran",
    "near_repeats",
    "observed_over_expected",
    "on_time",
    "patrol_days",
    "patrol_share",
    "place_workers",
    "proposals",
    "propose_repairs",
    "reach",
    "read_plan",
    "response_curve",
    "scan",
    "seams",
    "service_areas",
    "share_of_intervals",
    "shrink_rates",
    "shrunk_shares",
    "silence_onset",
    "silent_chance",
    "silent_grids",
    "street_distances",
    "street_intervals",
    "streets_within",
    "tiling_faults",
    "track_facts",
    "unit_edges",
    "units_from_points",
    "units_from_streets",
    "valid_patrols",
]
