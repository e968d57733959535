"""The grids that answers were given by: kept, so that it can be told where borders changed."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import CTE, Connection, Select, Text, cast, delete, func, insert, literal, select
from sqlalchemy import true as always
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from gridgeo.model.answered import Basis
from gridgeo.model.crs import REST
from gridgeo.model.frames import GRIDS
from gridgeo.store.reading import shape_out
from gridgeo.store.tables import incident_grid_base_rows as rows_of
from gridgeo.store.tables import incident_grid_bases as bases
from gridgeo.store.tables import layers

_KEPT = ("version_id", "grid_code", "valid_from", "valid_to", "geometry")


def keep(connection: Connection, nearest_within_m: float | None) -> int:
    """Keep every version of every grid as it stands.

    Parameters
    ----------
    connection : Connection
    nearest_within_m : float or None
        What incidents are asked with.

    Returns
    -------
    int
        The ``base_id``; that of a basis kept already where all is the same.
    """
    table = layers[GRIDS.name]
    condensed = _condensed(nearest_within_m)
    # One statement, so that digest and rows tell of the same moment.
    made = (
        insert_or_not(bases)
        .from_select(
            ["digest", "nearest_within_m"],
            select(condensed.c.digest, literal(nearest_within_m, bases.c.nearest_within_m.type)),
        )
        .on_conflict_do_nothing()
        .returning(bases.c.base_id)
        .cte("made")
    )
    kept = (
        insert(rows_of)
        .from_select(
            ["base_id", *_KEPT],
            select(made.c.base_id, *(table.c[name] for name in _KEPT)).select_from(
                made.join(table, always())
            ),
        )
        .returning(rows_of.c.base_id)
        .cte("kept")
    )
    digest = connection.scalar(select(condensed.c.digest).add_cte(kept))
    asked = select(bases.c.base_id).where(bases.c.digest == digest)
    return connection.execute(asked).scalar_one()


def read(connection: Connection) -> list[Basis]:
    """Give all that are kept, oldest first."""
    chosen = select(bases.c.base_id, bases.c.nearest_within_m).order_by(bases.c.base_id)
    return [
        Basis(base_id, _versions(connection, base_id), nearest)
        for base_id, nearest in connection.execute(chosen).all()
    ]


def keep_only(connection: Connection, base_id: int) -> None:
    """Forget all but one; their rows go with them."""
    connection.execute(delete(bases).where(bases.c.base_id != base_id))


def moved(connection: Connection) -> bool:
    """Tell whether answers may be wrong: grids changed since, or a run was cut off."""
    kept = connection.execute(select(bases.c.digest, bases.c.nearest_within_m)).all()
    if len(kept) != 1:
        return len(kept) > 1
    digest, nearest = kept[0]
    return connection.scalar(select(_condensed(nearest).c.digest)) != digest


def _versions(connection: Connection, base_id: int) -> gpd.GeoDataFrame:
    chosen: Select = (
        select(
            rows_of.c.grid_code,
            rows_of.c.valid_from,
            rows_of.c.valid_to,
            shape_out(rows_of.c.geometry),
        )
        .where(rows_of.c.base_id == base_id)
        # By code point: of several grids that cover a place the lower code answers.
        .order_by(rows_of.c.grid_code.collate("C"), rows_of.c.valid_from.asc().nulls_first())
    )
    rows = connection.execute(chosen).all()
    codes, since, until, shapes = zip(*rows, strict=True) if rows else ((), (), (), ())
    return gpd.GeoDataFrame(
        {
            "valid_from": pd.Series(since, dtype="datetime64[us]"),
            "valid_to": pd.Series(until, dtype="datetime64[us]"),
        },
        geometry=shapely.from_wkb(np.array(shapes, object)),
        crs=REST,
    ).set_index(pd.Index(codes, name="grid_code", dtype="str"))


def _condensed(nearest_within_m: float | None) -> CTE:
    """Condense all that decides about an answer: names and duty lines do not."""
    table = layers[GRIDS.name]
    told = func.jsonb_build_array(
        table.c.grid_code, cast(table.c.valid_from, Text), cast(table.c.valid_to, Text)
    )
    shape = func.md5(func.ST_AsBinary(table.c.geometry, "NDR"))
    order = (table.c.grid_code.collate("C"), table.c.valid_from.asc().nulls_first())
    each = cast(told, Text) + literal(" ") + shape
    whole = func.string_agg(each, aggregate_order_by(literal("\n"), *order))
    asked = literal(f"nearest {nearest_within_m}\n")
    return select(func.md5(asked + func.coalesce(whole, "")).label("digest")).cte("condensed")
