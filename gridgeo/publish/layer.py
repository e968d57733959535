"""A layer that may leave the house, and what it says about itself."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, InitVar, dataclass
from typing import Any, Literal

import geopandas as gpd
import pandas as pd

from gridgeo.errors import DisclosureError
from gridgeo.words import LANGS, Lang, say

Disclosure = Literal["public", "internal"]
K: dict[Disclosure, int] = {"public": 10, "internal": 5}

LEDGER_COLUMNS = ["feature_id", "period", "column", "value"]

# Whoever holds this may make a Layer: release and reopen, nobody else.
_SEAL = object()


@dataclass(frozen=True)
class Field:
    """One published column.

    Parameters
    ----------
    name : str
        ASCII snake_case, unit included.
    kind : {"text", "int", "float", "bool", "date"}
    unit : str
        Empty for text and plain numbers.
    zh, en : str
        What people read; the house's word for ``name`` when empty.
    is_count : bool
        Whether it counts residents or what befell them, so that k applies.
    """

    name: str
    kind: Literal["text", "int", "float", "bool", "date"] = "text"
    unit: str = ""
    zh: str = ""
    en: str = ""
    is_count: bool = False

    def __post_init__(self) -> None:
        for lang in LANGS:
            if not getattr(self, lang):
                object.__setattr__(self, lang, say(self.name, lang))

    def label(self, lang: Lang) -> str:
        """Say the column's name in one language."""
        return (self.zh, self.en)[LANGS.index(lang)]


@dataclass(frozen=True)
class Withheld:
    """What a release kept back.

    Parameters
    ----------
    figures : int
        Figures replaced by NA: small ones and those that would give small ones away. The two
        are not told apart, because their difference would narrow the small ones down.
    held : int
        Figures published again at an earlier value, because the change was small.
    rounded : bool
        Whether counts are multiples of k.
    unseen : tuple of str
        Words for what exists, but fewer than k of it, so that no feature shows it.
    by_grid : str
        How many rows are known only by their grid and therefore left out, as ``roughly`` says it.
    """

    figures: int = 0
    held: int = 0
    rounded: bool = False
    unseen: tuple[str, ...] = ()
    by_grid: str = ""

    def notes(self, lang: Lang, k: int) -> list[str]:
        """Say it to a reader, one sentence a kind; empty when nothing was kept back."""
        zh = lang == "zh"
        said = []
        if self.figures:
            said.append(
                f"{self.figures} 个数值因小于 {k} 或可被推算而不予公布"
                if zh
                else f"{self.figures} figures withheld: below {k}, or would reveal one that is"
            )
        if self.held:
            said.append(
                f"{self.held} 个数值变动小于 {k}，沿用前值"
                if zh
                else f"{self.held} figures kept at their earlier value: changed by less than {k}"
            )
        if self.rounded:
            said.append(
                f"数值取整到 {k} 的倍数" if zh else f"counts are rounded to multiples of {k}"
            )
        for word in self.unseen:
            said.append(
                f"{say(word, lang)}总数小于 {k}，不予公布"
                if zh
                else f"{say(word, lang)}: fewer than {k} in all, none shown"
            )
        if self.by_grid:
            said.append(
                f"{self.by_grid} 条记录仅知所属网格，不计入需要确切位置的统计"
                if zh
                else f"{self.by_grid} records known only by their grid: left out where the exact "
                "place matters"
            )
        return said


def roughly(count: int, k: int) -> str:
    """Say how many records something is true of, never a number below k.

    Parameters
    ----------
    count : int
    k : int

    Returns
    -------
    str
        Empty for none, "< k" below k, otherwise "≈ m" with m the nearest multiple of k.
    """
    if count < k:
        return f"< {k}" if count else ""
    return f"≈ {(count + k // 2) // k * k:,}"


