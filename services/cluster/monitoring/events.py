"""What is marked on the charts: changes of the primary, drills, alerts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.models.replication import Alert, ClusterOperation, Drill
from services.core.actors import Actor, Permission
from services.core.sentences import Sentence

_MOST: Final = 200
# Seconds of a minute, and minutes of an hour.
_MINUTE: Final = 60
_CHANGES: Final = ("switchover", "failover")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at an instant, or lasted until another one.

    `kind` is an operation's kind, "drill" or "alert".
    """

    at: datetime
    until: datetime | None
    kind: str
    label: str
    node: str | None


def list_events(
    session: Session, actor: Actor, since: datetime, until: datetime
) -> tuple[Event, ...]:
    """Return what happened or lasted in a span, the oldest first; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    events = (
        *_operations(session, since, until),
        *_drills(session, since, until),
        *_alerts(session, since, until),
    )
    return tuple(sorted(events, key=lambda event: event.at))


def _operations(session: Session, since: datetime, until: datetime) -> Iterator[Event]:
    row = ClusterOperation
    rows = session.scalars(
        select(row)
        .where(
            row.state != "scheduled",
            _within(row.started_at, row.ended_at, since, until),
        )
        .order_by(row.started_at.desc(), row.id.desc())
        .limit(_MOST)
    )
    for operation in rows:
        yield Event(
            operation.started_at,
            operation.ended_at,
            operation.kind,
            _operation_label(operation),
            operation.new_primary or operation.node,
        )


def _operation_label(row: ClusterOperation) -> str:
    label = Sentence(row.kind.replace("-", " ").capitalize())
    former, new = row.former_primary, row.new_primary
    if row.kind in _CHANGES and former and former == new:
        label = Sentence(
            "{operation}: {server} leads again", operation=label, server=new
        )
    elif row.kind in _CHANGES and former and new:
        label = Sentence(
            "{operation}: {former} to {new}", operation=label, former=former, new=new
        )
    elif row.node:
        label = Sentence("{operation}: {server}", operation=label, server=row.node)
    if row.downtime_seconds is not None:
        return Sentence(
            "{operation}, writers waited {span}",
            operation=label,
            span=_span(row.downtime_seconds),
        )
    return label


def _span(seconds: float) -> Sentence:
    """Return a span as pages write it: 1.2 s, 18 s, 2 min 1 s, 1 h 12 min."""
    if seconds < _MINUTE:
        figures = 1 if seconds < 10 else 0  # noqa: PLR2004
        return Sentence("{seconds} s", seconds=f"{seconds:.{figures}f}")
    minutes, rest = divmod(int(seconds), _MINUTE)
    if minutes < _MINUTE:
        return Sentence("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
    hours, minutes = divmod(minutes, _MINUTE)
    return Sentence("{hours} h {minutes} min", hours=hours, minutes=minutes)


def _drills(session: Session, since: datetime, until: datetime) -> Iterator[Event]:
    rows = session.scalars(
        select(Drill)
        .where(_within(Drill.started_at, Drill.ended_at, since, until))
        .order_by(Drill.started_at.desc(), Drill.id.desc())
        .limit(_MOST)
    )
    for row in rows:
        label = Sentence(
            "Drill: {drill}, {state}",
            drill=Sentence(row.kind.replace("-", " ")),
            state=Sentence(row.state),
        )
        yield Event(row.started_at, row.ended_at, "drill", label, row.node)


def _alerts(session: Session, since: datetime, until: datetime) -> Iterator[Event]:
    rows = session.scalars(
        select(Alert)
        .where(_within(Alert.began_at, Alert.ended_at, since, until))
        .order_by(Alert.began_at.desc(), Alert.id.desc())
        .limit(_MOST)
    )
    for row in rows:
        yield Event(row.began_at, row.ended_at, "alert", row.sentence, row.node)


def _within(
    began: InstrumentedAttribute[datetime],
    ended: InstrumentedAttribute[datetime | None],
    since: datetime,
    until: datetime,
) -> ColumnElement[bool]:
    return (began < until) & or_(ended.is_(None), ended >= since)
