"""The layers of a sample town as frames that keep their contracts, and the truth about them."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgeo.model.crs import to_rest
from gridgeo.model.frames import SIZE_BANDS
from gridgeo.sample.ground import Ground
from gridgeo.sample.homes import REACH_M, Homes
from gridgeo.sample.plan import BANDS, ESTATE_DWELLINGS, ESTATE_OCCUPIED, Plan
from gridgeo.sample.registers import short_name

METRES = "EPSG:4549"

_DEGREE_DIGITS = 9  # 0.1 mm: shared corners stay shared, planted areas survive
_SIZE_SHARES = (0.21, 0.33, 0.37, 0.09)
_SIZE_NOTES = {
    "above": "occupied households above the band",
    "below": "occupied households below the band",
    "estate": f"{ESTATE_DWELLINGS} dwellings, {ESTATE_OCCUPIED} lived in: above the band",
}
_PERSONS_A_CENTRE = 4000.0
_PERSONS_AN_OUTPOST = 1500.0


def towns(ground: Ground, register: pd.DataFrame) -> gpd.GeoDataFrame:
    """Give the towns, each the union of its blocks, by code."""
    first = register.drop_duplicates("town_code")
    return gpd.GeoDataFrame(
        {"name": first["town"].to_numpy()},
        index=pd.Index(first["town_code"], name="town_code"),
        geometry=[
            shapely.union_all(ground.blocks[ground.town == one]) for one in range(len(first))
        ],
        crs=METRES,
    )


def villages(ground: Ground, plan: Plan, register: pd.DataFrame) -> gpd.GeoDataFrame:
    """Give the villages and communities, each the union of its blocks, by code."""
    places = range(len(register))
    return gpd.GeoDataFrame(
        register[["name", "town_code", "kind"]],
        geometry=[shapely.union_all(ground.blocks[plan.village == place]) for place in places],
        crs=METRES,
    ).sort_index()


def grids(plan: Plan, drawn: NDArray[np.object_]) -> gpd.GeoDataFrame:
    """Give the grids as drawn, defects and all; the duty lines are fictitious."""
    frame = gpd.GeoDataFrame(
        plan.grids[["name", "village_code", "kind"]], geometry=drawn, crs=METRES
    ).sort_index()
    frame.insert(3, "duty_phone", [f"0523-8{n + 1:07d}" for n in range(len(frame))])
    frame.insert(4, "valid_from", pd.Timestamp("2026-01-01").as_unit("us"))
    return frame


def units(
    ground: Ground, plan: Plan, occupied: NDArray[np.int64], register: pd.DataFrame
) -> gpd.GeoDataFrame:
    """Give the base units: every block with its occupied households, village and grid today."""
    codes = plan.grids.index.to_numpy()[plan.grid]
    villages = plan.grids["village_code"].to_numpy()[plan.grid]
    return gpd.GeoDataFrame(
        {"households": occupied, "village_code": villages, "grid_code": codes},
        index=pd.Index(unit_ids(plan, register), name="unit_id"),
        geometry=ground.blocks,
        crs=METRES,
    )


def unit_ids(plan: Plan, register: pd.DataFrame) -> NDArray[np.object_]:
    """Give the ids of the units, numbered within their town in the order of the blocks."""
    return _numbered(register["town_code"].to_numpy()[plan.village], "U{:04d}")


def _numbered(codes: NDArray[np.object_], form: str) -> NDArray[np.object_]:
    """Give numbered ids from 1 for each code, in order."""
    number = pd.Series(codes).groupby(codes).cumcount() + 1
    return np.array(
        [code + form.format(n) for code, n in zip(codes, number, strict=True)], dtype=object
    )


def households(
    homes: Homes,
    plan: Plan,
    gap_blocks: list[int],
    register: pd.DataFrame,
    rng: np.random.Generator,
) -> gpd.GeoDataFrame:
    """Give the dwellings; those in a gap have no grid on record, empty ones no size band."""
    codes = plan.grids.index.to_numpy(dtype=object)[plan.grid[homes.block]]
    codes[np.isin(homes.block, gap_blocks)] = None
    band = rng.choice(np.array(SIZE_BANDS, dtype=object), size=len(codes), p=_SIZE_SHARES)
    band[~homes.lived_in] = None
    unit = unit_ids(plan, register)[homes.block]
    town = register["town_code"].to_numpy()[plan.village[homes.block]]
    building = pd.Series([f"{u}-{b:02d}" for u, b in zip(unit, homes.building, strict=True)])
    door = building.groupby(building).cumcount() + 1
    return gpd.GeoDataFrame(
        {
            "address_id": (building + "-" + door.map("{:03d}".format)).to_numpy(),
            "size_band": band,
            "lived_in": homes.lived_in,
            "grid_code": codes,
        },
        index=pd.Index(_numbered(town, "H{:06d}"), name="household_id"),
        geometry=shapely.points(homes.xy),
        crs=METRES,
    )


def addresses(
    households: gpd.GeoDataFrame,
    homes: Homes,
    plan: Plan,
    register: pd.DataFrame,
    streets: NDArray[np.object_],
) -> gpd.GeoDataFrame:
    """Give every dwelling an address text: town, village, the street of its block, number, door."""
    place = plan.village[homes.block]
    village = np.array([short_name(name) for name in register["name"]], dtype=object)[place]
    town = register["town"].to_numpy(dtype=object)[place]
    street = streets[homes.block]
    where = town + village + street
    building = households["address_id"].str.rpartition("-")[0].to_numpy(dtype=object)
    first = ~pd.Series(building).duplicated()
    number = first.groupby(where).cumsum().to_numpy()
    number = pd.Series(number).groupby(building).transform("first").astype("str").to_numpy(object)
    door = households["address_id"].str.rpartition("-")[2].to_numpy(dtype=object)
    return gpd.GeoDataFrame(
        {
            "address": "江苏省靖江市" + where + number + "号" + door + "室",
            "grid_code": households["grid_code"].to_numpy(dtype=object),
        },
        index=pd.Index(households["address_id"], name="address_id"),
        geometry=households.geometry.to_numpy(),
        crs=METRES,
    )


def stations(
    ground: Ground, plan: Plan, register: pd.DataFrame, sites: list[tuple[int, bool]]
) -> gpd.GeoDataFrame:
    """Give the stations: one service centre a village, and outposts."""
    names = [short_name(name) for name in register["name"]]
    centre = np.array([is_centre for _, is_centre in sites])
    place = pd.Series([names[plan.village[block]] for block, _ in sites])
    number = place.groupby([place, centre]).cumcount() + 1
    return gpd.GeoDataFrame(
        {
            "name": np.where(
                centre, place + "党群服务中心", place + "便民服务点" + number.astype("str")
            ),
            "kind": np.where(centre, "centre", "outpost"),
            "capacity": np.where(centre, _PERSONS_A_CENTRE, _PERSONS_AN_OUTPOST),
        },
        index=pd.Index([f"S{n + 1:03d}" for n in range(len(sites))], name="station_id"),
        geometry=shapely.points(ground.centres[[block for block, _ in sites]]),
        crs=METRES,
    )


def at_rest(frame: pd.DataFrame) -> pd.DataFrame:
    """Bring a layer to EPSG:4490, coordinates rounded to 0.1 mm; a plain table stays as it is."""
    return rounded(to_rest(frame)) if isinstance(frame, gpd.GeoDataFrame) else frame


def rounded(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Round a layer's degrees to 0.1 mm; corners that were one stay one."""
    shapes = shapely.transform(
        frame.geometry.to_numpy(), lambda degrees: np.round(degrees, _DEGREE_DIGITS)
    )
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def orphan_truth(
    households: gpd.GeoDataFrame, homes: Homes, gap_blocks: list[int]
) -> list[dict[str, object]]:
    """Record the households of each gap."""
    return [
        {
            "kind": "orphan",
            "subjects": households.index[homes.block == block].tolist(),
            "note": "every household of one gap; no grid on record",
        }
        for block in gap_blocks
    ]


def size_truth(plan: Plan) -> list[dict[str, object]]:
    """Record the general grids outside their band."""
    return [
        {
            "kind": "size",
            "subjects": [code],
            "value": int(row["households"]),
            "band": list(BANDS["community" if row["urban"] else "village"]),
            "note": _SIZE_NOTES[row["role"]],
        }
        for code, row in plan.grids.iterrows()
        if row["role"] in ("above", "below", "estate")
    ]


def reach_truth(hamlet: gpd.GeoDataFrame, stations: gpd.GeoDataFrame) -> dict[str, object]:
    """Record the remote hamlet."""
    nearest_m = hamlet.distance(stations.union_all())
    return {
        "kind": "reach",
        "subjects": hamlet.index.tolist(),
        "value": round(float(nearest_m.min()), 1),
        "standard_m": REACH_M,
        "note": "one hamlet; value: metres from its nearest household to a station",
    }
