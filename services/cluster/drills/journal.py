"""The history of drills, row by row; callers commit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, select, text, update
from sqlalchemy.orm import Session

from db.models.replication import Drill, WriteProbe
from services.cluster.drill_kinds import PROMISES, SCENARIOS, DrillKind
from services.cluster.drills import plans
from services.cluster.drills.policy import DrillMeasurements, judge
from services.cluster.drills.records import DrillRecord
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic
from services.people.sign_in import confirmations

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('chartroom.drills'))"
# A drill reports every few seconds that it goes on, but not while nobody leads.
_SEEN: Final = text("interval '3 minutes'")
_MOST: Final = 200
# The drill's id, its kind, and how it went.
_Closed = Row[UUID, str, dict[str, Any]]
_ABANDONED: Final = "It ended before it was done. See whether the servers are whole."


class DrillRunning(Conflict):
    """Another drill is running: two disasters at once would measure neither."""

    def __init__(self) -> None:
        super().__init__("A drill is already running: wait until it has ended.")


def begin(
    session: Session, actor: Actor, kind: DrillKind, *, session_id: UUID | None
) -> UUID:
    """Record that a drill begins, and return its id.

    Raises NotAllowed, NotConfirmed and DrillRunning.
    """
    actor.require(Permission.RUN_DRILLS)
    confirmations.require_passkey_for_servers(session, actor, session_id)
    session.execute(text(_LOCK))
    running = select(Drill.id).where(Drill.state == "running", _is_attended())
    if session.scalar(running.limit(1)) is not None:
        raise DrillRunning
    drill = Drill(kind=kind.value, actor_id=actor.id, actor_name=actor.name)
    session.add(drill)
    session.flush()
    audit.record(
        session,
        actor,
        Action.DRILL_RUN,
        subject=("drill", drill.id),
        details={"kind": kind.value},
    )
    return drill.id


def touch(session: Session, drill_id: UUID) -> None:
    """Record that the drill goes on; for the drill itself."""
    _update(session, Drill.id == drill_id, seen_at=func.now())


def note_server(session: Session, drill_id: UUID, node: str) -> None:
    """Record which server the drill is about to break; the drill commits this first.

    What happens to the others meanwhile is then not taken for practice, however the
    drill ends.
    """
    _update(session, Drill.id == drill_id, node=node)


def finish(
    session: Session,
    drill_id: UUID,
    kind: DrillKind,
    measured: DrillMeasurements,
    *,
    node: str | None,
    steps: Sequence[Mapping[str, Any]] = (),
    today: date | None = None,
) -> None:
    """Record what was measured, judge it, and plan the next drill; for the drill.

    `today` is the date by the clinic's clock; without it, the date by UTC.
    """
    details = asdict(measured)
    verdict = judge(kind, measured)
    columns = ("rto_seconds", "rpo_seconds", "acknowledged", "lost", "errors")
    values = {name: details.pop(name) for name in columns}
    promise = asdict(PROMISES[kind])
    _close(
        session,
        drill_id,
        verdict.state,
        details | asdict(verdict) | {"promise": promise, "steps": list(steps)},
        node=node,
        **values,
    )
    plans.move_on(session, kind, today=today)


def give_up(session: Session, drill_id: UUID, sentence: str, *, skipped: bool) -> None:
    """Record why the drill was not begun, or not finished; for the drill."""
    _close(
        session, drill_id, "skipped" if skipped else "failed", {"sentence": sentence}
    )


def close_abandoned(session: Session) -> None:
    """Close drills whose process ended early, and forget what old ones wrote."""
    is_abandoned = (Drill.state == "running") & ~_is_attended()
    values = {"state": "failed", "ended_at": func.now()}
    result = {"sentence": _ABANDONED}
    _tell(session, _update(session, is_abandoned, result=result, **values))


def list_writes(session: Session, drill_id: UUID) -> frozenset[tuple[int, int]]:
    """Return the writer and number of all writes that a drill left; for the drill."""
    rows = session.execute(
        select(WriteProbe.writer, WriteProbe.number).where(
            WriteProbe.run_id == drill_id
        )
    )
    return frozenset((writer, number) for writer, number in rows)


def forget_writes(session: Session, drill_id: UUID) -> None:
    """Delete what a drill's writers wrote, once it has been compared."""
    session.execute(delete(WriteProbe).where(WriteProbe.run_id == drill_id))


def list_drills(
    session: Session, actor: Actor, *, limit: int = 50
) -> tuple[DrillRecord, ...]:
    """Return the newest drills; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    newest = select(Drill).order_by(Drill.started_at.desc(), Drill.id.desc())
    rows = session.scalars(newest.limit(min(limit, _MOST)))
    return tuple(_record_of(row) for row in rows)


def _is_attended() -> ColumnElement[bool]:
    return Drill.seen_at > func.now() - _SEEN


def _record_of(row: Drill) -> DrillRecord:
    names = set(DrillRecord.__slots__) - {"kind"}
    values: dict[str, Any] = {name: getattr(row, name) for name in names}
    return DrillRecord(kind=DrillKind(row.kind), **values)


def _close(
    session: Session,
    drill_id: UUID,
    state: str,
    result: Mapping[str, Any],
    **values: Any,
) -> None:
    closed = _update(
        session,
        (Drill.id == drill_id) & (Drill.state == "running"),
        state=state,
        ended_at=func.clock_timestamp(),
        result=dict(result),
        **values,
    )
    _tell(session, closed)


def _tell(session: Session, closed: Sequence[_Closed]) -> None:
    """Tell the administrators; at most one of them has waited for it."""
    for drill_id, kind, result in closed:
        user_notifications.tell(
            session,
            NotificationTopic.DRILL,
            user_notifications.ADMINISTRATORS,
            subject_id=drill_id,
            detail=f"{SCENARIOS[DrillKind(kind)].title}. {result['sentence']}",
        )


def _update(
    session: Session, which: ColumnElement[bool], **values: Any
) -> Sequence[_Closed]:
    return session.execute(
        update(Drill)
        .where(which)
        .values(**values)
        .returning(Drill.id, Drill.kind, Drill.result)
        .execution_options(synchronize_session=False)
    ).all()
