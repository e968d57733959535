"""Give the rows of a file their places: from its geometry, or from columns that say them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely

from gridgeo.errors import CRSError, InputError
from gridgeo.ingest.coerce import number, stripped
from gridgeo.ingest.names import PLACES, recognise, told
from gridgeo.ingest.notes import Note
from gridgeo.ingest.offset import came_back, undo
from gridgeo.ingest.reference import (
    check_metres,
    contradiction,
    degrees_only,
    far_note,
    known_crs,
    needed,
    same,
)
from gridgeo.ingest.source import Crs, Source, closed_note, shapes_from
from gridgeo.model.contract import not_finite
from gridgeo.model.crs import REST, to_rest

EWKT = re.compile(r"\s*SRID=(\d+);", re.IGNORECASE)
Fault = tuple[int, str, str]  # row, field, code


@dataclass(frozen=True, eq=False)
class Placed:
    """Where the rows of a file are.

    Parameters
    ----------
    shapes : GeoSeries, shape (n,)
        On the rows of the source, in the CRS of the file; None where a row has no place.
    understood : tuple of (str, str)
        Ours, theirs, of the columns used.
    faults : tuple of (int, str, str)
        Row, field, code: what is wrong with a place before any layer judges it. A row stands
        here at most once.
    notes : tuple of str
        What was assumed or mended.
    """

    shapes: gpd.GeoSeries
    understood: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()


class Placer:
    """Find the places of a file's rows, batch by batch, as its first batch says them.

    Parameters
    ----------
    source : Source
        The first batch.
    kinds : sequence of str
        Geometry kinds the layer allows; they decide between point columns and WKT.
    mapping : mapping of str to str
        Ours → theirs for ``lon``, ``lat``, ``x``, ``y``, ``geometry``.
    crs : int or None
        EPSG code said by the user.
    elsewhere : bool
        Rows may be placed without coordinates: a file that has none is no error.

    Attributes
    ----------
    understood : tuple of (str, str)
        Ours, theirs, of the columns used.

    Raises
    ------
    InputError
        No geometry and no columns that say places.
    """

    def __init__(
        self,
        source: Source,
        kinds: Sequence[str],
        mapping: Mapping[str, str],
        crs: int | None,
        *,
        elsewhere: bool = False,
    ) -> None:
        self._given, self._file = crs, source.name
        self._said: Crs = None  # by the batches so far
        self._way: tuple[str, ...] | None = ()
        self._theirs: dict[str, str] = {}
        if source.shapes is None:
            self._theirs = recognise(source.headers, PLACES, mapping, source.name)
            self._way = _way(self._theirs, kinds, mapping)
            if self._way is None and not elsewhere:
                raise _no_place(source, kinds)
        self.understood = tuple((ours, self._theirs[ours]) for ours in self._way or ())

    def place(self, source: Source) -> Placed:
        """Find the place of each row of a batch and the CRS it is said in.

        Parameters
        ----------
        source : Source

        Returns
        -------
        Placed
            Shapes in two dimensions; a MultiPoint of one point is that point.

        Raises
        ------
        CRSError
            The CRS is unknown, missing, said twice and differently, or in metres while all places
            are degrees.
        """
        if self._way is None:
            nowhere = np.full(len(source.table), None, dtype=object)
            return Placed(gpd.GeoSeries(nowhere, index=source.table.index, crs=REST))
        if self._way == ():
            if self._said is not None and source.crs_is_default:
                source = replace(source, crs=self._said, crs_is_default=False)
            placed = _from_geometry(source, self._given)
        elif self._way == ("geometry",):
            placed = _from_wkt(source, self._theirs["geometry"], self._given, self._said)
        else:
            placed = _from_numbers(source, self._way, self._theirs, self._given)
        self._said = placed.shapes.crs
        check_metres(placed.shapes, source.name)
        return _tidied(placed)


def place(
    source: Source, kinds: Sequence[str], mapping: Mapping[str, str], crs: int | None
) -> Placed:
    """Find the places of a file that is read whole, as ``Placer`` does; and what was used."""
    placer = Placer(source, kinds, mapping, crs)
    return replace(placer.place(source), understood=placer.understood)


def _way(
    theirs: Mapping[str, str], kinds: Sequence[str], mapping: Mapping[str, str]
) -> tuple[str, ...] | None:
    """Choose the columns that say the places; those named by the user go first."""
    ways: list[tuple[str, ...]] = [("geometry",)]
    if "Point" in kinds:
        ways = [("lon", "lat"), ("x", "y"), ("geometry",)]
    elif not kinds:
        ways = [("geometry",), ("lon", "lat"), ("x", "y")]
    there = [way for way in ways if set(way) <= set(theirs)]
    return min(there, key=lambda way: not set(way) <= set(mapping), default=None)


def _no_place(source: Source, kinds: Sequence[str]) -> InputError:
    point = not kinds or "Point" in kinds
    maps = "--map lon=THEIRS --map lat=THEIRS" if point else "--map geometry=THEIRS"
    found, hint = told(source.headers, f"Name them: {maps}.")
    return InputError(
        f"{source.name} has no geometry and no columns for "
        f"{'lon and lat' if point else 'its shapes as WKT'}; {found}.",
        hint=hint,
        code="input.no-place",
        fields=["geometry"],
    )


def to_rest_judged(
    placed: Placed, file: str, offset: str | None = None
) -> tuple[gpd.GeoSeries, list[Fault], tuple[str, ...]]:
    """Bring places into EPSG:4490 and name those that are nowhere on Earth.

    Parameters
    ----------
    placed : Placed
    file : str
        The file's name, for messages.
    offset : str, optional
        ``gcj02`` or ``bd09``: what the places are brought back from.

    Returns
    -------
    shapes : GeoSeries, shape (n,)
        In EPSG:4490.
    faults : list of (int, str, str)
        ``placed.faults`` and those of the way, at most one a row.
    notes : tuple of str
        ``placed.notes``, how many places were brought back, and how many lie where their CRS is
        not made for.

    Raises
    ------
    CRSError
        The CRS cannot be brought into EPSG:4490, or no web map with that offset has it.
    """
    before, said = placed.shapes, placed.notes
    if offset is not None:
        before = undo(before, offset, file)
        said = (*said, came_back(before, offset))
    try:
        after = to_rest(before)
    except RuntimeError as error:  # pyproj's ProjError
        raise CRSError(
            f"{file} is in {before.crs.name}, which cannot be brought into EPSG:4490.",
            hint="Save it in a known CRS such as EPSG:4549, or say the right one with --crs.",
            code="crs.no-way",
            fields=["geometry"],
        ) from error
    bounds, rest = before.bounds.to_numpy(), after.bounds.to_numpy()
    drawn = ~(before.is_empty | before.isna()).to_numpy()
    endless = not_finite(before.to_numpy())
    finite = drawn & ~endless
    arrived = np.isfinite(rest).all(axis=1)
    judged = bounds if before.crs.is_geographic else rest
    with np.errstate(invalid="ignore"):
        off = (np.abs(judged[:, [0, 2]]) > 180).any(axis=1)
        off |= (np.abs(judged[:, [1, 3]]) > 90).any(axis=1)
        wide = judged[:, 2] - judged[:, 0] > 180
    faults = {row: (row, name, code) for row, name, code in placed.faults}
    for mask, code in (
        (drawn & endless, "geometry-not-finite"),
        (finite & (off | ~arrived), "geometry-off-earth"),
        (finite & ~off & arrived & wide, "geometry-antimeridian"),
    ):
        for row in before.index[mask]:
            faults.setdefault(int(row), (int(row), "geometry", code))
    sound = finite & arrived & ~off
    return after, list(faults.values()), (*said, *far_note(before.crs, rest[sound]))


def _from_geometry(source: Source, crs: int | None) -> Placed:
    said, notes = source.crs, source.notes
    if crs is not None:
        given = known_crs(crs)
        if said is None or (source.crs_is_default and not degrees_only(source, given)):
            said = given
            taken = Note(
                f"The coordinates are taken as EPSG:{crs}, as said.",
                f"坐标按指定的EPSG:{crs}读入。",
            )
            notes = (*notes, taken)
        elif not same(said, given):
            raise contradiction(source.name, said, given)
    rows = source.table.index
    faults = tuple((int(row), "geometry", "geometry-unreadable") for row in rows[source.unreadable])
    shapes = gpd.GeoSeries(source.shapes, index=rows, crs=needed(said, source.name))
    return Placed(shapes, faults=faults, notes=notes)


def _from_numbers(
    source: Source, pair: tuple[str, ...], theirs: Mapping[str, str], crs: int | None
) -> Placed:
    notes: tuple[str, ...] = source.notes
    said = None if crs is None else known_crs(crs)
    if pair == ("lon", "lat"):
        if said is None:
            said = known_crs(4326)
            both = f"{theirs['lon']}, {theirs['lat']}"
            taken = Note(
                f"{both} are taken as EPSG:4326 (WGS 84).", f"{both}按EPSG:4326(WGS 84)读入。"
            )
            notes = (*notes, taken)
        elif not said.is_geographic:
            raise CRSError(
                f"{source.name} gives {theirs['lon']} and {theirs['lat']}, which are degrees; "
                f"EPSG:{crs} counts in {said.axis_info[0].unit_name}s.",
                hint="Leave --crs out, or name metres as such: "
                f"--map x={theirs['lon']} --map y={theirs['lat']}.",
                code="crs.contradiction",
                fields=list(pair),
            )
    rows = source.table.index
    written = [stripped(source.table[theirs[ours]]) for ours in pair]
    numbers = np.array([number(values) for values in written])
    absent = np.array([values.isna() for values in written])
    faults: list[Fault] = []
    for place, ours in enumerate(pair):
        wrong = ~absent[place] & ~np.isfinite(numbers[place])
        alone = absent[place] & ~absent.all(axis=0)
        faults += [(int(row), ours, "not-float") for row in rows[wrong]]
        faults += [(int(row), ours, "missing") for row in rows[alone]]
    sound = np.isfinite(numbers).all(axis=0)
    points = np.full(len(rows), None, dtype=object)
    points[sound] = shapely.points(*numbers[:, sound])
    shapes = gpd.GeoSeries(points, index=rows, crs=needed(said, source.name))
    first = {row: (row, ours, code) for row, ours, code in reversed(faults)}
    return Placed(shapes, faults=tuple(first.values()), notes=notes)


def _from_wkt(source: Source, header: str, crs: int | None, before: Crs) -> Placed:
    text = stripped(source.table[header]).astype("str")
    marks = text.str.extract(EWKT, expand=False)
    codes = sorted(marks.dropna().unique())
    if len(codes) > 1:
        raise _several(source.name, codes)
    said = known_crs(int(codes[0])) if codes else before
    if before is not None and not same(said, before):
        raise _several(source.name, [str(before.to_epsg()), *codes])
    if crs is not None:
        given = known_crs(crs)
        if said is not None and not same(said, given):
            raise contradiction(source.name, said, given)
        said = given
    bare = text.str.replace(EWKT, "", n=1, regex=True)
    cells = bare.astype(object).where(bare.notna(), None)
    shapes, unreadable, closed = shapes_from(cells, shapely.from_wkt)
    rows = source.table.index
    return Placed(
        gpd.GeoSeries(shapes, index=rows, crs=needed(said, source.name)),
        faults=tuple((int(row), "geometry", "geometry-unreadable") for row in rows[unreadable]),
        notes=(*source.notes, closed_note(closed)),
    )


def _several(file: str, codes: Sequence[str]) -> CRSError:
    return CRSError(
        f"{file} gives its shapes in several CRS: SRID {', '.join(codes)}.",
        hint="Split it into one file for each.",
        code="crs.contradiction",
        fields=["geometry"],
    )


def _tidied(placed: Placed) -> Placed:
    """Drop heights, and make a MultiPoint of one its point; say both."""
    shapes = placed.shapes.to_numpy().copy()
    high = shapely.has_z(shapes) | shapely.has_m(shapes)
    if high.any():
        shapes[high] = shapely.force_2d(shapes[high])
    single = (shapely.get_type_id(shapes) == 4) & (shapely.get_num_geometries(shapes) == 1)
    if single.any():
        shapes[single] = shapely.get_geometry(shapes[single], 0)
    notes = (
        Note(
            "Shapes whose heights or measures were dropped: {0:,}.",
            "{0:,}个图形带有高程或测量值,已去掉。",
            (int(high.sum()),),
        ),
        Note(
            "MultiPoints of one point that were taken as that point: {0:,}.",
            "{0:,}个只含一点的多点已按单点读入。",
            (int(single.sum()),),
        ),
    )
    tidy = gpd.GeoSeries(shapes, index=placed.shapes.index, crs=placed.shapes.crs)
    return replace(placed, shapes=tidy, notes=(*placed.notes, *notes))
