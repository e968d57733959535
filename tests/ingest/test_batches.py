"""A file read batch by batch is the file read whole."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from gridgeo.errors import InputError
from gridgeo.ingest import delimited
from gridgeo.ingest.formats import open_batches, open_source
from gridgeo.ingest.notes import Note, gathered
from gridgeo.ingest.source import How


@pytest.fixture
def many():
    n = 23
    return gpd.GeoDataFrame(
        {"unit_id": [f"{i:03d}" for i in range(n)], "n": pd.array([*range(n)], dtype="Int64")},
        geometry=[Point(120 + i / 1000, 32.0) for i in range(n)],
        crs=4326,
    )


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".fgb", ".shp", ".parquet", ".csv"])
@pytest.mark.parametrize("most", [1, 5, 22, 23, 24])
def test_batches_together_are_the_file_and_rows_are_counted_on(many, tmp_path, suffix, most):
    path = tmp_path / f"h{suffix}"
    if suffix == ".csv":
        many.assign(wkt=many.geometry.to_wkt()).drop(columns="geometry").to_csv(path, index=False)
    elif suffix == ".parquet":
        many.to_parquet(path, row_group_size=7)
    else:
        many.to_file(path)
    whole, batches = open_source(path), open_batches(path, How(batch_rows=most))
    parts = list(batches)
    assert [part.rows for part in parts[:-1]] == [most] * (len(parts) - 1)
    table = pd.concat([part.table for part in parts])
    assert table.index.tolist() == list(range(1, 24))
    pd.testing.assert_frame_equal(table, whole.table, check_index_type=False)
    shares = [part.share for part in parts]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert batches.headers == whole.headers


@pytest.mark.parametrize("block", [40, 10_000])
@pytest.mark.parametrize("most", [1, 3, 100])
def test_ragged_rows_keep_their_numbers_in_batches(csv, monkeypatch, block, most):
    monkeypatch.setattr(delimited, "BLOCK_BYTES", block)
    rows = [f"h{i},120,32" if i % 4 else f"h{i}" for i in range(1, 41)]
    path = csv("household_id,lon,lat\n" + "\n".join(rows) + "\n")
    parts = list(open_batches(path, How(batch_rows=most)))
    assert [row for part in parts for row in sorted(part.ragged)] == list(range(4, 41, 4))
    table = pd.concat([part.table for part in parts])
    assert [f"h{row}" for row in table.index] == table["household_id"].tolist()
    assert sum(part.rows for part in parts) == 40


def test_a_quote_never_closed_is_told_though_the_rows_before_it_were_given(csv):
    path = csv('household_id,lon,lat\n1,120,32\n2,120,32\n3,"120,32\n4,120,32\n')
    with pytest.raises(InputError, match="never closed: data row 3 runs"):
        list(open_batches(path, How(batch_rows=1)))


def test_an_index_kept_as_three_numbers_is_a_column_in_every_batch(tmp_path):
    index = pd.RangeIndex(10, 30, 2, name="unit_id")
    pd.DataFrame({"a": range(10)}, index=index).to_parquet(tmp_path / "u.parquet")
    parts = open_batches(tmp_path / "u.parquet", How(batch_rows=4))
    assert pd.concat([part.table for part in parts])["unit_id"].tolist() == list(index)


def test_what_batches_counted_is_said_once_with_its_sum():
    closed = [Note("{0} of {1} closed.", "{1}个中闭合{0}个。", (k, 5)) for k in (0, 2, 1)]
    nothing = Note("{0} open.", "{0}个开放。", (0,))
    (note,) = gathered([closed[0], nothing, *closed[1:], nothing])
    assert (str(note), note.zh) == ("3 of 15 closed.", "15个中闭合3个。")
