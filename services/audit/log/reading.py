"""What all readers of the audit log share: entries, and the names of people."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.audit import AuditEvent
from db.models.user import User
from db.mongo.audit_store import (
    AuditCursor,
    AuditEntry,
    AuditFilter,
    AuditStore,
    AuditStoreUnavailable,
)
from services.core.actors import AT_THE_SERVER, CHARTROOM, KEEPER
from services.core.audit import Action
from services.core.errors import Unavailable
from services.core.sentences import Sentence

# What is done again and again is shown once, so a page of these is a screen or two.
PAGE_SIZE: Final = 200
# No person or thing is changed as often as this.
_MOST: Final = 1_000
_ITSELF: Final = "Chartroom"
_COMMAND_LINE: Final = Sentence("The command line")
_NOBODY: Final = Sentence("Somebody not signed in")
_UNNAMED: Final = Sentence("A program or former account")


class AuditLogUnavailable(Unavailable):
    """The log cannot be read; what is done is recorded nevertheless."""

    def __init__(self) -> None:
        super().__init__(
            "The audit log cannot be read at the moment. Nothing is lost; try again "
            "in a minute."
        )


def find(
    store: AuditStore,
    wanted: AuditFilter,
    after: AuditCursor | None,
    limit: int,
    *,
    oldest_first: bool = False,
) -> tuple[AuditEntry, ...]:
    """Return entries, the newest first unless specified; raises AuditLogUnavailable."""
    try:
        return store.find(wanted, after=after, limit=limit, oldest_first=oldest_first)
    except AuditStoreUnavailable as error:
        raise AuditLogUnavailable from error


def find_all(
    session: Session, store: AuditStore, wanted: AuditFilter
) -> list[AuditEntry]:
    """Return what was done to one patient or thing, the newest first.

    Events that wait for the log are included; `wanted` may name a patient, a subject,
    actions and an outcome. Raises AuditLogUnavailable.
    """
    wanted_values = {
        AuditEvent.patient_id: wanted.patient_id,
        AuditEvent.subject_kind: wanted.subject_kind,
        AuditEvent.subject_id: wanted.subject_id,
        AuditEvent.outcome: wanted.outcome,
    }
    equal = [
        column == value for column, value in wanted_values.items() if value is not None
    ]
    # In this order, since what is shipped meanwhile is in the log before it stops
    # waiting.
    waiting = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.action.in_(wanted.actions), *equal)
        .order_by(AuditEvent.position.desc())
    )
    return [*map(_waiting, waiting), *find(store, wanted, None, _MOST)]


def _waiting(event: AuditEvent) -> AuditEntry:
    names = {field.name for field in fields(AuditEntry)} - {"sequence", "shipped_at"}
    return AuditEntry(sequence=0, **{name: getattr(event, name) for name in names})


def names_of(
    session: Session, ids: Iterable[UUID | None] | None = None
) -> Mapping[UUID, str]:
    """Return the names of people with these ids, or of everybody."""
    statement = select(User.id, User.name)
    if ids is not None:
        statement = statement.where(
            User.id.in_([user_id for user_id in ids if user_id])
        )
    return dict(session.execute(statement).all())


def is_own_act(entry: AuditEntry) -> bool:
    """Return whether Chartroom did it: at its start, in the worker, or by a rule.

    What was done without signing in came in a request, from somewhere.
    """
    if entry.actor_id is None:
        return entry.request_id is None and entry.network is None
    return entry.actor_id in CHARTROOM and not _is_import(entry)


def _is_import(entry: AuditEntry) -> bool:
    """Return whether an import at the server has the id of the cleaning job.

    Imports by FHIR had it until they got an id of their own, and that job imports
    nobody. The log is not changed.
    """
    return entry.actor_id == KEEPER.id and entry.action == Action.PATIENT_IMPORT


def who(entry: AuditEntry, names: Mapping[UUID, str]) -> str:
    """Return an entry's actor by name; a program, or who is gone, by the role only."""
    if is_own_act(entry):
        return _ITSELF
    if entry.actor_id is None:
        return _NOBODY
    if entry.actor_id in AT_THE_SERVER or _is_import(entry):
        return _COMMAND_LINE
    return names.get(entry.actor_id, _UNNAMED)


def role_of(entry: AuditEntry) -> str:
    """Return the role in which an actor acted; empty for Chartroom itself."""
    return "" if is_own_act(entry) else entry.actor_role or ""
