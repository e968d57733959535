"""Map ``quality``: how complete, accurate and fresh the records of each grid are."""

from gridgeo.publish import Layer
from gridgeo.render.measures import measures_map
from gridgeo.words import Lang

MEASURES = ("quality_share", "completeness_share", "accuracy_share", "freshness_share")


def quality_map(quality: Layer, lang: Lang = "zh", tile_url: str | None = None) -> str:
    """Draw the quality of the household records.

    Parameters
    ----------
    quality : Layer
        As ``services.coverage_layers.quality_layer`` makes it.
    lang : {"zh", "en"}
    tile_url : str, optional
        See ``Sheet``.

    Returns
    -------
    str
        One HTML page.
    """
    return measures_map(quality, MEASURES, lang, tile_url)
