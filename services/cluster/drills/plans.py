"""The calendar of drills: how often each is due, and when next; callers commit."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.replication import DrillPlan
from services.cluster.drill_kinds import DrillKind
from services.cluster.drills.records import Plan
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.sentences import Sentence

_LONGEST_DAYS: Final = 366


def list_plans(
    session: Session, actor: Actor, *, today: date | None = None
) -> tuple[Plan, ...]:
    """Return the plan of every kind of drill; raises NotAllowed.

    `today` is the date by the clinic's clock; without it, the date by UTC.
    """
    actor.require(Permission.VIEW_REPLICATION)
    rows = session.execute(
        select(DrillPlan.kind, DrillPlan.every_days, DrillPlan.next_on)
    )
    planned: dict[str, tuple[int, date]] = {row[0]: (row[1], row[2]) for row in rows}
    today = today or datetime.now(UTC).date()
    return tuple(
        _plan_of(kind, today, *planned.get(kind, (None, None))) for kind in DrillKind
    )


def change_plan(
    session: Session,
    actor: Actor,
    kind: DrillKind,
    every_days: int | None,
    next_on: date | None,
    *,
    today: date | None = None,
) -> None:
    """Replan a kind of drill, or stop planning it. Raises NotAllowed, InvalidInput.

    `today` is the date by the clinic's clock; without it, the date by UTC.
    """
    actor.require(Permission.RUN_DRILLS)
    if every_days is None or next_on is None:
        session.execute(delete(DrillPlan).where(DrillPlan.kind == kind.value))
    else:
        _require_sensible(every_days, next_on, today or datetime.now(UTC).date())
        _put(session, kind, every_days, next_on)
    audit.record(
        session,
        actor,
        Action.DRILL_PLAN,
        subject=("drill", kind.value),
        details={"every_days": every_days, "next_on": next_on},
    )


def move_on(session: Session, kind: DrillKind, *, today: date | None = None) -> None:
    """Make the next drill of a kind due after the usual time from today.

    `today` is the date by the clinic's clock; without it, the date by UTC.
    """
    # Not PostgreSQL's date, which depends on the time zone that its server is set to.
    first = literal(today or datetime.now(UTC).date())
    session.execute(
        update(DrillPlan)
        .where(DrillPlan.kind == kind.value)
        .values(next_on=first + DrillPlan.every_days, reminded_at=None)
        .execution_options(synchronize_session=False)
    )


def _put(session: Session, kind: DrillKind, every_days: int, next_on: date) -> None:
    changed = {
        "every_days": every_days,
        "next_on": next_on,
        "reminded_at": None,
        "updated_at": func.now(),
    }
    statement = insert(DrillPlan).values(kind=kind.value, **changed)
    session.execute(
        statement.on_conflict_do_update(index_elements=[DrillPlan.kind], set_=changed)
    )


def _require_sensible(every_days: int, next_on: date, today: date) -> None:
    if not 1 <= every_days <= _LONGEST_DAYS:
        raise InvalidInput(
            "every_days",
            Sentence("A drill can be due every 1 to {most} days.", most=_LONGEST_DAYS),
        )
    if not today <= next_on <= today + timedelta(days=_LONGEST_DAYS):
        raise InvalidInput("next_on", "Choose a day within the next year.")


def _plan_of(
    kind: DrillKind, today: date, every_days: int | None, next_on: date | None
) -> Plan:
    is_due = next_on is not None and next_on <= today
    return Plan(kind, every_days, next_on, is_due)
