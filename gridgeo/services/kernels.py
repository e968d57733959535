"""Compile everything that is compiled, once, so that no question waits for it."""

from collections.abc import Callable

from gridgeo.analysis.balance import warm_balance
from gridgeo.analysis.locate import warm_locate
from gridgeo.analysis.nearest.index import warm_nearest
from gridgeo.analysis.network import warm_network
from gridgeo.analysis.scan import warm_scan
from gridgeo.analysis.siting import warm_siting
from gridgeo.analysis.tracks import warm_tracks
from gridgeo.analysis.walking_order import warm_walking_order
from gridgeo.ingest.csv_blocks import warm_csv


def warm(told: Callable[[float, str], None]) -> None:
    """Compile the kernels, or load them from the cache beside the package.

    Parameters
    ----------
    told : callable
        Told the share done, 0 to 1, and what is being compiled.
    """
    told(0.0, "(assign)")
    warm_locate()
    warm_csv()
    told(0.3, "(nearest)")
    warm_nearest()
    told(0.5, "(balance)")
    warm_balance()
    told(0.95, "(reach)")
    warm_network()
    warm_siting()
    warm_walking_order()
    told(0.97, "(patrols)")
    warm_tracks()
    told(0.98, "(scan)")
    warm_scan()
    told(1.0, "")
