"""The compact protocol of Thrift, in which Parquet says what stands where in a file.

Values are kept as they are found, with their types, so that what is not understood comes through.
"""

from dataclasses import dataclass, field
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
_INTEGERS = (I16, I32, I64)
_SHORT = 15  # fields that lie so near one another, and lists of fewer, take one byte


@dataclass
class Many:
    """A list or set of values of one type."""

    kind: int
    values: list[Any]


@dataclass
class Pairs:
    """A map: the types of its keys and values, and them."""

    kinds: tuple[int, int]
    values: list[tuple[Any, Any]]


@dataclass
class Struct:
    """Numbered fields, each with its type; ``bool`` is type ``TRUE`` and a Python bool."""

    fields: dict[int, tuple[int, Any]] = field(default_factory=dict)

    def get(self, number: int, default: Any = None) -> Any:  # noqa: ANN401
        """Give the value of a field; ``default`` where it is not there."""
        return self.fields[number][1] if number in self.fields else default

    def set(self, number: int, kind: int, value: Any) -> None:  # noqa: ANN401
        """Put a value in place of the one that was there, or add it."""
        self.fields[number] = (kind, value)

    def drop(self, *numbers: int) -> None:
        """Leave fields out, whether they are there or not."""
        for number in numbers:
            self.fields.pop(number, None)


def read_struct(data: bytes) -> Struct:
    """Read one struct.

    Raises
    ------
    ValueError
        ``data`` ends within it, or holds something that is no compact protocol.
    """
    try:
        return _Reader(data).struct()
    except IndexError as error:
        raise ValueError("it ends in the midst of a value") from error


def write_struct(struct: Struct) -> bytes:
    """Write one struct; its fields in ascending order, as the protocol is shortest."""
    out = bytearray()
    _put_struct(out, struct)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def struct(self) -> Struct:
        found = Struct()
        number = 0
        while head := self._byte():
            kind, step = head & 15, head >> 4
            number = number + step if step else self._zigzag()
            if kind in (TRUE, FALSE):
                found.set(number, TRUE, kind == TRUE)
            else:
                found.set(number, kind, self._value(kind))
        return found

    def _value(self, kind: int) -> Any:  # noqa: ANN401
        if kind in _INTEGERS:
            return self._zigzag()
        if kind == BINARY:
            return self._take(self._varint())
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            head = self._byte()
            many = head >> 4
            many = self._varint() if many == _SHORT else many
            return Many(head & 15, [self._element(head & 15) for _ in range(many)])
        if kind == MAP:
            many = self._varint()
            head = self._byte() if many else 0
            kinds = head >> 4, head & 15
            return Pairs(
                kinds, [(self._element(kinds[0]), self._element(kinds[1])) for _ in range(many)]
            )
        if kind == DOUBLE:
            return self._take(8)
        if kind == BYTE:
            return self._byte()
        raise ValueError(f"there is no type {kind}")

    def _element(self, kind: int) -> Any:  # noqa: ANN401
        return self._byte() == TRUE if kind in (TRUE, FALSE) else self._value(kind)

    def _byte(self) -> int:
        value = self._data[self._at]
        self._at += 1
        return value

    def _take(self, many: int) -> bytes:
        value = self._data[self._at : self._at + many]
        if len(value) < many:
            raise IndexError
        self._at += many
        return value

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


def _put_struct(out: bytearray, struct: Struct) -> None:
    before = 0
    for number, (kind, value) in sorted(struct.fields.items()):
        if kind in (TRUE, FALSE):
            kind = TRUE if value else FALSE
        step = number - before
        if 0 < step <= _SHORT:
            out.append(step << 4 | kind)
        else:
            out.append(kind)
            _put_zigzag(out, number)
        if kind not in (TRUE, FALSE):
            _put(out, kind, value)
        before = number
    out.append(0)


def _put(out: bytearray, kind: int, value: Any) -> None:  # noqa: ANN401
    if kind in (TRUE, FALSE):
        out.append(TRUE if value else FALSE)
    elif kind in _INTEGERS:
        _put_zigzag(out, value)
    elif kind == BINARY:
        _put_varint(out, len(value))
        out += value
    elif kind == STRUCT:
        _put_struct(out, value)
    elif kind in (LIST, SET):
        many = len(value.values)
        out.append(min(many, _SHORT) << 4 | value.kind)
        if many >= _SHORT:
            _put_varint(out, many)
        for one in value.values:
            _put(out, value.kind, one)
    elif kind == MAP:
        _put_varint(out, len(value.values))
        if value.values:
            out.append(value.kinds[0] << 4 | value.kinds[1])
        for pair in value.values:
            for part, one in zip(value.kinds, pair, strict=True):
                _put(out, part, one)
    elif kind == DOUBLE:
        out += value
    else:
        out.append(value)


def _put_zigzag(out: bytearray, value: int) -> None:
    _put_varint(out, (value << 1) ^ (value >> 63))


def _put_varint(out: bytearray, value: int) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
