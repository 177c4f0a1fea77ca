"""The audit log as administrators read and export it."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.files.seal_keys import SealKeyFile, UnusableKey
from db.models.user import User
from db.mongo.audit_store import (
    AuditCursor,
    AuditEntry,
    AuditFilter,
    AuditStore,
    AuditStoreUnavailable,
)
from db.postgres import Database
from services.audit.chain import ChainVerification, verify
from services.audit.log import descriptions
from services.audit.log.reading import (
    PAGE_SIZE,
    AuditLogUnavailable,
    find,
    names_of,
    role_of,
    who,
)
from services.audit.log.sentences import phrase_of
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Unavailable
from services.core.sentences import Sentence
from services.lists.csv_cells import escape_formula
from services.lists.folding import by_name

_AN_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AuditPerson:
    """A person who may have done something."""

    id: UUID
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry, described without anything that a record holds."""

    sequence: int
    at: datetime
    who: str
    role: str
    action: str
    outcome: str
    details: str
    reason: str
    patient_id: UUID | None
    subject: str
    network: str
    session_id: UUID | None
    request_id: str
    actor_id: UUID | None

    @property
    def sentence(self) -> str:
        """Who did what, without any id."""
        who = self.who
        if self.role:
            role = Sentence(self.role)
            who = Sentence("{name} ({role})", name=self.who, role=role)
        what = Sentence(phrase_of(self.action))
        # The phrase for a refusal says already that something was refused.
        if self.outcome == "done" or self.action == Action.ACCESS_REFUSE:
            return Sentence("{who} {what}", who=who, what=what)
        ending = Sentence(self.outcome)
        return Sentence("{who} {what}: {outcome}", who=who, what=what, outcome=ending)


