"""The only door out of the house: a frame goes in, a Layer that gives nobody away comes out."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.errors import ContractError, CRSError, DisclosureError
from gridgeo.model.crs import to_wgs84
from gridgeo.publish import suppress
from gridgeo.publish.hold import hold
from gridgeo.publish.layer import _SEAL, Field, Layer, Withheld
from gridgeo.publish.scope import Ledger, Scope

# A frame with one of these tells of single people, whatever else is done to it.
FORBIDDEN = frozenset(
    {
        "household_id", "address_id", "resident_id", "person_id", "worker_id", "appointment_id",
        "incident_id", "visit_id", "track_id", "unit_id", "size_band", "lived_in", "care_flag",
        "reporter", "reporter_name", "reporter_phone", "contact", "phone", "id_number", "photo",
        "note", "diary", "description", "fixes",
    }
)  # fmt: skip

# Points leave only as things the city put there itself, or may put there.
FIXED_ASSETS = frozenset({"stations", "sites"})

_DTYPES: dict[str, Any] = {
    "text": "str",
    "int": "Int64",
    "float": "Float64",
    "bool": "boolean",
    "date": "datetime64[us]",
}


def release(
    frame: gpd.GeoDataFrame,
    scope: Scope,
    ledger: Ledger | None = None,
    unseen: tuple[str, ...] = (),
    again: pd.Series | None = None,
) -> Layer:
    """Let a frame out of the house, without what would give residents away.

    Parameters
    ----------
    frame : GeoDataFrame
        One row a feature, with any CRS. Its index becomes ``feature_id``.
    scope : Scope
    ledger : Ledger or None
        What was published before; None for a first, single publication to a file.
    unseen : tuple of str
        Words for what exists, but fewer than k of it: what ``k_safe_cells`` answered with no
        cell and ``withheld`` None.
    again : Series of bool, optional
        On the index of ``frame``: features whose new figures must not be told, since together
        with another layer they would say too much. What was told of them last is told again;
        NA where nothing was.

    Returns
    -------
    Layer
        In the order of ``frame``. Counts in 1 … k−1 are NA (0 stays), and with them the next
        smallest figures until no total gives them away. A figure that lies within k of an
        earlier published one is published at that earlier value again, so that no two
        publications ever differ by 1 … k−1. Derived columns follow from what is left.

    Raises
    ------
    DisclosureError
        The frame tells of single people: a forbidden column or index, or points that are no
        fixed assets.
    ContractError
        A declared column or the CRS is missing, a key stands twice, a count is negative.

    Notes
    -----
    The sum of withheld figures under each total is at least k, over at least two of them; see
    ``publish.suppress``. Not covered: figures withheld last time and told this time may let last
    time's sums be split by somebody who believes the rest unchanged.
    """
    _refuse_people(frame, scope)
    _check(frame, scope)
    features = to_wgs84(frame)
    features.index = features.index.astype("str").rename("feature_id")
    # Equal figures are withheld in the order of their ids, whichever order the frame is in.
    by_id = features.sort_index()
    stays = pd.Series(False, index=by_id.index)
    if again is not None:
        stays |= again.set_axis(again.index.astype("str")).reindex(by_id.index).astype(bool)
    told, hidden, held = _protect(by_id, scope, ledger, stays)
    names = hidden.columns.to_numpy()
    out = _columns(by_id, told, scope).assign(
        withheld=pd.Series(
            [",".join(names[row]) for row in hidden.to_numpy(dtype=bool)], by_id.index, dtype="str"
        )
    )
    return Layer(
        scope.layer,
        gpd.GeoDataFrame(out, geometry=by_id.geometry.array).loc[features.index],
        zh=scope.zh,
        en=scope.en,
        columns=(*scope.fields, Field("withheld", zh="不予公布的列", en="columns withheld")),
        unit=scope.unit,
        period=scope.period,
        source=scope.source,
        plan_version=scope.plan_version,
        as_of=scope.as_of,
        disclosure=scope.disclosure,
        k=scope.k,
        withheld=Withheld(int(hidden.to_numpy().sum()), held, scope.rounded, unseen, scope.by_grid),
        seal=_SEAL,
    )


def _protect(
    by_id: gpd.GeoDataFrame, scope: Scope, ledger: Ledger | None, again: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Give the count columns as they may be told, where they are withheld, how many are held."""
    told = pd.DataFrame(index=by_id.index)
    hidden = pd.DataFrame(index=by_id.index)
    held = 0
    for group in scope.groups():
        true = by_id[group].astype("float64")
        unknown = true.isna().any(axis=1)
        true[unknown] = 0.0
        figures, kept = _tell(true, scope.layer, scope, ledger, again)
        never = again & ~kept
        true[never] = figures[never] = 0.0
        unknown |= never
        levels = []
        path = pd.Series("", index=by_id.index)
        for column, layer in scope.parents.items():
            codes = by_id[column].fillna("").astype("str")
            totals, _ = _tell(true.groupby(codes).sum(), layer, scope, ledger)
            above = totals.loc[codes]
            # Rounded parts never add up to their total, and a total never told cannot be
            # compared: a difference says nothing.
            if scope.rounded or ledger is None or ledger.published(layer).empty:
                above = above * np.nan
            path = path + "/" + codes
            levels.append(suppress.Level(path.to_numpy(), above.to_numpy()))
        if scope.additive:
            away = suppress.withheld(true.to_numpy(), figures.to_numpy(), levels, scope.k)
        else:
            away = np.asarray(suppress.small(true.to_numpy(), scope.k).any(axis=1))
        told[group] = figures.mask(unknown | away, np.nan)
        hidden[group] = np.repeat(away[:, None], len(group), axis=1)
        held += int((kept & ~away & ~unknown).sum()) * len(group)
    return told, hidden, held


