"""Where a service finds its frames: the store, or files; the question is the same."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
import pandas as pd

from gridgeo.errors import InputError, ParameterError
from gridgeo.ingest.intake import Intake, read
from gridgeo.ingest.names import recognise, spellings, told
from gridgeo.ingest.plain import load
from gridgeo.model.contract import Contract
from gridgeo.model.frames import FIXES, LAYERS

TRACKS = "tracks"  # a file of this name holds fixes

Frame = Any  # a GeoDataFrame, or a DataFrame for layers without geometry


class Source(Protocol):
    """Gives the frames of a city.

    A layer with no rows counts as not known: what depends on it is not judged.
    """

    def frame(self, contract: Contract, *, as_of: date | None = None) -> Frame:
        """Give a layer's rows, index = its key, in the order of the key.

        Parameters
        ----------
        contract : Contract
        as_of : date, optional
            For layers with a life: the rows in force on that day.
        """
        ...


class Files:
    """Frames read from files, no database.

    Parameters
    ----------
    paths : mapping of layer name to path
    crs : int, optional
        EPSG code for files that carry none.
    keep : mapping of layer name to columns
        Columns of a file to keep beside the layer's own, as they are.

    Attributes
    ----------
    intakes : dict of layer name to Intake
        What was read so far, its refused rows included.
    """

    def __init__(
        self,
        paths: Mapping[str, Path],
        crs: int | None = None,
        keep: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._paths = dict(paths)
        self._crs = crs
        self._keep = keep or {}
        self.intakes: dict[str, Intake] = {}

    def frame(self, contract: Contract, *, as_of: date | None = None) -> Frame:
        """Give a layer's accepted rows; an empty frame where no file was given.

        Raises
        ------
        InputError
            The file cannot be read as that layer.
        """
        if contract.name not in self._paths:
            return empty(contract)
        if contract.name not in self.intakes:
            self.intakes[contract.name] = read(
                self._paths[contract.name],
                contract,
                crs=self._crs,
            )
        frame = self.intakes[contract.name].accepted
        for column in self._keep.get(contract.name, ()):
            whole = as_it_is(self._paths[contract.name], contract, crs=self._crs)
            frame = frame.assign(**{column: column_of(whole, column, contract)})
        return in_force(frame, as_of)


def files_of_layers(paths: Iterable[Path]) -> dict[str, Path]:
    """Find the files that are named after their layers.

    Parameters
    ----------
    paths : iterable of Path

    Returns
    -------
    dict of str to Path
        Layer → its file, the last in order of name where there are several; ``tracks`` is
        another name of fixes.
    """
    named = {TRACKS: FIXES.name}
    found = {named.get(path.stem, path.stem): path for path in sorted(paths)}
    return {layer: path for layer, path in found.items() if layer in LAYERS}


def in_force(frame: Frame, as_of: date | None) -> Frame:
    """Keep the rows in force on a day: ``valid_from <= as_of < valid_to``.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        Without ``valid_from`` or ``valid_to`` an end is open; empty cells are open, too.
    as_of : date or None
        None keeps all.

    Returns
    -------
    DataFrame or GeoDataFrame
    """
    if as_of is None:
        return frame
    day = pd.Timestamp(as_of)
    keep = pd.Series(True, index=frame.index)
    if "valid_from" in frame.columns:
        keep &= frame["valid_from"].isna() | (frame["valid_from"] <= day)
    if "valid_to" in frame.columns:
        keep &= frame["valid_to"].isna() | (frame["valid_to"] > day)
    return frame[keep]


def empty(contract: Contract) -> Frame:
    """Give a frame of that layer with no rows, in EPSG:4490."""
    columns = {c.name: pd.Series(dtype=object) for c in contract.columns}
    index = pd.Index([], name=contract.key, dtype=object)
    if contract.geometry:
        return gpd.GeoDataFrame(columns, index=index, geometry=gpd.GeoSeries([], crs=4490))
    return pd.DataFrame(columns, index=index)


def need(source: Source, contract: Contract, *, as_of: date | None = None) -> Frame:
    """Give a layer that the question cannot do without.

    Raises
    ------
    ParameterError
        The source has no row of it.
    """
    frame = source.frame(contract, as_of=as_of)
    if len(frame) == 0:
        day = f" in force on {as_of}" if as_of else ""
        raise ParameterError(
            f"There are no {contract.name}{day}; this question needs them.",
            hint=f"Say --{contract.name} FILE, or `gridgeo import {contract.name} FILE`.",
            fields=[contract.name],
        )
    return frame


def as_it_is(path: Path, contract: Contract, *, crs: int | None = None) -> Frame:
    """Read a file with all its columns, indexed by the layer's key where one is recognised.

    Parameters
    ----------
    path : Path
    contract : Contract
        What its rows are: says which header may be the key, which layer of several is meant,
        and whether places are needed.
    crs : int, optional
        EPSG code where the file does not say it.

    Returns
    -------
    GeoDataFrame or DataFrame
        In the file's CRS, in the order of the file; of a CSV every cell is text. Without a
        recognised key the rows go by their number, counted from 1.

    Raises
    ------
    InputError
        The file cannot be read, has no places, or a key is empty or stands twice.
    """
    frame = load(path, crs=crs, prefer=contract.name)
    if contract.geometry and not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(
            f"{path.name} has no places; {contract.name} need them.",
            hint="Give a vector file, or a CSV with lon and lat, or with WKT under geometry.",
            fields=["geometry"],
        )
    headers = [str(header) for header in frame.columns]
    spelt = {contract.key: spellings(contract)[contract.key]}
    key = recognise(headers, spelt, {}, path.name).get(contract.key)
    if key is None:
        return frame.rename_axis(contract.key)
    codes = frame[key].astype("str")
    faulty = int((frame[key].isna() | codes.duplicated()).sum())
    if faulty:
        raise InputError(
            f"{path.name}: {key} is empty or stands twice in {faulty} rows; every row of "
            f"{contract.name} needs a key of its own.",
            hint="Mend the file, or take it in with `gridgeo import`, which names the rows.",
            fields=[key],
        )
    return frame.drop(columns=key).set_index(pd.Index(codes, name=contract.key))


def area_of(path: Path, crs: int | None = None) -> gpd.GeoDataFrame:
    """Read the area that grids are to cover: every shape of the file together.

    Raises
    ------
    InputError
        The file has no shapes.
    """
    frame = load(path, crs=crs)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(f"{path.name} has no shapes; an area is needed.", fields=["jurisdiction"])
    return frame


def column_of(frame: pd.DataFrame, column: str, contract: Contract) -> pd.Series:
    """Give a column of numbers that the user named.

    Raises
    ------
    ParameterError
        There is none of that name, or it holds something else than numbers.
    """
    if column not in frame.columns:
        headers = [str(c) for c in frame.columns if c != "geometry"]
        found, hint = told(headers, "Name one of these columns.")
        raise ParameterError(
            f"{contract.name} have no column {column!r}; {found}.", hint=hint, fields=[column]
        )
    numbers = pd.to_numeric(frame[column], errors="coerce")
    bad = numbers.isna() & frame[column].notna()
    if bad.any():
        ids = ", ".join(str(i) for i in frame.index[bad][:3])
        raise ParameterError(
            f"{column} of {contract.name} is no number in {int(bad.sum())} rows ({ids}).",
            fields=[column],
        )
    return numbers
