"""A map in the making: layers are laid on, then it becomes one page."""

from collections.abc import Sequence
from typing import Any

import folium
import numpy as np
import shapely
from folium.map import Layer as FoliumLayer

from gridgeo.errors import DisclosureError
from gridgeo.publish import Layer
from gridgeo.render import geojson
from gridgeo.render.elements import Areas, Behaviour, Functions, Shapes, Style, ValueLabels
from gridgeo.render.escape import escape
from gridgeo.render.offline import one_file
from gridgeo.render.panels import Swatch, legend, legend_box, table_box, title_box
from gridgeo.render.values import head, written
from gridgeo.words import Lang, say

# Beyond this many shapes a canvas draws faster than SVG, and no one tabs through them.
_SVG_AT_MOST = 1500
_DECIMALS = 6  # a tenth of a metre

_OUTLINE: Style = {"color": "#7b8794", "weight": 0.8, "opacity": 0.7, "fill": False}


class Sheet:
    """A map in the making.

    Parameters
    ----------
    layers : sequence of Layer
        All that will be shown and named in the title box; the page opens on the last one.
    lang : {"zh", "en"}
    tile_url : str, optional
        The configured base map, with ``{z}``, ``{x}``, ``{y}``; none by default.
    max_zoom : int

    Raises
    ------
    DisclosureError
        Something else than a Layer is to be shown.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        lang: Lang,
        tile_url: str | None = None,
        max_zoom: int = 19,
    ) -> None:
        for layer in layers:
            if not isinstance(layer, Layer):
                raise DisclosureError(
                    f"Found a {type(layer).__name__}; a map shows published layers only.",
                    hint="Call publish.release(frame, scope, ledger) first.",
                )
        self.layers = list(layers)
        self.lang = lang
        self._tile_url = tile_url
        self._legends: list[tuple[FoliumLayer, str, str]] = []
        self._label_zoom = 0.0
        self._tables: list[tuple[Layer, Sequence[str]]] = []
        self._panels = ""
        self._written: dict[int, Shapes] = {}
        self._choices = 0
        self._count = sum(len(layer.features) for layer in layers)
        # Leaflet and MarkerCluster read maxZoom, not Folium's max_zoom.
        self.map = folium.Map(
            tiles=None,
            zoom_control=False,
            attributionControl=False,
            maxZoom=max_zoom,
            zoomSnap=0.5,
            prefer_canvas=self._count > _SVG_AT_MOST,
        )
        Functions().add_to(self.map)
        if tile_url:
            folium.TileLayer(
                tile_url, attr=" ", name=escape(say("base_map", lang)), overlay=True, opacity=0.6,
                max_zoom=max_zoom,
            ).add_to(self.map)  # fmt: skip
            self._choices += 1

    def outline(self, layer: Layer) -> None:
        """Lay grey borders under everything, for orientation."""
        shapes = Shapes(self._features(layer), [], [])
        shapes.add_to(self.map)
        Areas(shapes, [_OUTLINE] * len(layer.features)).add_to(self.map)

    def areas(
        self,
        layer: Layer,
        styles: Sequence[Style | None],
        tips: Sequence[str],
        name: str,
        *,
        overlay: bool,
        show: bool,
        labels: Sequence[str] | None = None,
        ring: bool = False,
    ) -> folium.FeatureGroup:
        """Lay areas on the map; a box opens on pointing at one, or on reaching it by keyboard.

        Parameters
        ----------
        layer : Layer
        styles : sequence of dict or None
            One a feature, as Leaflet's path options; None leaves the feature out.
        tips : sequence of str
            Columns the box says, the same for all views of a layer.
        name : str
            Plain text: the layer's name in the layer control.
        overlay : bool
            True: shown or hidden by itself. False: one of several views to choose from.
        show : bool
        labels : sequence of str, optional
            Plain texts, one a feature, that stand in the areas; "" for none.
        ring : bool
            Mark by a ring what is too small to be seen.

        Returns
        -------
        FeatureGroup
        """
        group = folium.FeatureGroup(name=escape(name), overlay=overlay, show=show)
        rings = self._rings(layer, styles) if ring else []
        Areas(self._shapes(layer, tips), styles, rings).add_to(group)
        if labels is not None:
            self._label(layer, labels).add_to(group)
        group.add_to(self.map)
        self._choices += 1
        return group

    def choice(self, layer: FoliumLayer) -> None:
        """Add something else to choose from in the layer control, such as an image."""
        layer.add_to(self.map)
        self._choices += 1

    def explain(
        self, layer: FoliumLayer, title: str, swatches: Sequence[Swatch], *, show: bool = True
    ) -> None:
        """Add the legend of a layer; it is shown whenever the layer is."""
        identity = f"scale-{len(self._legends)}"
        html = legend(identity, title, swatches, hidden=not show)
        self._legends.append((layer, identity, html))

    def table(self, layer: Layer, columns: Sequence[str]) -> None:
        """Put the figures of a layer beside the map as a table that can be opened."""
        self._tables.append((layer, columns))

    def panel(self, html: str) -> None:
        """Put a box beside the map; whoever wrote it has escaped what came from data."""
        self._panels += html

    def page(self, title: str) -> str:
        """Finish the map.

        Parameters
        ----------
        title : str
            Plain text.

        Returns
        -------
        str
            One HTML page that needs no network but for the configured base map.
        """
        if self._choices > 1:
            folium.LayerControl(collapsed=False).add_to(self.map)
        options = {
            "bounds": self._bounds(),
            "label_zoom": self._label_zoom,
            "keyboard": self._count <= _SVG_AT_MOST,
            "map": f"{say('map', self.lang)}: {title}",
            "zoom_in": say("zoom_in", self.lang),
            "zoom_out": say("zoom_out", self.lang),
            "layers": head("layers", self.lang),
        }
        legends = [(layer, identity) for layer, identity, _ in self._legends]
        Behaviour(options, legends).add_to(self.map)
        panels = title_box(title, self.layers, self.lang)
        panels += legend_box([html for *_, html in self._legends], self.lang)
        several = len(self._tables) > 1
        tables = "".join(
            table_box(layer, columns, self.lang, layer.title(self.lang) if several else "")
            for layer, columns in self._tables
        )
        panels = f'<div class="side">{panels}</div>{self._panels}'
        return one_file(
            self.map,
            title=title,
            lang=self.lang,
            panels=panels + (f'<div class="twins">{tables}</div>' if tables else ""),
            tile_url=self._tile_url,
        )

    def _shapes(self, layer: Layer, tips: Sequence[str]) -> Shapes:
        """Write a layer's shapes into the page, once."""
        if id(layer) not in self._written:
            texts = [written(layer, tip, self.lang) for tip in tips]
            rows: list[Sequence[str]] = [*zip(*texts, strict=True)]
            labels = [layer.field(tip).label(self.lang) for tip in tips]
            shapes = Shapes(self._features(layer), labels, rows)
            self._written[id(layer)] = shapes
            shapes.add_to(self.map)
        return self._written[id(layer)]

    def _features(self, layer: Layer) -> list[dict[str, Any]]:
        # A position as id: the feature's own may be any text a file brought.
        return [
            {"type": "Feature", "id": position, "geometry": shape, "properties": {}}
            for position, shape in enumerate(geojson.shapes(layer.features.geometry, _DECIMALS))
            if shape is not None
        ]

    def _rings(
        self, layer: Layer, styles: Sequence[Style | None]
    ) -> list[tuple[int, float, float]]:
        """Give a place for each feature that is smaller than a sixtieth of the map across."""
        bounds = self._bounds()
        if bounds is None:
            return []
        (south, west), (north, east) = bounds
        shapes = layer.features.geometry.to_numpy()
        tiny = np.sqrt(shapely.area(shapes)) < max(north - south, east - west) / 60
        return [
            (position, round(place.x, _DECIMALS), round(place.y, _DECIMALS))
            for position, place in enumerate(shapely.point_on_surface(shapes))
            if tiny[position] and styles[position] is not None and not shapely.is_empty(place)
        ]

    def _label(self, layer: Layer, labels: Sequence[str]) -> ValueLabels:
        shapes = layer.features.geometry.to_numpy()
        # Centroids can fall outside a U-shaped grid; the label must not.
        places = shapely.point_on_surface(shapes)
        texts = [
            (round(point.y, _DECIMALS), round(point.x, _DECIMALS), text)
            for point, text in zip(places, labels, strict=True)
            if text and point is not None and not point.is_empty
        ]
        if texts:
            west, _, east, _ = shapely.bounds(shapes[[bool(text) for text in labels]]).T
            # A label is about 44 pixels wide; a pixel of zoom z is 360 / 256 / 2^z degrees.
            middle = max(float(np.nanmedian(east - west)), 1e-6)
            least = float(np.ceil(np.log2(44 * 360 / 256 / middle) * 2) / 2)
            self._label_zoom = max(self._label_zoom, least)
        return ValueLabels(texts)

    def _bounds(self) -> list[list[float]] | None:
        for layer in reversed(self.layers):
            west, south, east, north = (float(x) for x in layer.features.total_bounds)
            if np.isfinite([west, south, east, north]).all():
                return [[south, west], [north, east]]
        return None
