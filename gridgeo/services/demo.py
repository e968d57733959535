"""The synthetic city taken in, as a city takes in its own files."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from gridgeo.model.frames import FIXES, LAYERS, PATROLS
from gridgeo.services.imports import Asked, FeedResult, ImportStore, import_new
from gridgeo.services.patrols import WalkStore, make_patrols
from gridgeo.services.sources import files_of_layers

DAY = dt.date(2026, 7, 1)  # the day after the sample's last incident
MORNING = dt.datetime.combine(DAY, dt.time(), ZoneInfo("Asia/Shanghai"))
SOURCE = "合成样例 synthetic sample"


class DemoStore(ImportStore, WalkStore, Protocol):
    """The parts of the store that the demo fills."""


def fill(
    store: DemoStore,
    folder: Path,
    *,
    now: dt.datetime,
    who: str,
    told: Callable[[float, str], None],
) -> dict[str, FeedResult]:
    """Take in every layer of a sample folder.

    Parameters
    ----------
    store : DemoStore
    folder : Path
        Files named after their layers.
    now : datetime
        With a time zone.
    who : str
    told : callable
        Told the share done, 0 to 1, and the layer.

    Returns
    -------
    dict of str to FeedResult
        Layer → what its import did; nothing new or changed the second time. Patrols are made of
        the fixes as on the sample's day: those older than 72 hours then are dropped.
    """
    paths = files_of_layers(folder.iterdir())
    changed = {}
    for done, layer in enumerate(name for name in LAYERS if name in paths):
        told(done / len(paths), layer)
        asked = Asked(layer, paths[layer], mapping={})

        def within(share: float, said: str, done: int = done, layer: str = layer) -> None:
            told((done + share) / len(paths), f"{layer}, {said}")

        changed[layer] = import_new(store, asked, now=now, who=who, told=within)
        if layer == FIXES.name:
            made = make_patrols(store, now=MORNING, who=who).result
            changed |= {} if made is None else {PATROLS.name: made}
    return changed


def said(result: FeedResult) -> str:
    """Say in a few words what an import did."""
    if result.repeated:
        return "taken in before, nothing changed"
    told = f"{result.inserted:,} new, {result.updated:,} changed, {result.unchanged:,} as they were"
    return f"{told}, {result.rejected:,} refused"
