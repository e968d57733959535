"""The kinds of maps. A new kind is one file with one function, and one line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gridgeo.errors import NotFoundError, ParameterError
from gridgeo.publish import Layer
from gridgeo.render.assessment import assessment_map
from gridgeo.render.blind_spots import blind_spots_map
from gridgeo.render.coverage import coverage_map
from gridgeo.render.hotspots import hotspots_map
from gridgeo.render.incidents import incidents_map
from gridgeo.render.incidents_by_time import incidents_by_time_map
from gridgeo.render.load import load_map
from gridgeo.render.quality import quality_map
from gridgeo.render.staffing import staffing_map
from gridgeo.words import Lang


@dataclass(frozen=True)
class MapKind:
    """One kind of map.

    Parameters
    ----------
    draw : callable
        ``draw(needed, *optional, lang, tile_url)`` gives one HTML page.
    needs : str
        Id of the published layer it cannot do without.
    takes : tuple of str
        Ids of layers that are shown too where they are published.
    """

    draw: Callable[..., str]
    needs: str
    takes: tuple[str, ...] = ()


KINDS: dict[str, MapKind] = {
    "load": MapKind(load_map, "load", ("load-proposed",)),
    "blind-spots": MapKind(blind_spots_map, "blind-spots", ("grids",)),
    "incidents": MapKind(incidents_map, "incident-cells", ("grids",)),
    "incidents-by-time": MapKind(incidents_by_time_map, "incidents-by-time", ("grids",)),
    "hotspots": MapKind(hotspots_map, "hotspots"),
    "assessment": MapKind(assessment_map, "assessment"),
    "coverage": MapKind(coverage_map, "coverage"),
    "staffing": MapKind(staffing_map, "staffing"),
    "quality": MapKind(quality_map, "quality"),
}


def draw(
    kind: str, layers: Mapping[str, Layer], lang: Lang = "zh", tile_url: str | None = None
) -> str:
    """Draw a map of published layers.

    Parameters
    ----------
    kind : str
        A key of ``KINDS``.
    layers : mapping of str to Layer
        Published layers by id; more than the kind shows may be given.
    lang : {"zh", "en"}
    tile_url : str, optional
        The configured base map; none by default.

    Returns
    -------
    str
        One HTML page that opens without a network.

    Raises
    ------
    NotFoundError
        No such kind.
    ParameterError
        The layer the kind needs is not given.
    """
    if kind not in KINDS:
        raise NotFoundError(
            f"There is no map {kind!r}.",
            hint=f"Ask for one of {', '.join(KINDS)}.",
            fields=["kind"],
        )
    one = KINDS[kind]
    if one.needs not in layers:
        raise ParameterError(
            f"The map {kind!r} needs the layer {one.needs!r}; "
            f"given are {', '.join(layers) or 'none'}.",
            hint=f"Publish {one.needs} first.",
            fields=[one.needs],
        )
    return one.draw(
        layers[one.needs], *(layers.get(name) for name in one.takes), lang=lang, tile_url=tile_url
    )
