"""Hot spots, trends and heat against published figures; tests/golden has the sources."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from gridgeo.analysis import hotspots as spots
from gridgeo.analysis.density import heat
from gridgeo.analysis.emerging import emerging_hotspots, mann_kendall
from gridgeo.analysis.neighbours import Neighbours

GOLDEN = Path(__file__).parent.parent / "golden"
METRES = 4549


# --- Anselin's countries --------------------------------------------------------------------------


@pytest.fixture
def africa(monkeypatch):
    """Countries with their figures; who is whose neighbour is given, not measured."""
    known = pd.read_csv(GOLDEN / "african_conflict" / "countries.csv", index_col="country")
    at = {name: position for position, name in enumerate(known.index)}

    class Bordering(Neighbours):
        def __init__(self, xy, _band, star):
            of = known["neighbours"].str.split(";")
            pairs = [(at[name], at[other]) for name, others in of.items() for other in others]
            pairs += [(k, k) for k in range(len(xy)) if star]
            weights = csr_array((np.ones(len(pairs)), np.transpose(pairs)), shape=(len(xy),) * 2)
            assert (weights != weights.T).nnz == 0
            self.weights, self.star = weights, star

    monkeypatch.setattr(spots, "Neighbours", Bordering)
    anywhere = gpd.GeoSeries.from_xy(
        range(len(known)), [0] * len(known), index=known.index, crs=METRES
    )
    return known, anywhere


def test_local_moran_of_african_conflict_is_that_of_the_paper_as_spdep_prints_it(africa):
    known, places = africa
    found = spots.local_moran(known["conflict"].astype(float), places, 1.0)
    assert found["moran"].to_numpy() == pytest.approx(known["local_moran"].to_numpy(), rel=6e-5)
    assert found["z"].to_numpy() == pytest.approx(known["z"].to_numpy(), rel=6e-5, abs=1e-4)
    called = found.index[found["verdict"] == "high-high"]
    assert {"Sudan", "Egypt", "Kenya"} <= {*called}


def test_gi_star_of_african_conflict_is_that_of_spdep(africa):
    known, places = africa
    found = spots.hotspots(known["conflict"].astype(float), places, 1.0)
    assert found["z"].to_numpy() == pytest.approx(known["gi_star"].to_numpy(), abs=6e-4)


# --- false discovery ------------------------------------------------------------


def test_the_example_of_benjamini_and_hochberg_rejects_four_of_fifteen():
    known = pd.read_csv(GOLDEN / "false_discovery" / "p.csv")
    q = spots.discovery_rate(known["p"].to_numpy())
    assert q == pytest.approx(known["adjusted"].to_numpy(), abs=5e-9)
    assert (q <= 0.05).sum() == 4
    assert (known["p"] <= 0.05 / 15).sum() == 3


# --- trend ------------------------------------------------------------


def test_mann_kendall_of_thirty_years_of_months_is_that_of_pymannkendall():
    series = pd.read_csv(GOLDEN / "mann_kendall" / "series.csv")["value"].to_numpy()
    assert (len(series), np.isnan(series).sum()) == (360, 7)
    z, p = mann_kendall(np.vstack([series, np.arange(360.0), np.ones(360)]))
    assert z[0] == pytest.approx(-0.8854562842589916, rel=1e-12)
    assert z[0] == pytest.approx((-1959 + 1) / np.sqrt(4889800.333333333), rel=1e-12)
    assert p[0] == pytest.approx(0.37591058740506833, rel=1e-12)
    assert z[1] == pytest.approx((64620 - 1) / np.sqrt(360 * 359 * 725 / 18))
    assert p[2] == 1.0


# --- how spots come and go ------------------------------------------------------------

PATTERNS = pd.read_csv(GOLDEN / "emerging" / "patterns.csv", keep_default_na=False)
LATTICE = gpd.GeoSeries.from_xy(
    np.tile(range(0, 2000, 100), 20), np.repeat(range(0, 2000, 100), 20), crs=METRES
)
RUNS = {
    "flat": np.full(20, 8.0),
    "rising": np.linspace(4, 16, 20),
    "falling": np.linspace(16, 4, 20),
}


@pytest.mark.parametrize("turned", [1, -1], ids=["hot", "cold"])
@pytest.mark.parametrize(("pattern", "run", "category"), [*PATTERNS.itertuples(index=False)])
def test_spots_are_named_by_the_definitions_of_esri(pattern, run, category, turned):
    values = np.random.default_rng(1).normal(0, 1, (20, 20, 20))
    sign = np.array([{"H": 1, "C": -1, ".": 0}[letter] for letter in pattern])
    values[:4, :4] += sign * RUNS[run]
    found = emerging_hotspots(pd.DataFrame(turned * values.reshape(400, 20)), LATTICE, 150)
    spot = found.loc[21]
    hot, cold = ("hot", "cold") if turned > 0 else ("cold", "hot")
    assert spot[f"{hot}_periods"] == pattern.count("H")
    assert spot[f"{cold}_periods"] == pattern.count("C")
    assert spot["verdict"] == (f"{category} {hot}" if category else "")


# --- heat ------------------------------------------------------------


@pytest.mark.parametrize("bandwidths", [0.5, 1.0, 2.0, 3.0])
def test_the_heat_of_one_incident_is_a_normal_hill(bandwidths):
    # Within r of its middle lies 1 − exp(−r² / 2σ²) of a normal hill, 1 / 2πσ² is its height.
    hill = heat(gpd.GeoSeries.from_xy([5.0], [5.0], crs=METRES), 200, 10)
    assert hill.density.max() == pytest.approx(1e6 / (2 * np.pi * 200**2), rel=1e-3)
    rows, columns = hill.density.shape
    x = hill.west + (np.arange(columns) + 0.5) * 10 - 5
    y = hill.south + (np.arange(rows) + 0.5) * 10 - 5
    near = np.hypot(*np.meshgrid(x, y)) <= bandwidths * 200
    inside = hill.density[near].sum() * 0.01**2
    assert inside == pytest.approx(1 - np.exp(-(bandwidths**2) / 2), abs=4e-3)
