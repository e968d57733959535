"""What our maps draw beyond Folium's own: areas that share their shapes, labels, behaviour.

A view colours areas that another view colours differently. Folium's ``GeoJson`` would write the
shapes into the page once a view; here they stand in it once a layer.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from branca.element import MacroElement
from folium.map import Layer as FoliumLayer
from folium.template import Template

from gridgeo.render import assets

Style = dict[str, Any]

# Inside a script these could end it, or be taken for a template or for jQuery. JSON has them in
# texts only, where their numbers mean the same.
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&$`'%#\u2028\u2029"}


def script_json(value: object) -> str:
    """Write a value as JSON that may stand in a script, whatever its texts hold."""
    # Branca reads what was rendered as a template once more: a name such as {{ … }} would run in
    # this process.
    return orjson.dumps(value).decode().translate(_UNSAFE).replace("{{", "{\\u007b")


class Shapes(MacroElement):
    """The shapes of a layer and what is said of each, once for all its views.

    Parameters
    ----------
    areas : list of dict
        GeoJSON features whose ``id`` is the position in ``rows``.
    labels : sequence of str
        Plain texts before the values.
    rows : list of sequence of str
        Plain texts, one row a feature.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "const {{ this.get_name() }} = {{ this.data }};"
        "{% endmacro %}"
    )

    def __init__(
        self, areas: list[dict[str, Any]], labels: Sequence[str], rows: list[Sequence[str]]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca's is not annotated
        self._name = "Shapes"
        collection = {"type": "FeatureCollection", "features": areas}
        self.data = script_json({"areas": collection, "labels": labels, "rows": rows})


class Areas(FoliumLayer):
    """One view of shapes.

    Parameters
    ----------
    shapes : Shapes
    styles : sequence of dict or None
        Leaflet's path options, one a feature; None leaves the feature out.
    rings : sequence of (int, float, float)
        Position, longitude and latitude of features that are marked by a ring.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            const {{ this.get_name() }} = gridgeoAreas(
                {{ this.shapes.get_name() }}, {{ this.looks }}, {{ this.look }}, {{ this.rings }}
            );
        {% endmacro %}
        """
    )

    def __init__(
        self,
        shapes: Shapes,
        styles: Sequence[Style | None],
        rings: Sequence[tuple[int, float, float]] = (),
    ) -> None:
        super().__init__(control=False)
        self._name = "Areas"
        self.shapes = shapes
        looks: list[Style] = []
        for style in styles:
            if style is not None and style not in looks:
                looks.append(style)
        self.looks = script_json(looks)
        self.look = script_json([-1 if s is None else looks.index(s) for s in styles])
        self.rings = script_json(rings)


class Frames(MacroElement):
    """Lets the slider of the page colour one view differently for each position.

    Parameters
    ----------
    group : FeatureGroup
        Holds the ``Areas`` to colour.
    styles : sequence of sequence of dict
        For each position of the slider, one style a feature.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "gridgeoFrames({{ this.areas.get_name() }}, {{ this.looks }}, {{ this.frames }});"
        "{% endmacro %}"
    )

    def __init__(self, group: FoliumLayer, styles: Sequence[Sequence[Style | None]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca's is not annotated
        self._name = "Frames"
        self.areas = next(c for c in group._children.values() if isinstance(c, Areas))
        looks: list[Style | None] = []
        for style in (one for frame in styles for one in frame):
            if style not in looks:
                looks.append(style)
        self.looks = script_json(looks)
        self.frames = script_json([[looks.index(one) for one in frame] for frame in styles])


class ValueLabels(FoliumLayer):
    """Texts that stand in the middle of areas and cannot be clicked.

    Parameters
    ----------
    texts : sequence of (float, float, str)
        Latitude, longitude and plain text.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "const {{ this.get_name() }} = gridgeoLabels({{ this.texts }});"
        "{% endmacro %}"
    )

    def __init__(self, texts: Sequence[tuple[float, float, str]]) -> None:
        super().__init__(control=False)
        self._name = "ValueLabels"
        self.texts = script_json(texts)


class Functions(MacroElement):
    """The functions the other elements call: ``templates/map.js``."""

    _template = Template("{% macro script(this, kwargs) %}{{ this.code }}{% endmacro %}")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca's is not annotated
        self._name = "Functions"
        self.code = assets.text("templates/map.js")


class Behaviour(MacroElement):
    """Bounds, words, legends and keyboard of the page.

    Parameters
    ----------
    options : dict
        What ``gridgeoMap`` of ``templates/map.js`` asks for.
    legends : list of (layer, str)
        A layer and the id of the legend to be shown with it.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            gridgeoMap({{ this._parent.get_name() }}, {{ this.options }}, [
                {%- for layer, identity in this.legends %}
                [{{ layer.get_name() }}, {{ identity|tojson }}],
                {%- endfor %}
            ]);
        {% endmacro %}
        """
    )

    def __init__(self, options: dict[str, Any], legends: list[tuple[FoliumLayer, str]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca's is not annotated
        self._name = "Behaviour"
        self.options = script_json(options)
        self.legends = legends
