"""Which grid is responsible here?"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from gridgeo.services.locate import Locator
from gridgeo_api.asking import Layers, known_parameters
from gridgeo_api.problems import RESPONSES

router = APIRouter(dependencies=[Depends(known_parameters)], responses=RESPONSES)


class DutyContact(BaseModel):
    """Whom to call: the post, never a private number."""

    role: str = "grid leader on duty"
    phone: str | None


class Located(BaseModel):
    """The one grid that is responsible at a place."""

    grid_code: str
    grid_name: str | None
    village_code: str | None
    village_name: str | None
    duty_contact: DutyContact


@router.get("/v1/locate", summary="Which grid is responsible at this place")
def locate(
    request: Request,
    layers: Layers,
    lon: Annotated[
        float, Query(ge=-180, le=180, allow_inf_nan=False, description="longitude, WGS 84 degrees")
    ],
    lat: Annotated[
        float, Query(ge=-90, le=90, allow_inf_nan=False, description="latitude, WGS 84 degrees")
    ],
) -> Located:
    """Answer with exactly one grid, its village and its duty contact.

    A place in no grid is a 404 whose ``nearest`` names the nearest grid and its distance.
    """
    found = _locator(request, layers).at(lon, lat)
    return Located(
        grid_code=found.grid_code,
        grid_name=found.grid_name,
        village_code=found.village_code,
        village_name=found.village_name,
        duty_contact=DutyContact(phone=found.duty_phone),
    )


def _locator(request: Request, layers: Layers) -> Locator:
    """Build the index anew only when the grids have a new version."""
    grids = layers.layer("grids")
    kept = getattr(request.app.state, "locator", None)
    if kept is None or kept[0] is not grids:
        kept = (grids, Locator(grids))
        request.app.state.locator = kept
    locator: Locator = kept[1]
    return locator
