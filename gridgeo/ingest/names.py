"""Recognise which column of a file is which column of a layer."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from gridgeo.errors import InputError, ParameterError
from gridgeo.ingest.source import listed
from gridgeo.model.contract import Contract

# Where a table without geometry says its places. Surveyors' X坐标 is north and everybody
# else's is east: those headers are left to --map.
PLACES: dict[str, tuple[str, ...]] = {
    "lon": ("lon", "lng", "long", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "x": ("x", "point_x", "easting"),
    "y": ("y", "point_y", "northing"),
    "geometry": ("geometry", "geometry_wkt", "wkt", "geom", "the_geom"),
}

DBF_NAME = 10  # letters of a column's name that a Shapefile keeps

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
    known = {contract.key: (contract.key, *contract.key_aliases)}
    for column in contract.columns:
        known[column.name] = (column.name, column.zh, *column.aliases)
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
    taken = {_plain(theirs) for theirs in mapping.values()}
    free = [header for header in headers if _plain(header) not in taken]
    found: dict[str, str] = {}
    for ours, names in known.items():
        if ours in said:
            wanted = _plain(said[ours])
            claims = [h for h in headers if h == said[ours]] or [
                h for h in headers if _plain(h) == wanted
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
            plain = {_plain(name) for name in names if name}
            cut = {name[:DBF_NAME] for name in names if len(name) > DBF_NAME}
            claims = [h for h in free if _plain(h) in plain or h.casefold() in cut]
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
    unknown = [name for name in mapping if name not in ours]
    if unknown:
        raise ParameterError(
            f"{contract.name} has no column {listed(unknown)}; it has {listed(ours)}.",
            hint="Write --map OURS=THEIRS with one of these on the left.",
            fields=unknown,
        )


def _plain(header: str) -> str:
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", header).casefold())
