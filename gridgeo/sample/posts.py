"""Workers of a sample town, their appointments past, present and under way, and their visits."""

import numpy as np
import pandas as pd

from gridgeo.model.frames import OUTCOMES, STATES

# What five grids lack: leader there?, full-time workers, part-time workers.
UNDERSTAFFED: tuple[tuple[bool, int, int], ...] = (
    (False, 1, 1),
    (True, 1, 0),
    (True, 0, 2),
    (False, 1, 0),
    (True, 0, 1),
)
_ENDED = 8
_UNDER_WAY = 12
_LATER = 2
_VISITED_SHARE = 0.92
_AGAIN_SHARE = 0.12


def staff(
    grids: pd.DataFrame, untouched: list[str], rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, object]]]:
    """Appoint a leader and two or three workers to every grid, but too few to five.

    Parameters
    ----------
    grids : DataFrame
        Indexed by ``grid_code``.
    untouched : list of str
        Grids that no other defect concerns; five of them are understaffed.
    rng : Generator

    Returns
    -------
    workers, appointments : DataFrame
        As their contracts say. Beside the posts in force stand some that ended, some that begin
        in 2027 and some not yet filed; none of these counts.
    truth : list of dict
        One entry per missing thing: kind "no-leader", "few-workers" or "no-full-time".
    """
    lacking = rng.permutation(np.array(untouched))[: len(UNDERSTAFFED)].tolist()
    lacks = dict(zip(lacking, UNDERSTAFFED, strict=True))
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
    # Those who would fill the five gaps if they counted come first.
    others = rng.permutation([code for code in grids.index if code not in lacks]).tolist()
    for number, code in enumerate((lacking + others)[:_ENDED]):
        role = "worker" if number % 3 else "leader"
        appoint(code, role, "full-time", since="2024-03-01", until=f"2026-0{1 + number % 3}-01")
    for number, code in enumerate((lacking + others[_ENDED:])[:_UNDER_WAY]):
        role = "worker" if number % 3 else "leader"
        appoint(code, role, "full-time", state=STATES[number % 5], since="2026-05-01")
    for code in others[:_LATER]:
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


def visit(
    households: pd.DataFrame, appointments: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Let the workers of each grid call on its households, April to June 2026.

    Parameters
    ----------
    households : DataFrame
        ``grid_code`` on record and ``lived_in``.
    appointments : DataFrame
        Posts in force do the calling.
    rng : Generator

    Returns
    -------
    DataFrame
        Visits by time. Most lived-in households once, some again at least 30 days later, some
        never; a household without a grid on record is nobody's and gets none.
    """
    now = appointments[
        (appointments["state"] == "filed")
        & (appointments["role"] == "worker")
        & appointments["valid_to"].isna()
        & (appointments["valid_from"] < pd.Timestamp("2026-04-01"))
    ]
    callers = now.groupby("grid_code")["worker_id"].agg(list)
    homes = households[households["lived_in"] & households["grid_code"].notna()]
    homes = homes[rng.random(len(homes)) < _VISITED_SHARE]
    day = rng.integers(0, 91, len(homes))
    again = (rng.random(len(homes)) < _AGAIN_SHARE) & (day < 60)
    later = day[again] + 30 + rng.integers(0, 91 - 30 - day[again])
    homes, day = pd.concat([homes, homes[again]]), np.concatenate([day, later])
    turn = rng.random(len(homes))
    worker = [
        callers[code][int(t * len(callers[code]))]
        for code, t in zip(homes["grid_code"], turn, strict=True)
    ]
    minute = rng.integers(8 * 60 + 30, 19 * 60, len(homes))
    when = pd.Timestamp("2026-04-01T00:00+08:00") + pd.to_timedelta(day * 1440 + minute, unit="min")
    visits = pd.DataFrame(
        {
            "household_id": homes.index.to_numpy(),
            "worker_id": worker,
            "visited_at": when.tz_convert("UTC").as_unit("us"),
            "outcome": rng.choice(OUTCOMES, size=len(homes), p=(0.80, 0.15, 0.03, 0.02)),
        }
    ).sort_values(["visited_at", "household_id"], ignore_index=True)
    visits.index = pd.Index([f"V{n + 1:06d}" for n in range(len(visits))], name="visit_id")
    return visits


def _usual(rng: np.random.Generator) -> tuple[int, int]:
    """Draw full-time and part-time workers of a grid that lacks nobody."""
    total = 3 if rng.random() < 0.35 else 2
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
