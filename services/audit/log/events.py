"""Single events of the audit log, for administrators' programs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.mongo.audit_store import (
    AuditCursor,
    AuditEntry,
    AuditFilter,
    AuditStore,
    AuditStoreUnavailable,
)
from services.audit.log.entries import Entry, describe_filter, entry_of
from services.audit.log.reading import AuditLogUnavailable, find, names_of
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import NotFound
from services.lists.criteria import Count

# Counting beyond this number would take too long.
MOST_COUNTED: Final = 10_000


class NoSuchEvent(NotFound):
    """The log has no event with this id, or has not received it yet."""

    def __init__(self) -> None:
        super().__init__(
            "There is no such event, or not yet: events reach the log about a second "
            "after they happen."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event, described as on the audit page, with the ids of what it is about.

    `shown` are the patients whom a list showed. `kept_at` is when the log received the
    event.
    """

    id: UUID
    entry: Entry
    subject_kind: str | None
    subject_id: str | None
    shown: tuple[UUID, ...]
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, and where the next ones begin."""

    events: tuple[LoggedEvent, ...]
    next: AuditCursor | None


def list_events(
    session: Session,
    store: AuditStore,
    actor: Actor,
    wanted: AuditFilter,
    *,
    size: int,
    after: AuditCursor | None = None,
    oldest_first: bool = False,
) -> EventPage:
    """Return a page of events, the newest first unless specified otherwise.

    Raises NotAllowed, AuditLogUnavailable.
    """
    actor.require(Permission.VIEW_AUDIT, wanted.patient_id)
    audit.record(session, actor, Action.AUDIT_READ, details=describe_filter(wanted))
    entries = find(store, wanted, after, size + 1, oldest_first=oldest_first)
    shown = entries[:size]
    goes_on = bool(shown) and len(entries) > size
    return EventPage(
        tuple(_events(session, shown)), shown[-1].cursor if goes_on else None
    )


def count_events(
    session: Session, store: AuditStore, actor: Actor, wanted: AuditFilter
) -> Count:
    """Return how many events there are; raises NotAllowed, AuditLogUnavailable."""
    actor.require(Permission.VIEW_AUDIT, wanted.patient_id)
    details = describe_filter(wanted) | {"of": "a count"}
    audit.record(session, actor, Action.AUDIT_READ, details=details)
    try:
        counted = store.count(wanted, at_most=MOST_COUNTED + 1)
    except AuditStoreUnavailable as error:
        raise AuditLogUnavailable from error
    return Count(min(counted, MOST_COUNTED), is_exact=counted <= MOST_COUNTED)


def get_event(
    session: Session, store: AuditStore, actor: Actor, event_id: UUID
) -> LoggedEvent:
    """Return an event; raises NoSuchEvent, NotAllowed, AuditLogUnavailable."""
    wanted = AuditFilter(event_ids=frozenset({event_id}))
    events = list_events(session, store, actor, wanted, size=1).events
    if not events:
        raise NoSuchEvent
    return events[0]


def _events(session: Session, entries: tuple[AuditEntry, ...]) -> Iterator[LoggedEvent]:
    names = names_of(session, {entry.actor_id for entry in entries})
    for entry in entries:
        yield LoggedEvent(
            id=entry.id,
            entry=entry_of(entry, names),
            subject_kind=entry.subject_kind,
            subject_id=entry.subject_id,
            shown=tuple(_shown(entry.details.get("patients"))),
            kept_at=entry.shipped_at or entry.at,
        )


def _shown(patients: Any) -> Iterator[UUID]:
    for patient in patients if isinstance(patients, list) else ():
        try:
            yield UUID(patient)
        except (AttributeError, TypeError, ValueError):
            # Somebody has written into the log; verifying it shows that.
            continue
