"""Figures and words as people read them."""

import numpy as np
import pandas as pd

from gridgeo.publish import Field, Layer
from gridgeo.words import LANGS, Lang, say

UNITS: dict[str, tuple[str, str]] = {
    "households": ("户", "households"),
    "persons": ("人", "persons"),
    "grids": ("个网格", "grids"),
    "days": ("天", "days"),
    "incidents": ("件", "incidents"),
    "m": ("米", "m"),
    "m2": ("平方米", "m²"),
    "m²": ("平方米", "m²"),
    "km²": ("平方公里", "km²"),
}
_WORDS_AS_VALUES = ("kind", "needs", "spot", "trend", "moran", "metric", "grade")
MISSING = "–"


def head(word: str, lang: Lang) -> str:
    """Say a word as it begins a line: with a capital in English."""
    said = say(word, lang)
    return said[:1].upper() + said[1:]


def unit_word(unit: str, lang: Lang) -> str:
    """Say a unit; the unit itself where there is no word for it."""
    pair = UNITS.get(unit)
    return unit if pair is None else pair[LANGS.index(lang)]


def number(value: float, field: Field) -> str:
    """Write a figure: thousands apart, shares in per cent, deviations and z with their sign."""
    if field.name.endswith("_share"):
        sign = "+" if field.name.startswith("deviation") else ""
        return f"{value:{sign}.1%}".replace("-", "−")
    if field.name == "z":
        return f"{round(value, 1) + 0.0:+.1f}".replace("-", "−")  # no "−0.0"
    digits = 2 if abs(value) < 1 else 1
    if field.kind == "int" or abs(value) >= 1000 or value == round(value):
        digits = 0
    return f"{value:,.{digits}f}".replace("-", "−")


def written(layer: Layer, name: str, lang: Lang) -> list[str]:
    """Write one column of a layer for people.

    Parameters
    ----------
    layer : Layer
    name : str
        A column of the layer.
    lang : {"zh", "en"}

    Returns
    -------
    list of str
        One plain text a feature: with its unit, "withheld" where a figure is kept back, a dash
        where there is none.
    """
    field = layer.field(name)
    unit = unit_word(field.unit, lang)
    kept_back = layer.features["withheld"] != ""
    texts = []
    for value, away in zip(layer.features[name], kept_back, strict=True):
        if pd.isna(value):
            text = say("withheld", lang) if away and field.kind in ("int", "float") else MISSING
        elif field.kind in ("int", "float"):
            text = number(float(value), field) + (f" {unit}" if unit else "")
        elif field.kind == "date":
            text = f"{pd.Timestamp(value):%Y-%m-%d}"
        elif name == "unit":
            text = unit_word(str(value), lang)
        else:
            text = say(str(value), lang) if name in _WORDS_AS_VALUES else str(value)
        texts.append(text)
    return texts


def figures(layer: Layer, name: str) -> np.ndarray:
    """Give one column as float64, shape (n,); nan where withheld or unknown."""
    return layer.features[name].to_numpy(dtype="float64", na_value=np.nan)
