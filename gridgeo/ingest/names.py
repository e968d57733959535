"""Recognise which column of a file is which column of a layer."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from gridgeo.errors import InputError, ParameterError
from gridgeo.ingest.headers import OFFICE
from gridgeo.ingest.source import listed
from gridgeo.model.contract import Contract

# Where a table without geometry says its places. Surveyors' X坐标 is north and everybody
# else's is east: those headers are left to --map.
PLACES: dict[str, tuple[str, ...]] = {
    "lon": ("lon", "lng", "long", "longitude", "经度", "经度坐标", "东经"),
    "lat": ("lat", "latitude", "纬度", "纬度坐标", "北纬"),
    "x": ("x", "point_x", "easting"),
    "y": ("y", "point_y", "northing"),
    "geometry": ("geometry", "geometry_wkt", "wkt", "geom", "the_geom"),
}

# Where a file says the place of a row in words. Matched with what is known, and not kept.
TEXTS_OF_PLACES: dict[str, tuple[str, ...]] = {
    "address": (
        "address", "地址", "详细地址", "发生地址", "事发地址", "事件地址", "发生地点", "事发地点",
        "住址", "居住地址", "房屋地址", "标准地址",
    ),
}  # fmt: skip

DBF_NAME = 10  # bytes of a column's name that a Shapefile keeps: three or five Chinese letters

# Digits of which names are made: gcj02_lng, pop2020, 2020年户数, and our own for a blank header.
NAMING = re.compile(
    r"(?<=[A-Za-z_])(?:\d{1,2}|(?:19|20)\d\d)(?!\d)|^(?:19|20)\d\d(?=[^\W\d_])|^column \d+$"
)


def spellings(contract: Contract) -> dict[str, tuple[str, ...]]:
    """Give the headers under which each column of a layer is recognised.

    Parameters
    ----------
    contract : Contract

    Returns
    -------
    dict
        Column, the key first → its name, Chinese name and aliases.
    """
    office = OFFICE.get(contract.name, {})
    known = {contract.key: (contract.key, *contract.key_aliases, *office.get(contract.key, ()))}
    for column in contract.columns:
        said = office.get(column.name, ())
        known[column.name] = (column.name, column.zh, *column.aliases, *said)
    return known


def recognise(
    headers: Sequence[str],
    known: Mapping[str, Iterable[str]],
    mapping: Mapping[str, str],
    file: str,
) -> dict[str, str]:
    """Find the header of each column.

    Case, spaces, hyphens, underscores and full-width letters make no difference, nor that a
    Shapefile keeps only ten letters (``household_``).

    Parameters
    ----------
    headers : sequence of str
        As the file has them.
    known : mapping
        Ours → its spellings.
    mapping : mapping of str to str
        Ours → theirs, as the user said; it goes before all recognition, and a header named
        there is recognised for nothing else. Entries for columns not in ``known`` are left alone.
    file : str
        The file's name, for messages.

    Returns
    -------
    dict
        Ours → theirs, in the order of ``known``; columns that are not there are absent.

    Raises
    ------
    InputError
        A mapped header is not in the file, or two headers claim one column.
    """
    said = {ours: theirs for ours, theirs in mapping.items() if ours in known}
    taken = {bare_header(theirs) for theirs in mapping.values()}
    free = [header for header in headers if bare_header(header) not in taken]
    # 行政村 may be what is left of 行政村代码; where it is a name of its own it stays that.
    whole = {name.casefold() for names in known.values() for name in names if name}
    found: dict[str, str] = {}
    for ours, names in known.items():
        if ours in said:
            wanted = bare_header(said[ours])
            claims = [h for h in headers if h == said[ours]] or [
                h for h in headers if bare_header(h) == wanted
            ]
            if not claims:
                there, hint = told(headers, f"Name one of them: --map {ours}=THEIRS.")
                raise InputError(
                    f"{file} has no column {said[ours]!r} for {ours}; {there}.",
                    hint=hint,
                    code="input.column",
                    fields=[ours],
                )
        else:
            plain = {bare_header(name) for name in names if name}
            cut = {short for name in names if name for short in cut_names(name)} - whole
            claims = [h for h in free if bare_header(h) in plain or h.casefold() in cut]
        if len(claims) > 1:
            raise InputError(
                f"{file} has {len(claims)} columns for {ours}: {listed(claims)}; one is needed.",
                hint=f"Say which: --map {ours}={claims[0]}; columns headed alike must be renamed.",
                code="input.ambiguous",
                fields=[ours],
            )
        if claims:
            found[ours] = claims[0]
    return found


def told(headers: Sequence[str], hint: str) -> tuple[str, str]:
    """Say for a message which headers a file has, unless they are somebody's data.

    Parameters
    ----------
    headers : sequence of str
        As the file has them.
    hint : str
        The next step if they are names.

    Returns
    -------
    found : str
        The headers. Where one of them looks like a value (a number, date, code or address) the
        header is missing and all may tell of a resident: then only their number.
    hint : str
        The next step.
    """
    if any(re.search(r"\d", NAMING.sub("", header)) for header in headers):
        return (
            f"found: {len(headers)} columns, but the first row looks like data, "
            "so the header seems to be missing",
            f"Put a row with the names of the columns first. If these are names: {hint}",
        )
    return f"found: {listed(headers)}", hint


def cut_names(name: str) -> set[str]:
    """Give what a Shapefile leaves of a long name, in UTF-8 and in GBK; none where it fits."""
    encoded = [(name.encode(code, "replace"), code) for code in ("utf-8", "gb18030")]
    return {
        text[:DBF_NAME].decode(code, "ignore") for text, code in encoded if len(text) > DBF_NAME
    }


def check_mapping(mapping: Mapping[str, str], contract: Contract) -> None:
    """Refuse a mapping onto a column the layer does not have.

    Parameters
    ----------
    mapping : mapping of str to str
        Ours → theirs.
    contract : Contract

    Raises
    ------
    ParameterError
        Names the columns the layer has.
    """
    ours = [*spellings(contract), *(PLACES if contract.geometry else ())]
    if any(column.name == "placed_by" for column in contract.columns):
        ours += TEXTS_OF_PLACES
    unknown = [name for name in mapping if name not in ours]
    if unknown:
        raise ParameterError(
            f"{contract.name} has no column {listed(unknown)}; it has {listed(ours)}.",
            hint="Write --map OURS=THEIRS with one of these on the left.",
            fields=unknown,
        )


def bare_header(header: str) -> str:
    """Give a header without case, width, spaces, hyphens and underscores."""
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", header).casefold())
