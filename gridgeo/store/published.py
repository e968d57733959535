"""What has left the house: layers by version, and every figure they told."""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Integer,
    LargeBinary,
    Text,
    and_,
    bindparam,
    cast,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import NullType, TypeEngine

from gridgeo.errors import CRSError, ParameterError
from gridgeo.model.crs import GIVE_OUT
from gridgeo.store.connection import Scope, take_turns
from gridgeo.store.plain import plain, records
from gridgeo.store.reading import shape_out
from gridgeo.store.staging import stage
from gridgeo.store.tables import GIVE_OUT_SRID, ledger, published_features, published_layers

LEDGER_COLUMNS = ["feature_id", "period", "column", "value"]


def publish(
    connection: Connection,
    layer_id: str,
    features: gpd.GeoDataFrame,
    meta: Mapping[str, Any],
    counts: pd.DataFrame,
) -> int:
    """Put a new version of a layer in the place of the old one; see ``Store.publish``."""
    _check(layer_id, features)
    take_turns(connection, f"publish {layer_id}")
    table = published_layers
    mine = table.c.layer_id == layer_id
    columns = [[name, str(values.dtype)] for name, values in _properties(features).items()]
    rows = list(_rows(features))
    digest = _digest([plain(meta), columns], rows)
    now = connection.execute(
        select(table.c.version, table.c.digest).where(mine, table.c.current)
    ).one_or_none()
    if now is not None and now.digest == digest:
        return now.version
    version = (
        1
        + connection.execute(
            select(func.coalesce(func.max(table.c.version), 0)).where(mine)
        ).scalar_one()
    )
    connection.execute(update(table).where(mine, table.c.current).values(current=False))
    row = {"layer_id": layer_id, "version": version, "current": True, "meta": plain(meta)}
    layer_pk = connection.execute(
        insert(table).values(**row, columns=columns, digest=digest).returning(table.c.layer_pk)
    ).scalar_one()
    _write_features(connection, layer_pk, rows)
    _enter(connection, layer_id, version, counts)
    return version


def withdraw_all_but(connection: Connection, layer_ids: Collection[str]) -> None:
    """Let no other layer be current; see ``Publication.withdraw_all_but``."""
    table = published_layers
    others = table.c.current & table.c.layer_id.not_in(list(layer_ids))
    connection.execute(update(table).where(others).values(current=False))


def current_version(connection: Connection, layer_id: str, scope: Scope) -> int | None:
    """Give the current version of a layer; see ``Store.published_version``."""
    return connection.scalar(select(published_layers.c.version).where(_seen(scope, layer_id)))


def read(
    connection: Connection, layer_id: str, scope: Scope
) -> tuple[gpd.GeoDataFrame, dict[str, Any]] | None:
    """Give a layer as it was published; see ``Store.published``."""
    found = connection.execute(select(published_layers).where(_seen(scope, layer_id))).one_or_none()
    if found is None:
        return None
    table = published_features
    chosen = select(table.c.feature_id, table.c.properties, shape_out(table.c.geom))
    chosen = chosen.where(table.c.layer_pk == found.layer_pk).order_by(table.c.position)
    rows = connection.execute(chosen).all()
    index = pd.Index([row[0] for row in rows], name="feature_id", dtype="str")
    properties = {
        name: _restored([row[1][name] for row in rows], dtype, index)
        for name, dtype in found.columns
    }
    shapes = shapely.from_wkb(np.array([row[2] for row in rows], dtype=object))
    return gpd.GeoDataFrame(properties, index=index, geometry=shapes, crs=GIVE_OUT), found.meta


def listing(connection: Connection, scope: Scope) -> pd.DataFrame:
    """List the current layers; see ``Store.published_layers``."""
    names = ["layer_id", "version", "meta", "created_at"]
    chosen = select(*(published_layers.c[name] for name in names)).where(_seen(scope))
    rows = connection.execute(chosen.order_by(published_layers.c.layer_id.collate("C"))).all()
    frame = pd.DataFrame(rows, columns=names).set_index("layer_id")
    return frame.astype({"created_at": "datetime64[us, UTC]"})


