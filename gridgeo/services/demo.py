"""The synthetic city taken in, as a city takes in its own files."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from gridgeo.model.frames import LAYERS
from gridgeo.services.imports import Asked, FeedResult, ImportStore, import_new

DAY = dt.date(2026, 7, 1)  # the day after the sample's last incident
SOURCE = "合成样例 synthetic sample"


def fill(
    store: ImportStore,
    folder: Path,
    *,
    now: dt.datetime,
    who: str,
    told: Callable[[float, str], None],
) -> dict[str, FeedResult]:
    """Take in every layer of a sample folder.

    Parameters
    ----------
    store : ImportStore
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
        Layer → what its import did; nothing new or changed the second time.
    """
    paths = {path.stem: path for path in sorted(folder.iterdir()) if path.stem in LAYERS}
    changed = {}
    for done, layer in enumerate(name for name in LAYERS if name in paths):
        told(done / len(paths), layer)
        asked = Asked(layer, paths[layer], mapping={})

        def within(share: float, said: str, done: int = done, layer: str = layer) -> None:
            told((done + share) / len(paths), f"{layer}, {said}")

        changed[layer] = import_new(store, asked, now=now, who=who, told=within)
    return changed


def said(result: FeedResult) -> str:
    """Say in a few words what an import did."""
    if result.repeated:
        return "taken in before, nothing changed"
    told = f"{result.inserted:,} new, {result.updated:,} changed, {result.unchanged:,} as they were"
    return f"{told}, {result.rejected:,} refused"
