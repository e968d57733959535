"""Put a Parquet file together from pieces that were written before, without decoding them.

The columns of a row group lie in the file as they were compressed; only the footer at the end says
where. So row groups can be moved from file to file as bytes, columns be set beside them, and a file
be begun by one program and ended by another.

Format: Apache Parquet, "parquet.thrift"; the numbers below are those of its fields.
"""

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from gridgeo.model.thrift import (
    BINARY,
    I16,
    I32,
    I64,
    LIST,
    STRUCT,
    Many,
    Struct,
    read_struct,
    write_struct,
)

MAGIC = b"PAR1"
_TAIL = 8  # bytes: the length of the footer and the magic word

_SCHEMA, _ROWS, _GROUPS, _KEYS, _ORDERS = 2, 3, 4, 5, 7  # of FileMetaData
_NAME, _CHILDREN = 4, 5  # of SchemaElement
_COLUMNS, _BYTES, _GROUP_ROWS, _SORTING, _OFFSET, _PACKED, _ORDINAL = range(1, 8)  # of RowGroup
_PATH, _CHUNK_OFFSET, _META, _CRYPTO, _ENCRYPTED = 1, 2, 3, 8, 9  # of ColumnChunk
_PAGE_INDEX = (4, 5, 6, 7)  # of ColumnChunk: it lies elsewhere, and readers do without
_UNPACKED_SIZE, _SIZE, _DATA, _DICTIONARY = 6, 7, 9, 11  # of ColumnMetaData
_ELSEWHERE = (10, 14, 15)  # of ColumnMetaData: index page and Bloom filter
_ARROW = b"ARROW:schema"


@dataclass(frozen=True)
class Chunk:
    """One column of one row group.

    Parameters
    ----------
    start, size : int
        Its bytes in the file it stands in.
    said : Struct
        What the footer there says of it.
    """

    start: int
    size: int
    said: Struct


def read_footer(file: BinaryIO) -> Struct:
    """Read the footer of a Parquet file.

    Raises
    ------
    ValueError
        It is no Parquet file, its footer is encrypted, or columns of it are or lie elsewhere.
    """
    size = file.seek(0, 2)
    file.seek(max(size - _TAIL, 0))
    tail = file.read(_TAIL)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != MAGIC or length + _TAIL + len(MAGIC) > size:
        raise ValueError("it does not end like a Parquet file that anybody can read")
    file.seek(size - _TAIL - length)
    footer = read_struct(file.read(length))
    for group in footer.get(_GROUPS).values:
        for chunk in group.get(_COLUMNS).values:
            if any(chunk.get(part) for part in (_PATH, _CRYPTO, _ENCRYPTED)):
                raise ValueError("its columns are encrypted or lie in other files")
    return footer


def groups_of(footer: Struct) -> list[Struct]:
    """Give the row groups of a file."""
    found: list[Struct] = footer.get(_GROUPS).values
    return found


def rows_of(group: Struct) -> int:
    """Count the rows of a row group."""
    return int(group.get(_GROUP_ROWS))


def chunks_of(group: Struct, leaves: Collection[int] | None = None) -> list[Chunk]:
    """Give the columns of a row group, or those of some leaves of the schema."""
    found = []
    for leaf, said in enumerate(group.get(_COLUMNS).values):
        if leaves is None or leaf in leaves:
            meta = said.get(_META)
            starts = [meta.get(_DATA), meta.get(_DICTIONARY)]
            start = min(at for at in starts if at)  # 0: some write it for a dictionary that is none
            found.append(Chunk(start, meta.get(_SIZE), said))
    return found


def leaves_of(footer: Struct, without: Collection[str] = ()) -> list[int]:
    """Give the numbers of the leaves that stand under no top column of these names."""
    kept, leaf = [], 0
    for name, elements in _top(footer):
        for element in elements:
            if not element.get(_CHILDREN):
                if name not in without:
                    kept.append(leaf)
                leaf += 1
    return kept


