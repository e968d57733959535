"""The published layers as GeoJSON, whole or by page and place."""

from typing import Annotated, Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import numpy as np
import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from gridgeo.errors import ParameterError
from gridgeo.render.geojson import to_geojson
from gridgeo.services.published import Disclosure, Gallery, Layer
from gridgeo_api.asking import Layers, Scope, known_parameters
from gridgeo_api.problems import RESPONSES

router = APIRouter(
    prefix="/ogc", dependencies=[Depends(known_parameters)], responses=RESPONSES, tags=["layers"]
)


class GeoJSON(Response):
    """A GeoJSON document."""

    media_type = "application/geo+json"


CollectionId = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,60}$", description="id of a layer")]

_Page = tuple[dict[str, Any], np.ndarray]


class _Pages:
    """Decoded features of a layer with their bounds, made once per version."""

    def __init__(self) -> None:
        self._made: WeakKeyDictionary[Layer, tuple[dict[str, Any], np.ndarray]] = (
            WeakKeyDictionary()
        )

    def of(self, layer: Layer) -> _Page:
        """Give the layer's feature collection and each feature's bounds."""
        if layer not in self._made:
            document = orjson.loads(to_geojson(layer))
            self._made[layer] = (document, layer.features.geometry.bounds.to_numpy())
        return self._made[layer]


_pages = _Pages()


@router.get("/collections", summary="The published layers")
def collections(request: Request, layers: Layers, scope: Scope) -> dict[str, Any]:
    """List what the caller may see, each with its extent, unit, source and disclosure level."""
    names = layers.names(scope)
    return {
        "collections": [_described(request, layers, name, scope) for name in names],
        "links": [_link(request, "collections", "self", "application/json")],
    }


@router.get("/collections/{collection_id}", summary="One published layer")
def collection(
    request: Request, layers: Layers, scope: Scope, collection_id: CollectionId
) -> dict[str, Any]:
    """Describe one layer: extent, columns, unit, period, source, what was withheld."""
    return _described(request, layers, collection_id, scope)


@router.get(
    "/collections/{collection_id}/items",
    summary="Features of a layer",
    response_class=GeoJSON,
)
def items(
    request: Request,
    layers: Layers,
    scope: Scope,
    collection_id: CollectionId,
    limit: Annotated[int, Query(ge=1, le=10_000, description="features a page")] = 1000,
    after: Annotated[str | None, Query(description="id after which the page begins")] = None,
    bbox: Annotated[
        str | None, Query(description="west,south,east,north in WGS 84 degrees")
    ] = None,
) -> GeoJSON:
    """Give features by id, a page at a time; ``next`` leads on."""
    document, bounds = _pages.of(layers.layer(collection_id, scope))
    features = document["features"]
    ids = [feature["id"] for feature in features]
    chosen = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=int)
    if bbox is not None:
        chosen = chosen[_meets(bounds[chosen], _box(bbox))]
    matched = len(chosen)
    if after is not None:
        chosen = chosen[[ids[i] > after for i in chosen]]
    page = [features[i] for i in chosen[:limit]]
    path = f"collections/{collection_id}/items"
    links = [_link(request, path, "self", GeoJSON.media_type)]
    if len(chosen) > limit:
        query = {"limit": limit, "after": page[-1]["id"]} | ({"bbox": bbox} if bbox else {})
        links.append(_link(request, f"{path}?{urlencode(query)}", "next", GeoJSON.media_type))
    return GeoJSON(
        orjson.dumps(
            {
                "type": "FeatureCollection",
                "features": page,
                "numberMatched": matched,
                "numberReturned": len(page),
                "links": links,
                "gridgeo": document["gridgeo"],
            }
        )
    )


def _described(request: Request, layers: Gallery, name: str, scope: Disclosure) -> dict[str, Any]:
    document, bounds = _pages.of(layers.layer(name, scope))
    meta = document["gridgeo"]
    here = f"collections/{name}"
    found: dict[str, Any] = {
        "id": name,
        "title": f"{meta['title']['zh']} / {meta['title']['en']}",
        "itemType": "feature",
        "links": [
            _link(request, here, "self", "application/json"),
            _link(request, f"{here}/items", "items", GeoJSON.media_type),
        ],
        "gridgeo": meta,
    }
    if len(bounds):
        extent = [*np.nanmin(bounds[:, :2], axis=0), *np.nanmax(bounds[:, 2:], axis=0)]
        found["extent"] = {"spatial": {"bbox": [[round(float(v), 7) for v in extent]]}}
    return found


def _link(request: Request, path: str, rel: str, media_type: str | None) -> dict[str, Any]:
    return {"href": f"{request.base_url}ogc/{path}", "rel": rel, "type": media_type}


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west = south = east = north = float("nan")
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ParameterError(
            f"bbox={text!r} is no box; west,south,east,north in degrees is needed.",
            fields=["bbox"],
        )
    return west, south, east, north


def _meets(bounds: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    west, south, east, north = box
    return (
        (bounds[:, 0] <= east)
        & (bounds[:, 2] >= west)
        & (bounds[:, 1] <= north)
        & (bounds[:, 3] >= south)
    )
