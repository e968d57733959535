"""Keys for the rows of a file that has none: what tells its rows apart, put together."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gridgeo.model.contract import Contract

_JOINT = pa.scalar("@", pa.large_string())


def made_key(frame: pd.DataFrame, contract: Contract) -> pd.Series:
    """Make the key of each row from the columns that the contract names for it.

    Parameters
    ----------
    frame : DataFrame, shape (n, …)
        Has the columns of ``contract.key_from``, as ``coerce`` turns them.
    contract : Contract

    Returns
    -------
    Series of str, shape (n,)
        On the index of ``frame``, such as ``T7@2026-06-24 00:23:11.000``: texts as they are,
        times in UTC to the millisecond, so that the same row of another file has the same key.
        Missing where a part is missing.
    """
    parts = [_said(frame[name]) for name in contract.key_from]
    joined = pc.binary_join_element_wise(*parts, _JOINT)
    return pd.Series(joined.to_pandas(), dtype="str").set_axis(frame.index)


def _said(values: pd.Series) -> pa.Array:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        naive = pa.array(values.dt.tz_convert("UTC").dt.tz_localize(None), from_pandas=True)
        return naive.cast(pa.timestamp("ms"), safe=False).cast(pa.large_string())
    return pa.array(values, pa.large_string(), from_pandas=True)
