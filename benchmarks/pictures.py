"""Maps of plans before and after balance, for the README, and the figures of their captions.

    python -m benchmarks.pictures

draws ``docs/pictures/providence.png`` and ``docs/pictures/town.png`` and writes their captions into
the README; the second makes the whole sample city first, which takes half a minute. Same code,
same pictures.
"""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from benchmarks.balance_page import put
from gridgeo.analysis.balance import balance
from gridgeo.sample import city

ROOT = Path(__file__).parent.parent
PICTURES = "docs/pictures"
FOLDER = ROOT / PICTURES
TOLERANCE = 0.05
SLACK = 1e-9
EDGES = (-0.3, -0.15, -TOLERANCE - SLACK, TOLERANCE + SLACK, 0.15, 0.3)
# Violet below, orange above, as the maps of the product have it; red-green blindness tells them.
COLOURS = ("#542788", "#8073ac", "#b2abd2", "#f7f7f7", "#fdb863", "#e08214", "#b35806")
NAMES = (
    *("below −30 %", "−30 to −15 %", "−15 to −5 %", "within 5 %"),
    *("5 to 15 %", "15 to 30 %", "above 30 %"),
)


@dataclass(frozen=True)
class Mended:
    """Today's grids and what balance proposes for them.

    Parameters
    ----------
    before, after : GeoDataFrame, shape (k,)
        Grids with ``deviation`` from their fair share: what a grid of their region carries on
        average. ``stuck`` (bool) marks those beyond the tolerance that no plan could help.
    figures : dict
        ``grids``, ``load``, ``worst_before``, ``worst_after``, ``over_before``, ``over_after``
        (grids beyond the tolerance), ``moved`` (share of the load that changes its grid),
        ``stuck`` (ids of what stands in the way), ``regions``, ``regions_worst`` (how far the
        fair share of one is from that of all), ``regions_off`` (how many beyond the tolerance).
    """

    before: gpd.GeoDataFrame
    after: gpd.GeoDataFrame
    figures: dict


def mended(units, load, current, region=None):
    """Mend the plan in force: every grid within the tolerance of its region's fair share."""
    plan = balance(units, load, current=current, region=region, tolerance=TOLERANCE)
    region_of = units[region] if region else pd.Series("", index=units.index)
    before, after = (
        _shares(units, load, grid, region_of) for grid in (units[current], plan.assignment)
    )
    above = plan.forced[plan.forced["kind"] != "region"]
    above = above[above["id"].isin(units.index)]["id"]
    off = after["deviation"].abs() > TOLERANCE + SLACK
    after["stuck"] = off & after.index.isin(plan.assignment[above])
    before["stuck"] = False
    share = units[load].groupby(region_of).sum() / plan.assignment.groupby(region_of).nunique()
    share_off = share / (units[load].sum() / len(after)) - 1
    figures = {
        "grids": len(after),
        "load": int(units[load].sum()),
        "worst_before": float(before["deviation"].abs().max()),
        "worst_after": float(after["deviation"].abs().max()),
        "over_before": int((before["deviation"].abs() > TOLERANCE + SLACK).sum()),
        "over_after": int(off.sum()),
        "moved": float(plan.scores["moved_load_share"]),
        "stuck": [str(unit) for unit in dict.fromkeys(above)],
        "regions": len(share),
        "regions_worst": float(share_off.abs().max()),
        "regions_off": int((share_off.abs() > TOLERANCE + SLACK).sum()),
    }
    return Mended(before, after, figures)


def _shares(units, load, grid, region):
    grids = gpd.GeoDataFrame(
        {"load": units[load], "grid": grid, "region": region}, geometry=units.geometry
    )
    grids = grids.dissolve("grid", aggfunc={"load": "sum", "region": "first"}, method="coverage")
    grids["deviation"] = grids["load"] / grids.groupby("region")["load"].transform("mean") - 1
    return grids


def providence():
    """Census tracts as today's grids: areas of a real authority, drawn by nobody here."""
    blocks = gpd.read_parquet(ROOT / "data" / "samples" / "providence" / "blocks.parquet")
    return mended(blocks.set_index("block_id"), "pop", "tract")


def worst_town(sample):
    """The town whose general grids stray furthest from their village's share: (name, Mended)."""
    units = sample.layers["units"].to_crs(4549)
    grids, towns = sample.layers["grids"], sample.layers["towns"]
    units = units[units["grid_code"].map(grids["kind"]) == "general"]
    town = units["village_code"].str[:9]
    loads = units.groupby(["village_code", "grid_code"])["households"].sum()
    stray = (loads / loads.groupby("village_code").transform("mean") - 1).abs()
    code = stray.idxmax()[0][:9]
    return towns["name"][code], mended(
        units[town == code], "households", "grid_code", "village_code"
    )


