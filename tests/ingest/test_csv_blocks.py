import csv
import io

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridgeo.errors import InputError
from gridgeo.ingest.csv_blocks import CsvBlocks, count_rows

CELLS = st.text(st.sampled_from('ab,;"\n\r 甲'), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, st.sampled_from(["1", "x"])), min_size=1, max_size=20),
    block=st.integers(1, 60),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
)
def test_blocks_of_any_size_hold_the_cells_that_python_reads(tmp_path, rows, block, end, encoding):
    text = io.StringIO()
    # Python quotes a lone carriage return only when it quotes everything
    everything = any("\r" in cell for row in rows for cell in row)
    quoting = csv.QUOTE_ALL if everything else csv.QUOTE_MINIMAL
    writer = csv.writer(text, lineterminator=end, quoting=quoting)
    writer.writerows([("a", "b", "c"), *rows])
    path = tmp_path / "any.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    file = CsvBlocks(path, encoding, block_bytes=block)
    blocks = list(file.blocks())
    found = pa.concat_tables([one.table for one in blocks]).to_pylist()
    assert [tuple(row.values()) for row in found] == rows
    for k, one in enumerate(blocks[:-1]):  # from every place it goes on to the same rows
        rest = pa.concat_tables([b.table for b in file.blocks(one.at)]).to_pylist()
        assert rest == found[sum(b.table.num_rows for b in blocks[: k + 1]) :]
    if encoding == "utf-8" and end == "\n":
        assert count_rows(path) == 1 + len(rows)


def test_a_quote_within_a_cell_opens_no_text(tmp_path):
    path = tmp_path / "inches.csv"
    path.write_text('a,b\n1,12" pipe\n2,"x\ny"\n3,z\n', encoding="utf-8")
    found = [b.table.to_pylist() for b in CsvBlocks(path, block_bytes=9).blocks()]
    assert [row["1"] for rows in found for row in rows] == ['12" pipe', "x\ny", "z"]


@pytest.mark.parametrize("block", [5, 1000])
def test_a_row_of_another_width_is_named_wherever_it_stands(tmp_path, block):
    path = tmp_path / "ragged.csv"
    path.write_text("a,b\n" + "1,2\n" * 6 + "1\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="data row 7 has 1 cells"):
        list(CsvBlocks(path, block_bytes=block).blocks())
