"""Map ``coverage``: who is near a station, and who was visited in time."""

from gridgeo.publish import Layer
from gridgeo.render.measures import measures_map
from gridgeo.words import Lang

MEASURES = ("visited_share", "reached_share", "lived_in_share", "never_visited")


def coverage_map(coverage: Layer, lang: Lang = "zh", tile_url: str | None = None) -> str:
    """Draw how the households of each grid are covered.

    Parameters
    ----------
    coverage : Layer
        As ``services.coverage_layers.coverage_layer`` makes it.
    lang : {"zh", "en"}
    tile_url : str, optional
        See ``Sheet``.

    Returns
    -------
    str
        One HTML page; the box and the table say the 95 % interval of the share visited.
    """
    return measures_map(coverage, MEASURES, lang, tile_url)
