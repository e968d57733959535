"""The states of a plan, from a draft to borders in force, and which step may follow which."""

from datetime import datetime, timedelta

from gridgeo.errors import ConflictError, ParameterError

ROAD = ("draft", "proposed", "publicised", "approved", "filed")
ENDS = ("withdrawn", "rejected")
PLAN_STATES = (*ROAD, *ENDS)

PUBLICITY_DAYS = 7  # 公示: how long people may object, unless the city says otherwise


def following(state: str) -> tuple[str, ...]:
    """Give the states that may come next, the one on the road first; none after an end.

    Examples
    --------
    >>> following("draft")
    ('proposed', 'withdrawn', 'rejected')
    >>> following("filed")
    ()
    """
    if state in ENDS or state == ROAD[-1]:
        return ()
    return (ROAD[ROAD.index(state) + 1], *ENDS)


def check_step(plan_id: int, now: str, to: str) -> None:
    """See that a plan may go from one state to another.

    Parameters
    ----------
    plan_id : int
        Named in the error.
    now, to : str

    Raises
    ------
    ParameterError
        ``to`` is no state of a plan.
    ConflictError
        The plan cannot go there from where it is; says what is possible next.
    """
    if to not in PLAN_STATES:
        raise ParameterError(
            f"A plan cannot be {to!r}; it is one of {', '.join(PLAN_STATES)}.", fields=["state"]
        )
    possible = following(now)
    if to in possible:
        return
    end = "; that is the end of its road" if not possible else ""
    raise ConflictError(
        f"Plan {plan_id} is {now}{end}; it cannot become {to}.",
        hint=f"Next it can be {', '.join(possible[:-1])} or {possible[-1]}."
        if possible
        else "Begin another plan.",
        code="plan.step",
        fields=["state"],
    )


def check_publicity(plan_id: int, since: datetime, days: int, now: datetime) -> None:
    """See that a plan was public long enough to be approved.

    Parameters
    ----------
    plan_id : int
    since : datetime
        When it was publicised, with a time zone.
    days : int
        Full days of 24 hours it stays public.
    now : datetime

    Raises
    ------
    ConflictError
        The days are not over.
    """
    over = since + timedelta(days=days)
    if now < over:
        raise ConflictError(
            f"Plan {plan_id} is publicised for {days} days, until {over:%Y-%m-%d %H:%M %Z}; it "
            "cannot be approved before.",
            hint="Approve it then, or reject it.",
            code="plan.publicity",
            fields=["state"],
        )
