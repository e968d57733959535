"""Map ``incidents``: where they gather, from cells that each tell of at least k."""

import folium
import numpy as np
import numpy.typing as npt
import scipy.ndimage
import shapely

from gridgeo.publish import Layer
from gridgeo.render.colours import INFERNO, Classes, even_classes, ramp, steep_classes
from gridgeo.render.elements import Style
from gridgeo.render.panels import Swatch
from gridgeo.render.sheet import Sheet
from gridgeo.render.values import figures, head
from gridgeo.words import Lang, say

BANDWIDTH_M = 300.0  # fixed, so that one month's picture can be laid beside another's
MAX_ZOOM = 15
_PIXELS_AT_MOST = 250_000
_METRES_PER_DEGREE = 111_320.0


def incidents_map(
    cells: Layer,
    grids: Layer | None = None,
    lang: Lang = "zh",
    tile_url: str | None = None,
) -> str:
    """Draw incidents as heat, or as the cells themselves.

    Parameters
    ----------
    cells : Layer
        ``incident-cells``: ``incidents`` and ``area_km2`` of k-safe cells.
    grids : Layer, optional
        Drawn as grey borders underneath.
    lang : {"zh", "en"}
    tile_url : str, optional
        See ``Sheet``.

    Returns
    -------
    str
        One HTML page, down to zoom 15. The heat is the density of the cells, spread over 300 m
        on the ground whatever the zoom; nothing on the map is a single incident.
    """
    sheet = Sheet([cells, *([] if grids is None else [grids])], lang, tile_url, MAX_ZOOM)
    if grids is not None:
        sheet.outline(grids)
    per_km2 = figures(cells, "incidents") / figures(cells, "area_km2")
    classes = steep_classes(per_km2)
    if len(cells.features):
        density, bounds = _spread(cells, np.nan_to_num(figures(cells, "incidents")))
        steps = even_classes(density[density > density.max() / 100], 9, INFERNO)
        heat = folium.raster_layers.ImageOverlay(
            _paint(density, steps),
            bounds,
            name=head("heat", lang),
            alt=head("heat", lang),
            overlay=False,
            pixelated=False,
        )
        sheet.choice(heat)
        spread = say("spread_over", lang).format(metres=f"{BANDWIDTH_M:.0f}")
        sheet.explain(heat, f"{head('per_km2', lang)} · {spread}", _swatches(steps))
    # The large squares of the country tell of little: they stay in the background.
    faint = classes.colours[0] if classes.breaks else ""
    styles: list[Style] = [
        cell_style(colour) | ({"fillOpacity": 0.3} if colour == faint else {})
        for colour in classes.paint(per_km2)
    ]
    squares = sheet.areas(
        cells,
        styles,
        ("incidents", "area_km2"),
        head("cells", lang),
        overlay=False,
        show=not len(cells.features),
    )
    if len(cells.features):
        sheet.explain(squares, head("per_km2", lang), _swatches(classes), show=False)
    sheet.table(cells, [one.name for one in cells.columns if one.name != "withheld"])
    return sheet.page(cells.title(lang))


def cell_style(colour: str) -> Style:
    """Give a cell its colour.

    Its border too: thousands of cells, seen from afar, would be borders and nothing else.
    """
    return {"fillColor": colour, "fillOpacity": 0.8, "color": colour, "weight": 0.5}


def _spread(
    cells: Layer, incidents: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], list[list[float]]]:
    """Spread the incidents of cells over the bandwidth: per km², north up, and the bounds.

    Rows run evenly in Web Mercator, as Leaflet stretches images; the bandwidth is measured at
    the middle latitude, which over a city is exact to 1 %.
    """
    shapes = cells.features.geometry.to_numpy()
    west, south, east, north = shapely.total_bounds(shapes)
    middle = np.radians((south + north) / 2)
    margin = 3 * BANDWIDTH_M / _METRES_PER_DEGREE
    west, east = west - margin / np.cos(middle), east + margin / np.cos(middle)
    south, north = south - margin, north + margin
    across, up = (east - west) * np.cos(middle), north - south
    # Eight pixels a bandwidth are smooth; a large city gets fewer.
    pixel = max(BANDWIDTH_M / 8 / _METRES_PER_DEGREE, np.sqrt(across * up / _PIXELS_AT_MOST))
    columns, rows = int(np.ceil(across / pixel)), int(np.ceil(up / pixel))
    top, bottom = _mercator(north), _mercator(south)
    x = west + (np.arange(columns) + 0.5) / columns * (east - west)
    y = _latitude(top - (np.arange(rows) + 0.5) / rows * (top - bottom))
    points = shapely.points(*(axis.ravel() for axis in np.meshgrid(x, y)))
    tree = shapely.STRtree(points)
    cell, point = tree.query(shapes, predicate="intersects")
    # A cell between the pixels goes into the nearest one: nothing is lost.
    between = np.setdiff1d(np.arange(len(shapes)), cell)
    cell = np.append(cell, between)
    point = np.append(point, tree.nearest(shapely.point_on_surface(shapes[between])))
    count = np.zeros(rows * columns)
    np.add.at(count, point, (incidents / np.bincount(cell))[cell])
    pixel_km2 = across * up * (_METRES_PER_DEGREE / 1000) ** 2 / count.size
    sigma = BANDWIDTH_M / (pixel * _METRES_PER_DEGREE)
    spread = scipy.ndimage.gaussian_filter(count.reshape(rows, columns), sigma, mode="constant")
    return spread / pixel_km2, [[south, west], [north, east]]


def _paint(density: npt.NDArray[np.float64], classes: Classes) -> npt.NDArray[np.uint8]:
    """Colour densities on the scale of the classes, fading out towards none."""
    colours = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in ramp(INFERNO, 256)])
    edges = np.array([0.0, *classes.breaks, max(density.max(), *classes.breaks, 1e-9)])
    place = np.interp(density, edges, np.linspace(0, 1, len(edges)))
    opacity = np.clip(density / edges[1], 0, 1) * 215
    return np.dstack([colours[(place * 255).astype(int)], opacity]).astype(np.uint8)


def _swatches(classes: Classes) -> list[Swatch]:
    labels = classes.labels(lambda value: f"{value:,.10g}")
    return [Swatch(t or "> 0", c) for t, c in zip(labels, classes.colours, strict=True)][::-1]


def _mercator(latitude: float) -> float:
    return float(np.arcsinh(np.tan(np.radians(latitude))))


def _latitude(y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.degrees(np.arctan(np.sinh(y)))
