"""Commands of ``gridgeo plan`` on the store: where plans stand, and their next step."""

import datetime as dt
import getpass
from typing import Annotated

import typer

from gridgeo import wiring
from gridgeo.cli import options as given
from gridgeo.cli.say import next_step, table, tell
from gridgeo.errors import ConflictError, ParameterError
from gridgeo.model.plan_states import ENDS, PUBLICITY_DAYS, following
from gridgeo.services import plan_register
from gridgeo.services.plan_codes import is_placeholder
from gridgeo.services.planned import Borders, borders
from gridgeo.settings import Settings
from gridgeo.words import say

PlanId = Annotated[int, typer.Argument(help="Number of the plan; `gridgeo plan list` has them.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; default: who is signed in.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("list")(list_)
    for command in (show, advance, withdraw):
        app.command()(command)


def list_() -> None:
    """List the plans in the store, oldest first.

    Example: gridgeo plan list
    """
    with wiring.opened(Settings()) as store:
        plans = store.plans()
    rows = [
        [
            str(p.Index),
            str(p.state),
            say(str(p.state), "zh"),
            "" if p.state != "filed" else f"{p.valid_from:%Y-%m-%d}",
            str(p.version_no),
            f"{p.units:,}",
            str(p.by),
            f"{p.created_at:%Y-%m-%d %H:%M}",
        ]
        for p in plans.itertuples()
    ]
    columns = ["plan", "state", "状态", "in force from", "version", "units", "by", "made at (UTC)"]
    table("Plans", columns, rows)
    next_step("`gridgeo plan show PLAN`" if rows else "`gridgeo plan save`")


def show(
    plan_id: PlanId,
    version: Annotated[int | None, typer.Option(help="Which version; default the newest.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Day whose grids are compared; default: the plan's own."),
    ] = None,
) -> None:
    """Show a plan: its steps, its scores, and what it would change; nothing is changed.

    Example: gridgeo plan show 3
    """
    with wiring.opened(Settings()) as store:
        plan = store.plan(plan_id, version)
        steps, versions = store.plan_steps(plan_id), store.plan_versions(plan_id)
        moved = store.plan_moved(plan_id)
        found: Borders | str
        try:
            day = plan.base_date if as_of is None else given.day(as_of, Settings())
            found = borders(store, plan.assignment, day)
        except (ConflictError, ParameterError) as error:
            found = error.message
    state = f"{plan.state} ({say(plan.state, 'zh')})"
    tell(f"Plan {plan_id}: {state}, version {plan.version_no} of {len(versions)}")
    tell(f"  {len(plan.assignment):,} units, made for the grids of {plan.base_date} by {plan.by}")
    columns = ["step", "state", "状态", "version", "at (UTC)", "by", "note"]
    told = [
        [
            str(s.Index),
            str(s.state),
            say(str(s.state), "zh"),
            str(s.version_no),
            f"{s.at:%Y-%m-%d %H:%M}",
            str(s.by),
            str(s.note),
        ]
        for s in steps.itertuples()
    ]
    table("Steps", columns, told)
    if plan.scores:
        scores = [[name, _figure(value)] for name, value in plan.scores.items()]
        table("Scores", ["score", "value"], scores)
    if isinstance(found, Borders):
        picture(found)
    else:
        tell(found)
    open_still = bool(following(plan.state))
    if open_still and moved:
        tell(f"The plan stands on an old base: {moved.said()}.")
        next_step(f"`gridgeo plan rebase {plan_id}`")
    elif plan.state == "draft" and any(map(is_placeholder, plan.assignment.unique())):
        next_step(f"`gridgeo plan codes {plan_id}`")
    else:
        say_next(plan_id, plan.state)


def advance(
    plan_id: PlanId,
    to: Annotated[
        str, typer.Option("--to", help="proposed, publicised, approved, withdrawn or rejected.")
    ],
    by: By = None,
    note: Annotated[str, typer.Option(help="Why; needed for an end.")] = "",
    publicity_days: Annotated[
        int, typer.Option(min=0, help="With publicised: full days before it may be approved.")
    ] = PUBLICITY_DAYS,
) -> None:
    """Take the next step of a plan: a person confirms, nothing is in force before it is filed.

    Example: gridgeo plan advance 3 --to proposed --by 王芳
    """
    with wiring.opened(Settings()) as store:
        step = plan_register.advance(
            store,
            plan_id,
            to,
            now=dt.datetime.now(dt.UTC),
            by=who(by),
            note=note,
            publicity_days=publicity_days,
        )
    tell(f"Plan {plan_id} is {step.state} ({say(step.state, 'zh')}), by {step.by}.")
    say_next(plan_id, step.state)


def withdraw(
    plan_id: PlanId,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the plan.")],
    by: By = None,
) -> None:
    """Withdraw a plan for good; what was written of it stays.

    Example: gridgeo plan withdraw 3 --reason 方案重做
    """
    advance(plan_id, "withdrawn", by, reason)


def picture(found: Borders) -> None:
    """Say which grids a plan changes; households only from k upwards."""
    rows = [
        [kind, say(f"grid-{kind}", "zh"), f"{len(codes):,}", _some(codes)]
        for kind, codes in (
            ("changed", found.changed),
            ("new", found.new),
            ("closed", found.closed),
            ("unchanged", found.unchanged),
        )
    ]
    table("Grids", ["what", "变化", "grids", "codes"], rows)
    tell(f"{len(found.moved):,} units change their grid, with {found.households_moved} households.")


def say_next(plan_id: int, state: str) -> None:
    """Say which command takes a plan further."""
    possible = following(state)
    if state in ENDS:
        next_step("`gridgeo plan save` begins another plan")
    elif not possible:
        next_step("`gridgeo publish` tells of the new borders from their first day on")
    elif possible[0] == "filed":
        next_step(f"`gridgeo plan file {plan_id} --valid-from DATE`")
    else:
        next_step(f"`gridgeo plan advance {plan_id} --to {possible[0]}`")


def who(by: str | None) -> str:
    """Give the person who acts."""
    return getpass.getuser() if by is None else by


def _some(codes: tuple[str, ...]) -> str:
    return ", ".join(codes[:3]) + (", …" if len(codes) > 3 else "")


def _figure(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