def _tell(
    true: pd.DataFrame,
    layer: str,
    scope: Scope,
    ledger: Ledger | None,
    again: pd.Series | None = None,
) -> tuple[pd.DataFrame, pd.Series]:
    """Give true figures as they may be told in view of what was told before, and which are held."""
    figures = (true / scope.k + 0.5).apply(np.floor) * scope.k if scope.rounded else true
    if ledger is None:
        return figures, pd.Series(False, index=figures.index)
    return hold(figures, ledger.published(layer), scope.k, again)


def _columns(by_id: gpd.GeoDataFrame, told: pd.DataFrame, scope: Scope) -> pd.DataFrame:
    """Give the columns that leave, the derived ones last worked out and in their place."""
    dtypes = {one.name: _DTYPES[one.kind] for one in scope.fields}
    out = pd.DataFrame(index=by_id.index)
    for name in dtypes:
        if name not in scope.derived:
            out[name] = (told if name in told else by_id)[name].astype(dtypes[name])
    for name, work_out in scope.derived.items():
        out[name] = work_out(out).astype(dtypes[name])
    return out[[*dtypes]]


def _refuse_people(frame: gpd.GeoDataFrame, scope: Scope) -> None:
    named = sorted(FORBIDDEN & {*map(str, frame.columns), *map(str, frame.index.names)})
    if named:
        raise DisclosureError(
            f"Layer {scope.layer} carries {', '.join(named)}, which tells of single people; "
            "a layer carries places and counts.",
            hint="Count per grid first, or merge with publish.k_safe_cells.",
            code="disclosure.people",
            fields=named,
        )
    if not isinstance(frame, gpd.GeoDataFrame):
        raise ContractError(
            f"Layer {scope.layer} is a {type(frame).__name__}; a layer has places.",
            hint="Give a GeoDataFrame.",
            fields=["geometry"],
        )
    pointlike = frame.geom_type.isin(["Point", "MultiPoint", "GeometryCollection"])
    if pointlike.any() and scope.layer not in FIXED_ASSETS:
        raise DisclosureError(
            f"Layer {scope.layer} has {pointlike.sum()} points; as points only "
            f"{', '.join(sorted(FIXED_ASSETS))} may be shown.",
            hint="Merge them with publish.k_safe_cells first.",
            code="disclosure.points",
            fields=["geometry"],
        )


def _check(frame: gpd.GeoDataFrame, scope: Scope) -> None:
    declared = [one.name for one in scope.fields if one.name not in scope.derived]
    absent = [name for name in [*declared, *scope.parents] if name not in frame.columns]
    counts = [name for group in scope.groups() for name in group]
    breaches = [f"missing columns {', '.join(absent)}"] if absent else []
    if frame.index.has_duplicates:
        breaches.append(f"{frame.index.duplicated().sum()} keys stand more than once")
    for name in counts:
        if name in frame.columns:
            bad = ~np.isfinite(frame[name].astype("float64").fillna(0.0)) | (frame[name] < 0)
            if bad.any():
                absent.append(name)
                breaches.append(f"{name} is negative or infinite in {bad.sum()} rows")
    for child, parent in zip([*scope.parents][1:], scope.parents, strict=False):
        if not absent and (frame.groupby(child)[parent].nunique() > 1).any():
            breaches.append(f"one {child} lies in several {parent}")
    if breaches:
        raise ContractError(
            f"Layer {scope.layer} cannot be published: {'; '.join(breaches)}.",
            hint="Mend the frame, or the fields of the scope.",
            fields=absent,
        )
    if frame.crs is None:
        raise CRSError(
            f"Layer {scope.layer} has no CRS; what is given out must be brought to EPSG:4326.",
            hint="Say it with set_crs(EPSG).",
            code="crs.missing",
        )
