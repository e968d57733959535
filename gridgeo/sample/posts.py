"""Workers of a sample, and their appointments past, present and under way."""

import numpy as np
import pandas as pd

from gridgeo.model.frames import STATES

# What an understaffed grid lacks: leader there?, full-time workers, part-time workers.
UNDERSTAFFED: tuple[tuple[bool, int, int], ...] = (
    (False, 1, 1),
    (True, 1, 0),
    (True, 0, 2),
    (False, 1, 0),
    (True, 0, 1),
)
_ENDED_SHARE = 0.16
_UNDER_WAY_SHARE = 0.24
_LATER_SHARE = 0.04
_THREE_SHARE = 0.35


def staff(
    grids: pd.DataFrame, lacking: list[str], rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, object]]]:
    """Appoint a leader and two or three workers to every grid, but too few to some.

    Parameters
    ----------
    grids : DataFrame
        Indexed by ``grid_code``.
    lacking : list of str
        The understaffed grids; what they lack goes round ``UNDERSTAFFED``.
    rng : Generator

    Returns
    -------
    workers, appointments : DataFrame
        As their contracts say. Beside the posts in force stand some that ended, some that begin
        in 2027 and some not yet filed; none of these counts.
    truth : list of dict
        One entry per missing thing: kind "no-leader", "few-workers" or "no-full-time".
    """
    lacks = {code: UNDERSTAFFED[n % len(UNDERSTAFFED)] for n, code in enumerate(lacking)}
    truth = [entry for code in lacking for entry in _missing(code, *lacks[code])]
    people: list[str] = []
    posts: list[tuple[int, str, str, str, str, str | None]] = []

    def appoint(
        code: str, role: str, employment: str, state: str = "filed",
        since: str = "", until: str | None = None,
    ) -> None:  # fmt: skip
        people.append(employment)
        since = since or f"2025-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
        posts.append((len(people), code, role, state, since, until))

    for code in grids.index:
        leader, full, part = lacks.get(code, (True, *_usual(rng)))
        if leader:
            appoint(code, "leader", "full-time" if rng.random() < 0.4 else "part-time")
        for employment in ["full-time"] * full + ["part-time"] * part:
            appoint(code, "worker", employment)
    # Those who would fill the gaps if they counted come first.
    others = rng.permutation([code for code in grids.index if code not in lacks]).tolist()
    ended, under_way, later = (
        round(share * len(grids)) for share in (_ENDED_SHARE, _UNDER_WAY_SHARE, _LATER_SHARE)
    )
    for number, code in enumerate((lacking + others)[:ended]):
        role = "worker" if number % 3 else "leader"
        appoint(code, role, "full-time", since="2024-03-01", until=f"2026-0{1 + number % 3}-01")
    for number, code in enumerate((lacking + others[ended:])[:under_way]):
        role = "worker" if number % 3 else "leader"
        appoint(code, role, "full-time", state=STATES[number % 5], since="2026-05-01")
    for code in others[:later]:
        appoint(code, "worker", "part-time", since="2027-01-01")

    workers = pd.DataFrame(
        {"employment": people},
        index=pd.Index([_worker_id(n + 1) for n in range(len(people))], name="worker_id"),
    )
    number_, code_, role_, state_, since_, until_ = zip(*posts, strict=True)
    appointments = pd.DataFrame(
        {
            "worker_id": [_worker_id(n) for n in number_],
            "grid_code": code_,
            "role": role_,
            "state": state_,
            "valid_from": pd.to_datetime(list(since_)).as_unit("us"),
            "valid_to": pd.to_datetime(list(until_)).as_unit("us"),
        },
        index=pd.Index([f"A{n + 1:05d}" for n in range(len(posts))], name="appointment_id"),
    )
    return workers, appointments, truth


def callers(appointments: pd.DataFrame) -> pd.DataFrame:
    """Give the workers (no leaders) in post through the whole half-year, by grid.

    Returns
    -------
    DataFrame
        ``grid_code`` and ``worker_id``, sorted by both.
    """
    now = appointments[
        (appointments["state"] == "filed")
        & (appointments["role"] == "worker")
        & appointments["valid_to"].isna()
        & (appointments["valid_from"] < pd.Timestamp("2026-01-01"))
    ]
    return now[["grid_code", "worker_id"]].sort_values(
        ["grid_code", "worker_id"], ignore_index=True
    )


def _usual(rng: np.random.Generator) -> tuple[int, int]:
    """Draw full-time and part-time workers of a grid that lacks nobody."""
    total = 3 if rng.random() < _THREE_SHARE else 2
    full = int(rng.integers(1, total + 1))
    return full, total - full


def _missing(code: str, leader: bool, full: int, part: int) -> list[dict[str, object]]:
    few = max(2 - full - part, 0)
    lacks = {"no-leader": not leader, "few-workers": few > 0, "no-full-time": full == 0}
    hires = max(few, int(full == 0)) + int(not leader)
    note = f"{full} full-time and {part} part-time workers; {hires} to hire for all it lacks"
    return [
        {"kind": kind, "subjects": [code], "note": note}
        for kind, lacking in lacks.items()
        if lacking
    ]


def _worker_id(number: int) -> str:
    return f"W{number:05d}"