def placed(chunks: Sequence[Chunk], group: Struct, offset: int, whole: bool = True) -> bytes:
    """Say of a row group that its columns lie one after the other.

    Parameters
    ----------
    chunks : sequence of Chunk
        In the order of the schema's leaves.
    group : Struct
        The row group that some or all of them come from.
    offset : int
        Where in the new file the first begins.
    whole : bool
        All columns of ``group`` are among them: it is still sorted as it says.

    Returns
    -------
    bytes
        For ``footer_of``.
    """
    columns, at = [], offset
    for chunk in chunks:
        said = read_struct(write_struct(chunk.said))  # not to change what others hold
        said.drop(*_PAGE_INDEX)
        said.set(_CHUNK_OFFSET, I64, 0)  # of no use, say newer versions of the format
        meta = said.get(_META)
        meta.drop(*_ELSEWHERE)
        for part in (_DATA, _DICTIONARY):
            if meta.get(part):
                meta.set(part, I64, meta.get(part) - chunk.start + at)
        columns.append(said)
        at += chunk.size
    made = Struct(dict(group.fields))
    made.drop(_ORDINAL, *(() if whole else (_SORTING,)))
    made.set(_COLUMNS, LIST, Many(STRUCT, columns))
    made.set(_BYTES, I64, sum(one.get(_META).get(_UNPACKED_SIZE) for one in columns))
    made.set(_OFFSET, I64, offset)
    made.set(_PACKED, I64, at - offset)
    return write_struct(made)


def widened(footer: Struct, more: Struct, without: Collection[str], schema: pa.Schema) -> Struct:
    """Set the columns of a second file behind those of a first.

    Parameters
    ----------
    footer, more : Struct
        Of the two files.
    without : collection of str
        Top columns of the first that are left out.
    schema : Schema
        The columns of the second, as Arrow shall read them.

    Returns
    -------
    Struct
        The first one's footer for all of these columns.
    """
    made = Struct(dict(footer.fields))
    kept = [(name, elements) for name, elements in _top(footer) if name not in without]
    new = _top(more)
    root = Struct(dict(footer.get(_SCHEMA).values[0].fields))
    root.set(_CHILDREN, I32, len(kept) + len(new))
    elements = [element for _, those in (*kept, *new) for element in those]
    made.set(_SCHEMA, LIST, Many(STRUCT, [root, *elements]))
    orders = footer.get(_ORDERS)
    if orders is not None:
        those = [orders.values[leaf] for leaf in leaves_of(footer, without)]
        made.set(_ORDERS, LIST, Many(STRUCT, [*those, *more.get(_ORDERS).values]))
    keys = footer.get(_KEYS)
    if keys is not None:
        said = [_with_arrow(pair, without, schema) for pair in keys.values]
        made.set(_KEYS, LIST, Many(STRUCT, said))
    return made


def read_as(footer: Struct, schema: pa.Schema) -> Struct:
    """Let Arrow read a file by this schema, such as text where it was given dictionaries."""
    made = Struct(dict(footer.fields))
    others = footer.get(_KEYS, Many(STRUCT, [])).values
    said = [pair for pair in others if pair.get(1) != _ARROW]
    made.set(_KEYS, LIST, Many(STRUCT, [*said, _arrow(schema)]))
    return made


def footer_of(footer: Struct, groups: Sequence[bytes], rows: int) -> bytes:
    """End a file: its footer with these row groups, as ``placed`` says them, and the magic word."""
    made = Struct(dict(footer.fields))
    numbered = []
    for place, said in enumerate(groups):
        group = read_struct(said)
        if place < 2**15:  # the field has no room for more
            group.set(_ORDINAL, I16, place)
        numbered.append(group)
    made.set(_GROUPS, LIST, Many(STRUCT, numbered))
    made.set(_ROWS, I64, rows)
    written = write_struct(made)
    return written + len(written).to_bytes(4, "little") + MAGIC


def footer_in(path: Path) -> Struct:
    """Read the footer of a file by its path; ``ValueError`` as ``read_footer``."""
    with path.open("rb") as file:
        return read_footer(file)


def _top(footer: Struct) -> list[tuple[str, list[Struct]]]:
    """Give the top columns of the schema: name, and its element with all that stand below it."""
    _, *elements = footer.get(_SCHEMA).values
    found: list[tuple[str, list[Struct]]] = []
    awaited = 0
    for element in elements:
        if not awaited:
            found.append((element.get(_NAME).decode(), []))
            awaited = 1
        found[-1][1].append(element)
        awaited += (element.get(_CHILDREN) or 0) - 1
    return found


def _with_arrow(pair: Struct, without: Collection[str], more: pa.Schema) -> Struct:
    if pair.get(1) != _ARROW:
        return pair
    said = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(pair.get(2))))
    kept = [field for field in said if field.name not in without]
    return _arrow(pa.schema([*kept, *more], metadata=said.metadata))


def _arrow(schema: pa.Schema) -> Struct:
    said = base64.b64encode(schema.serialize().to_pybytes())
    return Struct({1: (BINARY, _ARROW), 2: (BINARY, said)})
