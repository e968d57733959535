"""Layers the tests of render share, with names that try to break out."""

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import Point, box

from gridgeo.model.findings import make_findings
from gridgeo.publish import Field, Scope, k_safe_cells, release, release_findings
from gridgeo.render import coverage, quality
from gridgeo.render.assessment import GRADES
from gridgeo.render.hotspots import VIEWS
from gridgeo.render.staffing import NEEDS

EAST, NORTH = 500_000, 3_545_000
NASTY = (
    "</script><img src=x onerror=alert(1)>",
    "`${alert(2)}`",
    "{{ 7*7 }}{% raw %}",
    "\"'\\'\"&lt;b&gt;",
    "=HYPERLINK(1)",
    "城南社区第一网格\u2028$(document)",
)
SOURCE = "样例 <script>alert(3)</script>"


def grids(n=12):
    west = EAST + (np.arange(n) % 4) * 400.0
    south = NORTH + (np.arange(n) // 4) * 400.0
    return gpd.GeoDataFrame(
        {
            "name": [NASTY[i % len(NASTY)] for i in range(n)],
            "households": [7, 0, *np.linspace(90, 900, n - 2).astype(int)],
            "workers": np.arange(n) % 3 + 1,
        },
        geometry=[box(x, y, x + 400, y + 400) for x, y in zip(west, south, strict=True)],
        index=pd.Index([f"{NASTY[i % len(NASTY)]}{i}" for i in range(n)], name="grid_code"),
        crs=4549,
    )


def load(proposed=False, disclosure="public"):
    scope = Scope(
        layer="load-proposed" if proposed else "load",
        zh="建议方案" if proposed else "各网格工作量",
        en="Proposed load" if proposed else "Load of the grids",
        fields=(
            Field("name"),
            Field("households", "int", unit="households", is_count=True),
            Field("workers", "int"),
            Field("load_per_worker", "float", unit="households"),
            Field("deviation_share", "float"),
        ),
        derived={
            "load_per_worker": lambda told: told["households"] / told["workers"],
            "deviation_share": lambda told: told["load_per_worker"] / 200 - 1,
        },
        disclosure=disclosure,
        rounded=proposed,
        source=SOURCE,
        period="2026-03",
        as_of="2026-03-31",
        plan_version="2026-04" if proposed else "2026-01",
    )
    return release(grids(), scope)


def incident_cells(n=3000):
    rng = np.random.default_rng(1)
    xy = rng.normal([EAST + 800, NORTH + 600], 350, (n, 2))
    cells = k_safe_cells(gpd.GeoSeries.from_xy(*xy.T, crs=4549), 10)
    scope = Scope(
        layer="incident-cells",
        zh="事件分布",
        en="Incidents",
        fields=(Field("incidents", "int", is_count=True), Field("area_km2", "float", unit="km²")),
        source=SOURCE,
        as_of="2026-03-31",
    )
    unseen = ("incidents",) if cells.withheld is None else ()
    return release(cells.frame.rename(columns={"count": "incidents"}), scope, None, unseen)


def blind_spots():
    rng = np.random.default_rng(2)
    homes = [Point(*xy) for xy in rng.uniform([EAST, NORTH], [EAST + 900, NORTH + 900], (25, 2))]
    shapes = grids().geometry.to_list()
    parts = [
        make_findings(
            "orphan", [f"h{i}" for i in range(25)], "in-a-grid", value=[50.0] * 25, unit="m",
            households=1, geometry=homes, crs=4549,
        ),
        make_findings(
            "reach", [f"h{i}" for i in range(4)], "500m", value=[np.inf] * 4, unit="m",
            households=1, geometry=homes[:4], crs=4549,
        ),
        make_findings(
            "gap", ["a+b"], "1m2", value=[900.0], unit="m2", households=[3],
            geometry=[box(EAST + 395, NORTH + 100, EAST + 405, NORTH + 190)], crs=4549,
        ),
        make_findings(
            ["size", "few-workers"], [NASTY[0], "g2"], ["300-500", "workers>=2"],
            grid_code=[NASTY[0], "g2"], value=[900, 1], unit=["households", "persons"],
            households=[900, 412], geometry=shapes[4:6], crs=4549,
        ),
    ]  # fmt: skip
    return release_findings(
        gpd.GeoDataFrame(pd.concat(parts), crs=4549), source=SOURCE, as_of="2026-03-31"
    )


def no_blind_spots():
    return release_findings(make_findings([], [], [], geometry=[], crs=4549))


def measured(layer_id, shares):
    """Grids with shares: the first two not told, the third 0."""
    frame = grids()
    for number, name in enumerate(shares):
        frame[name] = [np.nan, np.nan, 0.0, *np.linspace(0.4, 1, len(frame) - 3) ** (number + 1)]
    fields = tuple(Field(name, "float", zh=name, en=name) for name in shares)
    scope = Scope(
        layer_id,
        zh="覆盖",
        en="Coverage",
        fields=(Field("name"), Field("households", "int", is_count=True), *fields),
        source=SOURCE,
        as_of="2026-03-31",
    )
    return release(frame, scope)


def staffing():
    frame = grids().assign(needs="complete", hires=0, leaders=1, workers=2, full_time=1)
    frame["needs"] = [*NEEDS, *["complete"] * (len(frame) - len(NEEDS))]
    frame["hires"] = [1, 2, 1, 3, *[0] * (len(frame) - 4)]
    fields = (
        Field("name"),
        Field("needs"),
        *(Field(n, "int") for n in ("hires", "leaders", "workers", "full_time")),
    )
    return release(
        frame,
        Scope("staffing", zh="力量", en="Staffing", fields=fields, source=SOURCE),
    )


def by_time():
    names = ("h22_06", "h06_08", "h08_10")
    frame = grids(6).assign(area_km2=0.16)
    for number, name in enumerate(names):
        frame[name] = np.arange(6) * 20 * (number + 1) + 10
    fields = tuple(Field(n, "int", zh=n, en=f"{n[1:3]}–{n[4:]} h", is_count=True) for n in names)
    scope = Scope(
        "incidents-by-time",
        zh="时段",
        en="By time",
        fields=(*fields, Field("area_km2", "float", unit="km²")),
        together=(names,),
        source=SOURCE,
    )
    return release(frame, scope)


def hotspots():
    frame = grids()
    classes = [[*kinds] for kinds in VIEWS.values()]
    for name, kinds in zip(VIEWS, classes, strict=True):
        frame[name] = [kinds[i % len(kinds)] for i in range(len(frame))]
        frame.loc[frame.index[-1], name] = "not_judgeable"
    frame["z"] = [*np.linspace(-3.5, 6.5, len(frame) - 1).round(1), np.nan]
    frame["hot_weeks"] = pd.array([*range(len(frame) - 1), None], dtype="Int64")
    fields = (
        Field("name"),
        Field("spot", zh="近4周热点/冷点", en="hot or cold, last 4 weeks"),
        Field("z", "float", zh="z 值", en="z"),
        Field("moran", zh="与邻近网格比较", en="beside its neighbours"),
        Field("trend", zh="12周演变", en="how it came, 12 weeks"),
        Field("hot_weeks", "int", zh="热点周数", en="weeks hot"),
    )
    scope = Scope("hotspots", zh="冷热点", en="Hot spots", fields=fields, source=SOURCE)
    return release(frame, scope)


def assessment(city=False):
    parts = []
    for position, metric in enumerate(("on-time", "visited", "closed")):
        part = grids().assign(level="grid", metric=metric, definition=f"{metric}@1.0a1b2c3d")
        graded = [*GRADES, None] if metric != "closed" else [None]
        part["grade"] = pd.array(
            [graded[(i + position) % len(graded)] for i in range(len(part))], dtype="str"
        )
        part["numerator"] = np.arange(len(part)) * 10 + 50
        part["denominator"] = part["numerator"] + 10
        part["share"] = part["numerator"] / part["denominator"]
        part["z"] = np.linspace(-3, 3, len(part)).round(1)
        parts.append(part.set_axis([f"grid.{code}.{metric}" for code in part.index]))
    if city:
        row = parts[0].iloc[:1].assign(level="city", geometry=None)
        parts.append(row.set_axis(["city.city.on-time"]))
    texts = (Field(name) for name in ("level", "name", "peers", "metric", "definition", "grade"))
    counts = (Field(name, "int", is_count=True) for name in ("numerator", "denominator"))
    shares = (
        Field(name, "float")
        for name in (
            "share",
            "low",
            "high",
            "peers_share",
            "z",
            "limit_low",
            "limit_high",
            "expected",
        )
    )
    frame = gpd.GeoDataFrame(pd.concat(parts), crs=4549)
    frame[["low", "high"]] = np.column_stack([frame["share"] - 0.05, frame["share"] + 0.05])
    frame = frame.assign(
        peers="grid general", peers_share=0.9, limit_low=0.8, limit_high=0.97, expected=np.nan
    )
    scope = Scope(
        "assessment", zh="考核", en="Appraisal", fields=(*texts, *counts, *shares), source=SOURCE
    )
    return release(frame, scope)


def all_layers():
    return {
        "load": load(),
        "load-proposed": load(proposed=True),
        "blind-spots": blind_spots(),
        "incident-cells": incident_cells(),
        "grids": load(),
        "coverage": measured("coverage", coverage.MEASURES[:3]),
        "quality": measured("quality", quality.MEASURES),
        "staffing": staffing(),
        "incidents-by-time": by_time(),
        "hotspots": hotspots(),
        "assessment": assessment(),
    }
