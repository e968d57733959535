"""The duty roster of a sample: two shifts a day, one week."""

import numpy as np
import pandas as pd

from gridgeo.sample.posts import callers

DAYS = 7
LAST_DAY = "2026-06-30"
SHIFTS = ((7.5, 14.5), (14.5, 21.5))  # hours of the day, China time


def on_duty(appointments: pd.DataFrame) -> pd.DataFrame:
    """Put the workers of every grid on duty in turn, 24 to 30 June 2026.

    Parameters
    ----------
    appointments : DataFrame
        Filed workers in post all the time serve.

    Returns
    -------
    DataFrame
        As the contract of rosters says, times in UTC. Every grid with a worker has both shifts
        of every day; one worker alone has both.
    """
    team = callers(appointments)
    size = team.groupby("grid_code").size()
    first = np.cumsum(size.to_numpy()) - size.to_numpy()
    grid, day, shift = (
        axis.ravel() for axis in np.indices((len(size), DAYS, len(SHIFTS)), dtype="int64")
    )
    turn = (day + shift) % size.to_numpy()[grid]
    midnight = pd.Timestamp(f"{LAST_DAY}T00:00+08:00") - pd.Timedelta(days=DAYS - 1)
    hours = np.array(SHIFTS)[shift]
    starts, ends = (
        (midnight + pd.to_timedelta(day * 24 + hours[:, at], unit="h"))
        .tz_convert("UTC")
        .as_unit("us")
        for at in (0, 1)
    )
    return pd.DataFrame(
        {
            "worker_id": team["worker_id"].to_numpy()[first[grid] + turn],
            "grid_code": size.index.to_numpy()[grid],
            "starts_at": starts,
            "ends_at": ends,
        },
        index=pd.Index([f"R{n + 1:06d}" for n in range(len(grid))], name="roster_id"),
    )
