"""Files that would fill the memory."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gridgeo.errors import InputError
from gridgeo.ingest import limits
from gridgeo.ingest.formats import FORMATS, fingerprint, open_source
from gridgeo.ingest.intake import read
from gridgeo.model.frames import WORKERS


@pytest.fixture
def written(tmp_path):
    """Write a table as Parquet and give its path."""

    def write(columns, **options):
        pq.write_table(pa.table(columns), tmp_path / "w.parquet", **options)
        return tmp_path / "w.parquet"

    return write


def refused(path):
    with pytest.raises(InputError) as caught:
        open_source(path)
    assert caught.value.code == "input.too-large"
    assert caught.value.hint == "Split it into several files, such as one a town."
    return caught.value.message


def test_a_small_file_of_very_many_rows_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "bomb.parquet"
    million = pa.table({"worker_id": pa.array(np.zeros(10**6, dtype="int8"))})
    with pq.ParquetWriter(path, million.schema, compression="zstd") as file:
        for _ in range(51):
            file.write_table(million)
    assert path.stat().st_size < 10**6
    monkeypatch.delattr(pq.ParquetFile, "iter_batches")
    found = "bomb.parquet holds 51,000,000 rows; at most 50,000,000 can be read at once."
    assert refused(path) == found


def test_bytes_are_counted_as_they_are_once_unpacked(written, monkeypatch):
    path = written({"worker_id": np.zeros(10**6)}, use_dictionary=False, compression="zstd")
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(limits, "MOST_BYTES", 8_200_000)
    assert open_source(path).rows == 10**6
    monkeypatch.setattr(limits, "MOST_BYTES", 8_000_000)
    monkeypatch.delattr(pq.ParquetFile, "iter_batches")
    assert refused(path).startswith("w.parquet unpacks to 8,003,")


def test_a_text_that_all_rows_share_counts_in_every_row(written, monkeypatch):
    path = written({"worker_id": ["w" * 1000] * 70_000})
    assert pq.ParquetFile(path).metadata.row_group(0).total_byte_size < 10**5
    monkeypatch.setattr(limits, "MOST_BYTES", 60_000_000)
    assert "unpacks to 65," in refused(path)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_larger_than_the_limit_is_refused_unread(tmp_path, suffix):
    path = tmp_path / f"large{suffix}"
    with path.open("wb") as file:
        file.truncate(limits.MOST_BYTES + 1)
    found = f"large{suffix} is 4,294,967,297 bytes; at most 4,294,967,296 can be read at once."
    assert refused(path) == found
    with pytest.raises(InputError, match="at most 4,294,967,296"):
        fingerprint(path)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb", ".shp"])
def test_rows_of_a_vector_file_are_counted_first(blocks, tmp_path, monkeypatch, suffix):
    path = tmp_path / f"u{suffix}"
    blocks.to_file(path)
    monkeypatch.setattr(limits, "MOST_ROWS", len(blocks))
    assert open_source(path).rows == len(blocks)
    monkeypatch.setattr(limits, "MOST_ROWS", len(blocks) - 1)
    assert refused(path) == f"u{suffix} holds 3 rows; at most 2 can be read at once."


def test_a_large_file_read_piece_by_piece_is_whole(tmp_path):
    n = 200_000
    frame = pd.DataFrame(
        {
            "worker_id": [f"W{i:06d}" for i in range(n)],
            "employment": pd.Categorical(np.resize(["full-time", "part-time", "专职"], n)),
        }
    )
    frame.to_parquet(tmp_path / "w.parquet", row_group_size=70_000)
    accepted = read(tmp_path / "w.parquet", WORKERS).accepted
    assert accepted.index.tolist() == frame["worker_id"].tolist()
    assert accepted["employment"].iloc[-3:].tolist() == ["full-time", "full-time", "part-time"]


def test_text_of_a_parquet_file_that_is_not_utf_8_is_said(written):
    ends = pa.array([0, 2], pa.int32()).buffers()[1]
    broken = pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(b"\xc4\xe3")])
    with pytest.raises(InputError, match=r"w\.parquet has text that is not UTF-8"):
        open_source(written({"worker_id": broken}))
