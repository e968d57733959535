"""What may leave the house: layers with unit, period, source and disclosure level."""

from gridgeo.publish.cells import Cells, exactly_placed, k_safe_cells
from gridgeo.publish.findings import release_findings
from gridgeo.publish.layer import Field, Layer, Withheld, reopen, roughly
from gridgeo.publish.release import release
from gridgeo.publish.scope import Ledger, Scope

__all__ = [
    "Cells",
    "Field",
    "Layer",
    "Ledger",
    "Scope",
    "Withheld",
    "exactly_placed",
    "k_safe_cells",
    "release",
    "release_findings",
    "reopen",
    "roughly",
]
