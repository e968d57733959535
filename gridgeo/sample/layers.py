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
from gridgeo.sample.plan import BANDS, Plan
from gridgeo.sample.registers import short_name

METRES = "EPSG:4549"

_DEGREE_DIGITS = 9  # 0.1 mm: shared corners stay shared, planted areas survive
_SIZE_SHARES = (0.21, 0.33, 0.37, 0.09)
_PERSONS_A_CENTRE = 4000.0
_PERSONS_AN_OUTPOST = 1500.0


def towns(ground: Ground, register: pd.DataFrame, town_code: str) -> gpd.GeoDataFrame:
    """Give the town: the union of its blocks."""
    return gpd.GeoDataFrame(
        {"name": register["town"].iloc[:1].to_numpy()},
        index=pd.Index([town_code], name="town_code"),
        geometry=[shapely.union_all(ground.blocks)],
        crs=METRES,
    )


def villages(
    ground: Ground, plan: Plan, register: pd.DataFrame, town_code: str
) -> gpd.GeoDataFrame:
    """Give the villages and communities, each the union of its blocks, by code."""
    places = range(len(register))
    return gpd.GeoDataFrame(
        {"name": register["name"], "town_code": town_code, "kind": register["kind"]},
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
    ground: Ground, plan: Plan, occupied: NDArray[np.int64], town_code: str
) -> gpd.GeoDataFrame:
    """Give the base units: every block with its occupied households, village and grid today."""
    codes = plan.grids.index.to_numpy()[plan.grid]
    villages = plan.grids["village_code"].to_numpy()[plan.grid]
    return gpd.GeoDataFrame(
        {"households": occupied, "village_code": villages, "grid_code": codes},
        index=pd.Index(unit_ids(len(occupied), town_code), name="unit_id"),
        geometry=ground.blocks,
        crs=METRES,
    )


def unit_ids(count: int, town_code: str) -> NDArray[np.object_]:
    """Give the ids of a town's units, in the order of its blocks."""
    return np.array([f"{town_code}U{n + 1:04d}" for n in range(count)], dtype=object)


def households(
    homes: Homes, plan: Plan, gap_blocks: list[int], town_code: str, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Give the dwellings; those in a gap have no grid on record, empty ones no size band."""
    codes = plan.grids.index.to_numpy(dtype=object)[plan.grid[homes.block]]
    codes[np.isin(homes.block, gap_blocks)] = None
    band = rng.choice(np.array(SIZE_BANDS, dtype=object), size=len(codes), p=_SIZE_SHARES)
    band[~homes.lived_in] = None
    unit = unit_ids(len(plan.grid), town_code)[homes.block]
    building = pd.Series([f"{u}-{b:02d}" for u, b in zip(unit, homes.building, strict=True)])
    door = building.groupby(building).cumcount() + 1
    return gpd.GeoDataFrame(
        {
            "address_id": (building + "-" + door.map("{:03d}".format)).to_numpy(),
            "size_band": band,
            "lived_in": homes.lived_in,
            "grid_code": codes,
        },
        index=pd.Index(
            [f"{town_code}H{n + 1:06d}" for n in range(len(codes))], name="household_id"
        ),
        geometry=shapely.points(homes.xy),
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
            "note": f"occupied households {row['role']} the band",
        }
        for code, row in plan.grids.iterrows()
        if row["role"] in ("above", "below")
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
