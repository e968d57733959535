"""The maps of the README show what their captions say."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmarks import pictures
from benchmarks.balance_page import between
from tests.analysis.balance.cities import lattice

README = pictures.ROOT / "README.md"


@pytest.fixture(scope="module")
def providence():
    return pictures.providence()


def test_the_caption_of_providence_is_what_its_function_says(providence):
    told = between(README, "providence")
    assert pictures.providence_caption(providence.figures) in told
    assert "docs/pictures/providence.png" in told


def test_its_figures_are_those_of_the_blocks(providence, samples):
    blocks = pd.read_parquet(samples / "providence" / "blocks.parquet", columns=["pop", "tract"])
    load = blocks.groupby("tract")["pop"].sum()
    off = (load / (blocks["pop"].sum() / len(load)) - 1).abs()
    figures = providence.figures
    assert figures["load"] == blocks["pop"].sum()
    assert figures["grids"] == len(load) == 39
    assert figures["worst_before"] == pytest.approx(off.max())
    assert figures["over_before"] == (off > 0.05).sum()
    assert figures["worst_after"] <= 0.05
    assert (figures["over_after"], figures["stuck"]) == (0, [])
    # Tracts have 87 % too much: far more than the few that must leave would be too many.
    assert 0.1 < figures["moved"] < 0.3


@pytest.fixture(scope="module")
def shipped_town(samples):
    units = gpd.read_file(samples / "town" / "units.gpkg").set_index("unit_id")
    grids = gpd.read_file(samples / "town" / "grids.geojson").set_index("grid_code")
    towns = gpd.read_file(samples / "town" / "towns.geojson").set_index("town_code")
    layers = {"units": units, "grids": grids, "towns": towns}
    return pictures.worst_town(type("Sample", (), {"layers": layers}))


def test_a_town_is_judged_by_its_villages_shares(shipped_town, samples):
    name, town = shipped_town
    assert name == "城南"
    assert town.after["deviation"].abs().max() == town.figures["worst_after"]
    for grids in (town.before, town.after):
        assert grids["load"].sum() == town.figures["load"]
        share = grids["region"].map(grids.groupby("region")["load"].mean())
        assert np.allclose(grids["load"], share * (1 + grids["deviation"]))
    assert town.figures["worst_after"] <= 0.05 < town.figures["worst_before"]
    assert "stay beyond" not in pictures.town_caption(name, town.figures)


def test_what_no_plan_could_help_is_marked_and_named():
    units = lattice(4, 3, load=[9, *[1] * 11], today=[0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2])
    plan = pictures.mended(units, "load", "today")
    assert plan.figures["stuck"] == ["a00"]
    marked = plan.after[plan.after["stuck"]]
    assert len(marked) == 1
    assert marked.geometry.iloc[0].covers(units.geometry["a00"])
    assert "3 stay beyond 5 %; in their way: a00." in pictures.providence_caption(plan.figures)


def test_a_map_is_small_and_drawn_alike_twice(shipped_town, tmp_path):
    _, town = shipped_town
    for path in (tmp_path / "one.png", tmp_path / "two.png"):
        pictures.draw(town, path, "before", "after")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    colours = {
        tuple(rgb) for rgb in np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3).tolist()
    }
    for colour in ("b35806", "f7f7f7"):
        assert any(
            np.abs(np.array(rgb) - [int(colour[i : i + 2], 16) for i in (0, 2, 4)]).max() <= 4
            for rgb in colours
        )


def test_the_pictures_in_the_readme_are_small():
    for name in ("providence", "town"):
        assert 5_000 < (pictures.FOLDER / f"{name}.png").stat().st_size <= 150_000