@dataclass(frozen=True, slots=True)
class HourCount:
    """The number of entries in the hour that begins at `begins_at`."""

    begins_at: datetime
    entries: int


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some entries, the newest first, and where older ones begin."""

    entries: tuple[Entry, ...]
    next: AuditCursor | None


def list_entries(
    session: Session,
    store: AuditStore,
    actor: Actor,
    wanted: AuditFilter,
    *,
    after: AuditCursor | None = None,
) -> AuditPage:
    """Return a page of the log, the newest first; raises NotAllowed, Unavailable."""
    actor.require(Permission.VIEW_AUDIT, wanted.patient_id)
    audit.record(session, actor, Action.AUDIT_READ, details=describe_filter(wanted))
    entries = find(store, wanted, after, PAGE_SIZE + 1)
    shown = entries[:PAGE_SIZE]
    names = names_of(session, {entry.actor_id for entry in shown})
    goes_on = len(entries) > PAGE_SIZE
    return AuditPage(
        tuple(entry_of(entry, names) for entry in shown),
        shown[-1].cursor if goes_on else None,
    )


def count_by_hour(
    session: Session,
    store: AuditStore,
    actor: Actor,
    wanted: AuditFilter,
    *,
    now: datetime,
) -> tuple[HourCount, ...]:
    """Return the number of entries in each of 24 hours, the first hour first.

    The last hour is the one before the end of `wanted`, if it has an end, otherwise the
    present one. Raises NotAllowed, Unavailable.
    """
    actor.require(Permission.VIEW_AUDIT, wanted.patient_id)
    details = describe_filter(wanted) | {"of": "counts by hour"}
    audit.record(session, actor, Action.AUDIT_READ, details=details)
    ends = min(wanted.until or now, now).astimezone(UTC) + _AN_HOUR
    until = ends.replace(minute=0, second=0, microsecond=0)
    begins = until - 24 * _AN_HOUR
    day_filter = replace(wanted, since=max(wanted.since or begins, begins), until=until)
    try:
        counted = store.count_by_hour(day_filter)
    except AuditStoreUnavailable as error:
        raise AuditLogUnavailable from error
    hours = (begins + number * _AN_HOUR for number in range(24))
    return tuple(HourCount(hour, counted.get(hour, 0)) for hour in hours)


def export_csv(
    session: Session, store: AuditStore, actor: Actor, wanted: AuditFilter
) -> Iterator[str]:
    """Return everything that a filter finds as pieces of CSV, beginning with a header.

    The session must stay open until the last piece; raises as `list_entries` does.
    """
    actor.require(Permission.VIEW_AUDIT, wanted.patient_id)
    audit.record(session, actor, Action.AUDIT_EXPORT, details=describe_filter(wanted))
    # Queried at once, so that an unavailable log is reported before anything is sent.
    find(store, wanted, None, 1)
    return _written(store, wanted, names_of(session))


def list_people(session: Session, actor: Actor) -> tuple[AuditPerson, ...]:
    """Return everybody who may be in the log, by name; raises NotAllowed."""
    actor.require(Permission.VIEW_AUDIT)
    rows = session.execute(
        select(User.id, User.name, User.role).order_by(by_name(User.name), User.id)
    )
    return tuple(AuditPerson(user_id, name, role) for user_id, name, role in rows)


def verify_chain(
    database: Database, store: AuditStore, keys: SealKeyFile
) -> ChainVerification:
    """Verify the whole chain; raises AuditLogUnavailable and Unavailable.

    Without a key file there are no seals to check: only the worker, which seals,
    creates one. The caller checks the permission.
    """
    try:
        return verify(database, store, keys.read())
    except AuditStoreUnavailable as error:
        raise AuditLogUnavailable from error
    except UnusableKey as error:
        raise Unavailable(str(error)) from error


def record_verification(
    session: Session, actor: Actor, *, is_whole: bool, sentence: str
) -> None:
    """Record that the chain was verified, and with what result."""
    actor.require(Permission.VIEW_AUDIT)
    details = {"whole": is_whole, "sentence": sentence}
    audit.record(session, actor, Action.AUDIT_VERIFY, details=details)


def record_key_replacement(
    session: Session, actor: Actor, *, key: str, lost: Collection[str], reason: str
) -> None:
    """Record that keys of seals are lost, why, and which key replaces them."""
    actor.require(Permission.VIEW_AUDIT)
    details = {"key": key, "lost_keys": sorted(lost)}
    audit.record(
        session, actor, Action.AUDIT_REPLACE_KEY, details=details, reason=reason
    )


def entry_of(entry: AuditEntry, names: Mapping[UUID, str]) -> Entry:
    """Return an entry as it is shown, given the names of people."""
    return Entry(
        sequence=entry.sequence,
        at=entry.at,
        who=who(entry, names),
        role=role_of(entry),
        action=entry.action,
        outcome=entry.outcome,
        details=descriptions.describe(entry.action, entry.details),
        reason=entry.reason or "",
        patient_id=entry.patient_id,
        subject=_subject(entry),
        network=entry.network or "",
        session_id=entry.session_id,
        request_id=entry.request_id or "",
        actor_id=entry.actor_id,
    )


def _subject(entry: AuditEntry) -> str:
    if not entry.subject_id:
        return ""
    kind = descriptions.field_name(str(entry.subject_kind))
    return Sentence("{kind} {id}", kind=kind, id=entry.subject_id)


def describe_filter(wanted: AuditFilter) -> dict[str, object]:
    """Return what was asked of the log, as it is recorded in the log."""
    details = asdict(replace(wanted, actions=frozenset(), other_than=frozenset()))
    details["actions"] = sorted(wanted.actions)
    details["other_than"] = sorted(wanted.other_than)
    return {name: value for name, value in details.items() if value}


def _written(
    store: AuditStore, wanted: AuditFilter, names: Mapping[UUID, str]
) -> Iterator[str]:
    columns = [field.name for field in fields(Entry)]
    yield _line(columns)
    try:
        for entry in store.stream(wanted):
            shown = entry_of(entry, names)
            yield _line([_cell(getattr(shown, name)) for name in columns])
    except AuditStoreUnavailable as error:
        raise AuditLogUnavailable from error


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return escape_formula("" if value is None else str(value))


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