@dataclass(frozen=True, eq=False)
class Layer:
    """Features that may be shown, exported and served.

    Only ``release`` and ``reopen`` make one, so whoever holds a Layer may give it out.

    Parameters
    ----------
    id : str
        ``grids``, ``load``, ``blind-spots``, ``incident-cells``, ``stations`` and so on.
    features : GeoDataFrame
        EPSG:4326, indexed by ``feature_id`` (text). Withheld figures are NA; the column
        ``withheld`` names them, comma by comma.
    zh, en : str
        Title.
    columns : tuple of Field
        In the order of ``features``, without the geometry.
    unit : str
        Of the layer's main figure.
    period, source, plan_version, as_of : str
        Of what time, from where, under which plan, told when (ISO date). Empty where unknown.
    disclosure : {"public", "internal"}
    k : int
        No count in 1 … k−1 stands in ``features``.
    withheld : Withheld
    """

    id: str
    features: gpd.GeoDataFrame
    _: KW_ONLY
    zh: str
    en: str
    columns: tuple[Field, ...]
    unit: str
    period: str
    source: str
    plan_version: str
    as_of: str
    disclosure: Disclosure
    k: int
    withheld: Withheld
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise DisclosureError(
                f"Layer {self.id!r} was made by hand; a layer must pass the checks of publication.",
                hint="Call publish.release(frame, scope, ledger).",
                code="disclosure.by-hand",
            )

    def title(self, lang: Lang) -> str:
        """Say the layer's title in one language."""
        return (self.zh, self.en)[LANGS.index(lang)]

    def field(self, name: str) -> Field:
        """Give the column of that name; ``KeyError`` if the layer has none."""
        for field in self.columns:
            if field.name == name:
                return field
        raise KeyError(name)

    def notes(self, lang: Lang) -> list[str]:
        """Say what was kept back and why, one sentence a kind."""
        return self.withheld.notes(lang, self.k)

    def meta(self) -> dict[str, Any]:
        """Describe the layer as plain JSON values; ``reopen`` takes them back."""
        return {
            "id": self.id,
            "title": {"zh": self.zh, "en": self.en},
            "unit": self.unit,
            "period": self.period,
            "source": self.source,
            "plan_version": self.plan_version,
            "as_of": self.as_of,
            "disclosure": self.disclosure,
            "k": self.k,
            "withheld": vars(self.withheld) | {lang: self.notes(lang) for lang in LANGS},
            "columns": [vars(field) for field in self.columns],
        }

    def ledger_rows(self) -> pd.DataFrame:
        """Give what the ledger must record of this release.

        Returns
        -------
        DataFrame
            ``feature_id``, ``period``, ``column``, ``value`` (float64, NaN where withheld): one
            row a feature and count column, in the order of the features.
        """
        counts = [field.name for field in self.columns if field.is_count]
        if not counts:
            return pd.DataFrame(columns=LEDGER_COLUMNS).astype({"value": "float64"})
        rows = (
            pd.DataFrame(self.features[counts])
            .astype("float64")
            .reset_index()
            .melt("feature_id", var_name="column", ignore_index=False)
            .sort_index(kind="stable")
        )
        return rows.assign(period=self.period)[LEDGER_COLUMNS].reset_index(drop=True)


def reopen(features: gpd.GeoDataFrame, meta: Mapping[str, Any]) -> Layer:
    """Take back a layer from the published tables.

    Only for what ``release`` made before and the store kept: nothing is checked again.

    Parameters
    ----------
    features : GeoDataFrame
        The features of the layer as they were released.
    meta : mapping
        What ``Layer.meta`` said of them.

    Returns
    -------
    Layer

    Raises
    ------
    DisclosureError
        ``features`` lacks a published column, has one more, or is not in EPSG:4326: these are
        not the features that were released.
    """
    columns = tuple(Field(**column) for column in meta["columns"])
    names = [field.name for field in columns]
    found = [name for name in features.columns if name != features.geometry.name]
    if found != names or features.crs != 4326 or features.index.name != "feature_id":
        raise DisclosureError(
            f"The stored features of layer {meta['id']!r} have columns {found} in {features.crs}, "
            f"index {features.index.name!r}; released were {names} in EPSG:4326, 'feature_id'.",
            hint="Publish the layer again with publish.release.",
            code="disclosure.not-released",
        )
    # What was published by an earlier version says less.
    said = meta["withheld"]
    withheld = {key: said[key] for key in Withheld.__dataclass_fields__ if key in said}
    withheld["unseen"] = tuple(withheld["unseen"])
    return Layer(
        meta["id"],
        features,
        zh=meta["title"]["zh"],
        en=meta["title"]["en"],
        columns=columns,
        withheld=Withheld(**withheld),
        seal=_SEAL,
        **{
            key: meta[key]
            for key in ("unit", "period", "source", "plan_version", "as_of", "disclosure", "k")
        },
    )
