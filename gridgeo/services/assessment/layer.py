"""What of an appraisal may leave the house."""

import datetime as dt
from collections.abc import Callable, Collection

import geopandas as gpd
import pandas as pd

from gridgeo.model.frames import GRIDS, TOWNS, VILLAGES
from gridgeo.publish import Field, Layer, Scope, release
from gridgeo.services.about import About
from gridgeo.services.assessment.appraise import Appraisal
from gridgeo.services.assessment.judged import ANSWERS, judged
from gridgeo.services.assessment.units import LEVELS
from gridgeo.services.kept import kept
from gridgeo.services.sources import Source, need

_SHAPES = {"grid": GRIDS, "village": VILLAGES, "town": TOWNS}

_COUNTED = (
    Field("numerator", "int", zh="分子", en="numerator", is_count=True),
    Field("rest", "int", zh="分母减分子", en="denominator − numerator", is_count=True),
    Field("excluded", "int", zh="不计入", en="excluded", is_count=True),
)
_TOLD = {
    "share": Field("share", "float", zh="比率", en="share, or observed ÷ expected"),
    "shrunk": Field("shrunk", "float", zh="收缩估计", en="drawn towards the peers"),
    "low": Field("low", "float", zh="90% 下限", en="low end, 90 %"),
    "high": Field("high", "float", zh="90% 上限", en="high end, 90 %"),
    "peers_share": Field("peers_share", "float", zh="同类均值", en="mean of the peers"),
    "z": Field("z", "float", zh="偏离同类(z)", en="standard errors above the peers"),
    "limit_low": Field("limit_low", "float", zh="99.8% 控制下限", en="low limit, 99.8 %"),
    "limit_high": Field("limit_high", "float", zh="99.8% 控制上限", en="high limit, 99.8 %"),
    "p_target": Field("p_target", "float", zh="达标概率", en="probability of the target"),
    "grade": Field("grade", zh="等级", en="grade"),
    "peers_counted": Field("peers_counted", "int", zh="同类数", en="peers"),
    "prior": Field("prior", zh="先验", en="prior"),
}


def assessment_layer(
    source: Source, about: About, found: Appraisal, levels: Collection[str] = ("grid",)
) -> Layer:
    """Publish an appraisal: one feature for each unit and metric.

    Parameters
    ----------
    source : Source
        Where the appraisal came from; gives the shapes.
    about : About
    found : Appraisal
    levels : collection of str
        Of ``LEVELS``. The city and departments have no shape.

    Returns
    -------
    Layer
        ``assessment``, internal. ``numerator``, ``rest`` and ``excluded`` are multiples of k;
        where one of the first two lies below k, both are withheld. ``denominator``, shares,
        intervals and grades are worked out from what is told, never from what is withheld; so a
        grade may be missing here that the house knows, and differ by what rounding moves.
        ``expected`` is a whole number, and missing where the counts are.
    """
    rows = found.rows[found.rows["level"].isin(levels)]
    index = pd.Index(rows["level"] + "." + rows["code"] + "." + rows["metric"], name="row")
    frame = gpd.GeoDataFrame(
        rows.drop(columns=[*ANSWERS, "expected"]).set_axis(index),
        geometry=gpd.GeoSeries(
            _shapes(source, about.as_of, rows), index=index, crs=need(source, GRIDS).crs
        ),
    )
    expected = rows["expected"].round().set_axis(index)
    answers: dict[str, pd.Series] = {}

    def answer(name: str) -> Callable[[pd.DataFrame], pd.Series]:
        def told(features: pd.DataFrame) -> pd.Series:
            if not answers:
                worked_out = judged(features, found.metrics)
                answers.update({column: worked_out[column] for column in ANSWERS})
            column = answers[name]
            return column.round(4) if ANSWERS[name] == "float64" else column

        return told

    scope = Scope(
        layer="assessment",
        zh="考核",
        en="Appraisal",
        fields=(
            Field("level", zh="层级", en="level"),
            Field("code", zh="代码", en="code"),
            Field("name"),
            Field("peers", zh="同类", en="compared with"),
            Field("metric", zh="指标", en="metric"),
            Field("definition", zh="指标定义", en="definition"),
            *_COUNTED,
            Field("denominator", "int", zh="分母", en="denominator"),
            Field("expected", "float", zh="应有", en="expected by class"),
            *_TOLD.values(),
        ),
        disclosure="internal",
        together=(("numerator", "rest"),),
        additive=False,
        rounded=True,
        derived={
            "denominator": lambda told: told["numerator"] + told["rest"],
            "expected": lambda told: expected.reindex(told.index).where(told["numerator"].notna()),
            **{name: answer(name) for name in _TOLD},
        },
        **about.said(),
    )
    return release(frame, scope, about.ledger)


def grade_counts(layer: Layer) -> pd.DataFrame:
    """Count the units of each level and metric by their grade, as the layer tells them.

    Parameters
    ----------
    layer : Layer
        As ``assessment_layer`` gives it.

    Returns
    -------
    DataFrame of int
        Indexed by ``level`` and ``metric``; a column for each grade, "" where none is told.
    """
    told = layer.features
    counts = pd.crosstab([told["level"], told["metric"]], told["grade"].fillna(""))
    order = [level for level in LEVELS if level in counts.index.get_level_values(0)]
    return counts.reindex(order, level=0)


def _shapes(source: Source, as_of: dt.date, rows: pd.DataFrame) -> list[object]:
    """Give the shape of each unit, None where it has none."""
    source = kept(source)
    home = need(source, GRIDS, as_of=as_of)
    shapes: dict[tuple[str, str], object] = {}
    for level, contract in _SHAPES.items():
        frame = source.frame(contract, as_of=as_of)
        if len(frame) and level in set(rows["level"]):
            areas = frame.geometry.to_crs(home.crs)
            codes = frame.index.astype("str")
            shapes |= {(level, code): area for code, area in zip(codes, areas, strict=True)}
    return [
        shapes.get((level, code)) for level, code in zip(rows["level"], rows["code"], strict=True)
    ]
