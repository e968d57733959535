"""Patrols: what a track covers, whether it counts, and which grids lack some."""

from gridgeo.analysis.tracks.facts import track_facts
from gridgeo.analysis.tracks.faults import patrol_faults
from gridgeo.analysis.tracks.kernel import warm_tracks
from gridgeo.analysis.tracks.share import patrol_share, share_of_intervals, street_intervals
from gridgeo.analysis.tracks.valid import patrol_days, valid_patrols

__all__ = [
    "patrol_days",
    "patrol_faults",
    "patrol_share",
    "share_of_intervals",
    "street_intervals",
    "track_facts",
    "valid_patrols",
    "warm_tracks",
]
