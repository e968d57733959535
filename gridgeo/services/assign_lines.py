"""Assign the points of a GeoJSON sequence: features keep their texts, three properties join in."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from gridgeo.analysis.assign import Assigner
from gridgeo.analysis.assign_table import Place, answer_schema, answers
from gridgeo.ingest.geojson_lines import SEPARATOR, count_lines, feature_of, read_lines
from gridgeo.services.points_in import line_crs, line_spot
from gridgeo.services.unfinished import Step

_PROPERTIES = re.compile(rb'"properties"\s*:\s*\{\s*')


class LineCopy:
    """Add the answers to the features of a GeoJSON sequence.

    Parameters
    ----------
    path : Path
    assigner : Assigner
    key : str
        Name of the property with the grid.
    crs : int, optional
        EPSG code of the coordinates; WGS 84 unless said. They are written as they were read.
    separated : bool
        Before each feature stands a record separator, as RFC 8142 has it.
    threads : int

    Attributes
    ----------
    rows_read : int
        Of the features given so far, those before the place it began at among them.
    """

    def __init__(
        self,
        path: Path,
        assigner: Assigner,
        key: str,
        crs: int | None,
        separated: bool,
        threads: int = 1,
    ) -> None:
        self._path, self._assigner, self._key, self._threads = path, assigner, key, threads
        self._place = Place(("x", "y"), line_crs(crs))
        self._names = frozenset(answer_schema(assigner, key).names)
        self._before = SEPARATOR if separated else b""
        self.rows_read = 0

    def steps(self, at: int, rows: int, _size: int) -> Iterator[Step]:
        """Go on at a place that an earlier step named; ``rows`` stand before it."""
        self.rows_read = rows
        for lines in read_lines(self._path, at, rows):
            before, many = self.rows_read, len(lines.texts)
            spots = np.empty((many, 2))
            plain = np.empty(many, np.bool_)
            for k, text in enumerate(lines.texts):
                feature = feature_of(text, self._path, before + k + 1)
                spots[k] = line_spot(feature, before + k)
                own = feature.get("properties")
                plain[k] = own is not None and self._names.isdisjoint(own)
            self.rows_read += many
            table = pa.table({"x": spots[:, 0], "y": spots[:, 1]})
            found = answers(self._assigner, table, self._place, self._key, self._threads)
            said = zip(lines.texts, plain.tolist(), _texts(found.table), strict=True)
            yield Step(
                many,
                lines.at,
                tuple(found.counts.tolist()),
                found.unplaced,
                b"".join(self._before + self._with(*one) + b"\n" for one in said),
                share=lines.share,
            )

    def made(self, data: Path, _ends: list[int]) -> Path:
        """Give the features as they were written: they are the file."""
        return data

    def rows_in(self, path: Path) -> int:
        """Count the features of a finished file, which are its lines."""
        return count_lines(path)

    def _with(self, text: bytes, plain: bool, more: bytes) -> bytes:
        """Put properties into a feature, in front of its own."""
        text = text.replace(b"\n", b" ").replace(b"\r", b" ")  # a line each, whatever it was
        found = _PROPERTIES.findall(text) if plain else []
        if len(found) != 1:
            # rare: written anew, for the text does not say where they belong or has earlier ones
            feature = json.loads(text)
            own = feature.get("properties") or {}
            kept = {name: value for name, value in own.items() if name not in self._names}
            whole = {**feature, "properties": {**json.loads(b"{" + more + b"}"), **kept}}
            return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
        before, place, behind = text.partition(found[0])
        return before + place + more + (b"" if behind.startswith(b"}") else b",") + behind


def _texts(answer: pa.Table) -> list[bytes]:
    """Say answers as properties in JSON, without the braces."""
    key, how, metres = (json.dumps(name, ensure_ascii=False) for name in answer.schema.names)
    said: dict[tuple[object, object], str] = {}
    texts = []
    for grid, way, distance_m in zip(*(c.to_pylist() for c in answer.columns), strict=True):
        first = said.get((grid, way))
        if first is None:
            words = json.dumps(grid, ensure_ascii=False), json.dumps(way)
            first = said[grid, way] = f"{key}:{words[0]},{how}:{words[1]},{metres}:"
        texts.append(f"{first}{'null' if distance_m is None else distance_m}".encode())
    return texts