def told(connection: Connection, layer_id: str) -> pd.DataFrame:
    """Give every figure that a layer ever told; see ``Store.ledger``."""
    chosen = select(*(ledger.c[name] for name in LEDGER_COLUMNS))
    chosen = chosen.where(ledger.c.layer_id == layer_id).order_by(ledger.c.entry_id)
    frame = pd.DataFrame(connection.execute(chosen).all(), columns=LEDGER_COLUMNS)
    return frame.astype({"value": "float64"})


def _seen(scope: Scope, layer_id: str | None = None) -> ColumnElement[bool]:
    """Say what a scope sees; row security says it once more to the API's role."""
    table = published_layers
    seen: list[ColumnElement[bool]] = [table.c.current]
    if scope != "internal":
        seen.append(table.c.meta["disclosure"].astext == "public")
    if layer_id is not None:
        seen.append(table.c.layer_id == layer_id)
    return and_(*seen)


def _check(layer_id: str, features: gpd.GeoDataFrame) -> None:
    if features.crs != GIVE_OUT:
        raise CRSError(
            f"Layer {layer_id!r} is in {features.crs}; layers are given out in EPSG:4326.",
            hint="Make it with publish.release, which sees to that.",
            code="crs.not-4326",
            fields=["features"],
        )
    if not features.index.is_unique:
        raise ParameterError(
            f"Layer {layer_id!r} has {int(features.index.duplicated().sum())} features whose"
            " feature_id stands more than once.",
            hint="Give each feature an id of its own.",
            fields=["feature_id"],
        )


def _properties(features: gpd.GeoDataFrame) -> pd.DataFrame:
    return pd.DataFrame(features.drop(columns=features.geometry.name))


def _rows(features: gpd.GeoDataFrame) -> list[tuple[str, int, str, bytes | None]]:
    shapes = shapely.to_wkb(shapely.force_2d(features.geometry.to_numpy()))
    said = [json.dumps(row, ensure_ascii=False) for row in records(_properties(features))]
    said = said or ["{}"] * len(features)
    keys = [str(key) for key in features.index]
    return list(zip(keys, range(len(keys)), said, shapes, strict=True))


def _digest(head: object, rows: list[tuple[str, int, str, bytes | None]]) -> str:
    made = hashlib.sha256(json.dumps(head, sort_keys=True, ensure_ascii=False).encode())
    for key, _, said, shape in rows:
        for part in (key.encode(), said.encode(), shape or b""):
            made.update(len(part).to_bytes(8, "big") + part)
    return made.hexdigest()


def _write_features(
    connection: Connection, layer_pk: int, rows: list[tuple[str, int, str, bytes | None]]
) -> None:
    types: dict[str, TypeEngine] = {"feature_id": Text(), "position": Integer()}
    types |= {"said": Text(), "shape": LargeBinary()}
    columns = zip(*rows, strict=True) if rows else [()] * len(types)
    staged = stage(connection, types, pa.table(list(map(list, columns)), names=list(types)))
    shape = func.ST_GeomFromWKB(staged.c.shape, GIVE_OUT_SRID, type_=NullType())
    chosen = select(
        bindparam("layer", layer_pk),
        staged.c.feature_id,
        staged.c.position,
        cast(staged.c.said, JSONB),
        shape,
    )
    names = ["layer_pk", "feature_id", "position", "properties", "geom"]
    connection.execute(insert(published_features).from_select(names, chosen))


def _enter(connection: Connection, layer_id: str, version: int, counts: pd.DataFrame) -> None:
    types: dict[str, TypeEngine] = {name: Text() for name in LEDGER_COLUMNS}
    types["value"] = Double()
    texts = counts[LEDGER_COLUMNS[:-1]].astype("str")
    told = texts.assign(value=counts["value"].astype("float64"))
    rows = pa.Table.from_pandas(told, preserve_index=False)
    staged = stage(connection, types, rows)
    figures = [staged.c[name] for name in LEDGER_COLUMNS]
    chosen = select(bindparam("layer", layer_id), bindparam("version", version), *figures)
    connection.execute(insert(ledger).from_select(["layer_id", "version", *LEDGER_COLUMNS], chosen))


def _restored(values: list[Any], dtype: str, index: pd.Index) -> pd.Series:
    """Give a column its dtype back: JSON knows neither dates nor empty whole numbers."""
    if dtype.startswith("datetime64"):
        moments = pd.to_datetime(values, utc="," in dtype)
        return pd.Series(moments, index=index, dtype=dtype)
    return pd.Series(values, index=index, dtype="object" if dtype == "category" else dtype)
