import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gridgeo.model.parquet_group import as_group, as_read, compact
from gridgeo.model.parquet_pieces import (
    MAGIC,
    chunks_of,
    footer_of,
    groups_of,
    leaves_of,
    placed,
    read_footer,
    widened,
)
from gridgeo.model.thrift import read_struct, write_struct
from hypothesis import given
from hypothesis import strategies as st


def file_of(table, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def footer_bytes(data):
    return data[-8 - int.from_bytes(data[-8:-4], "little") : -8]


@given(
    columns=st.dictionaries(
        st.text(min_size=1, max_size=9),
        st.sampled_from([[1, None, 3], ["a", "", None], [[1], [], None], [{"b": {"c": 1.5}}] * 3]),
        min_size=1,
        max_size=20,
    ),
    rows=st.integers(1, 4),
    index=st.booleans(),
)
def test_a_footer_that_is_read_and_written_is_the_same_to_the_byte(columns, rows, index):
    written = footer_bytes(file_of(pa.table(columns), row_group_size=rows, write_page_index=index))
    assert write_struct(read_struct(written)) == written


@given(cut=st.integers(0, 400))
def test_a_footer_that_is_cut_is_refused(cut):
    written = footer_bytes(file_of(pa.table({"a": [1], "b": ["x"]})))
    if cut < len(written):
        with pytest.raises(ValueError, match="ends"):
            read_struct(written[:cut])


def test_row_groups_of_several_files_are_put_behind_each_other():
    tables = [pa.table({"a": [k, k + 1], "b": [f"{k}", None]}) for k in range(5)]
    out, said = bytearray(MAGIC), []
    for table in tables:
        data, footer = as_group(table)
        (group,) = groups_of(footer)
        chunks = chunks_of(group)
        said.append(placed(chunks, group, len(out)))
        for chunk in chunks:
            out += data[chunk.start : chunk.start + chunk.size]
    out += footer_of(footer, said, 10)
    found = pq.read_table(io.BytesIO(out))
    found.validate(full=True)
    assert found.equals(pa.concat_tables(tables))
    meta = pq.read_metadata(io.BytesIO(out))
    assert (meta.num_rows, meta.num_row_groups) == (10, 5)
    assert meta.row_group(3).column(0).statistics.max == 4


def test_columns_of_two_files_are_set_beside_each_other_and_named_ones_left_out():
    nested = [{"x": 1, "y": [2]}, None]
    old = file_of(pa.table({"a": [1, 2], "gone": nested, "kept": nested}))
    more = pa.table({"new": pa.array(["u", "v"]).dictionary_encode()})
    data, new_footer = as_group(more)
    footer = read_footer(io.BytesIO(old))
    assert leaves_of(footer) == [0, 1, 2, 3, 4]
    kept = leaves_of(footer, {"gone"})
    assert kept == [0, 3, 4]
    first, second = groups_of(footer)[0], groups_of(new_footer)[0]
    chunks = [(old, c) for c in chunks_of(first, kept)] + [(data, c) for c in chunks_of(second)]
    out = MAGIC + b"".join(bytes(d[c.start : c.start + c.size]) for d, c in chunks)
    said = placed([c for _, c in chunks], first, len(MAGIC), whole=False)
    wide = widened(footer, new_footer, {"gone"}, as_read(more.schema))
    found = pq.read_table(io.BytesIO(out + footer_of(wide, [said], 2)))
    assert found.to_pydict() == {"a": [1, 2], "kept": nested, "new": ["u", "v"]}
    assert found.schema.field("new").type == pa.string()


@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=30))
def test_a_compact_dictionary_says_the_same_and_holds_nothing_else(positions):
    words = pa.array([f"g{k}" for k in range(10)])
    column = pa.DictionaryArray.from_arrays(pa.array(positions, pa.int32()), words)
    made = compact(pa.chunked_array([column]))
    assert made.to_pylist() == column.to_pylist()
    assert sorted(made.dictionary.to_pylist()) == sorted({p for p in made.to_pylist() if p})


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + bytes(20), b"PAR1\x00\x00\x00\x7fPAR1"])
def test_what_is_no_parquet_is_refused(data):
    with pytest.raises(ValueError, match="does not end like"):
        read_footer(io.BytesIO(data))


def test_columns_of_a_million_rows_are_moved_without_decoding_them():
    """Bytes that no decoder would take come through as they are."""
    table = pa.table({"a": np.arange(1000)})
    data = bytearray(file_of(table))
    (chunk,) = chunks_of(groups_of(read_footer(io.BytesIO(data)))[0])
    data[chunk.start : chunk.start + chunk.size] = b"\xff" * chunk.size
    footer = read_footer(io.BytesIO(data))
    group = groups_of(footer)[0]
    out = MAGIC + bytes(data[chunk.start : chunk.start + chunk.size])
    out += footer_of(footer, [placed(chunks_of(group), group, 4)], 1000)
    assert pq.read_metadata(io.BytesIO(out)).num_rows == 1000