def providence_caption(figures):
    """What the README says below the map of Providence."""
    return (
        f"Providence, {figures['load']:,} persons. Left its {figures['grids']} census tracts: the"
        f" furthest {percent(figures['worst_before'])} from a fair share,"
        f" {figures['over_before']} beyond 5 %. Right as many grids, mended: the furthest"
        f" {percent(figures['worst_after'])}; {percent(figures['moved'])} of the persons change"
        f" their grid.{_stuck(figures)}"
    )


def town_caption(name, figures):
    """What the README says below the map of the sample city's worst town."""
    return (
        f"{name}, the worst town of the sample city, {figures['load']:,} households. Left today's"
        f" {figures['grids']} grids: the furthest {percent(figures['worst_before'])} from its"
        f" village's fair share, {figures['over_before']} beyond 5 %. Right mended: the furthest"
        f" {percent(figures['worst_after'])}; {percent(figures['moved'])} of the households change"
        f" their grid.{_stuck(figures)} No grid crosses a village, so a village's share itself is"
        f" up to {percent(figures['regions_worst'])} from the town's, beyond 5 % in"
        f" {figures['regions_off']} of {figures['regions']}."
    )


def _stuck(figures):
    if not figures["over_after"]:
        return ""
    stuck = ", ".join(figures["stuck"]) or "no single unit"
    return f" {figures['over_after']} stay beyond 5 %; in their way: {stuck}."


def percent(share):
    """One place after the point."""
    return f"{100 * share:.1f} %"


def draw(plan, path, before, after):
    """Draw two maps side by side on one scale.

    Parameters
    ----------
    plan : Mended
    path : Path
        A .png.
    before, after : str
        Titles.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    west, south, east, north = plan.before.total_bounds
    # Two maps of a town as broad as high fill 11 × 6 inches.
    figure = Figure(figsize=(11, min(max(5.2 * (north - south) / (east - west), 3.2), 6.2) + 0.9))
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2)
    with mpl.rc_context({"hatch.linewidth": 0.7, "hatch.color": "#222222"}):
        for axis, grids, title in zip(
            axes, (plan.before, plan.after), (before, after), strict=True
        ):
            colours = np.array(COLOURS)[np.digitize(grids["deviation"], EDGES)]
            grids.plot(ax=axis, color=colours, edgecolor="#444444", linewidth=0.5)
            if grids["stuck"].any():
                stuck = grids[grids["stuck"]]
                stuck.plot(ax=axis, facecolor="none", edgecolor="#222222", hatch="////")
            axis.set_title(title, fontsize=11)
            axis.set_axis_off()
        keys = [
            Patch(facecolor=colour, edgecolor="#444444", label=name)
            for colour, name in zip(COLOURS, NAMES, strict=True)
        ]
        if plan.after["stuck"].any():
            keys.append(Patch(facecolor="none", hatch="////", label="nothing could help"))
        figure.legend(
            handles=keys,
            title="load of a grid beside its fair share",
            loc="lower center",
            ncols=len(keys),
            fontsize=8.5,
            title_fontsize=9,
            frameon=False,
        )
        figure.subplots_adjust(left=0.01, right=0.99, top=0.94, bottom=0.12, wspace=0.02)
        figure.set_dpi(100)
        canvas.draw()
    _smallest(np.asarray(canvas.buffer_rgba()), path)


def _smallest(pixels, path):
    """Save with 64 colours: a third of the size, and no eye sees it."""
    from PIL import Image

    picture = Image.fromarray(pixels[..., :3])
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


def titles(figures, today):
    """(title before, title after)."""
    return tuple(
        f"{what}: furthest {percent(worst)}, {over} beyond 5 %"
        for what, worst, over in (
            (today, figures["worst_before"], figures["over_before"]),
            ("proposed", figures["worst_after"], figures["over_after"]),
        )
    )


def _captioned(name, caption):
    print(caption)
    put(
        ROOT / "README.md",
        name,
        f"![Load of grids before and after]({PICTURES}/{name}.png)\n\n{caption}\n",
    )


def _draw_all():
    real = providence()
    draw(real, FOLDER / "providence.png", *titles(real.figures, f"{real.figures['grids']} tracts"))
    _captioned("providence", providence_caption(real.figures))
    name, town = worst_town(city(1.0, 0))
    draw(town, FOLDER / "town.png", *titles(town.figures, f"today's {town.figures['grids']} grids"))
    _captioned("town", town_caption(name, town.figures))


if __name__ == "__main__":
    _draw_all()
