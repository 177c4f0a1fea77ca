"""Who looked at a patient's record, as shown to that patient."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.document import Document
from db.models.patient import Patient
from db.mongo.audit_store import AuditCursor, AuditEntry, AuditFilter, AuditStore
from db.postgres import assume_role
from services.audit.log import descriptions
from services.audit.log.reading import (
    PAGE_SIZE,
    find,
    is_own_act,
    names_of,
    role_of,
    who,
)
from services.audit.log.sentences import LISTINGS
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.sentences import Sentence

_DOCUMENT: Final = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAccess:
    """What somebody did with a patient's record, as shown to that patient."""

    sequence: int
    at: datetime
    who: str
    what: str
    is_refused: bool
    cursor: AuditCursor

    @property
    def sentence(self) -> str:
        """Who did what."""
        return Sentence("{who} {what}", who=self.who, what=self.what)


def list_accesses(
    session: Session,
    store: AuditStore,
    actor: Actor,
    *,
    after: AuditCursor | None = None,
    has_lists: bool = False,
) -> tuple[RecordAccess, ...]:
    """Return who did what with the actor's own record, the newest first.

    With `has_lists`, also who listed patients with the actor among them. Whoever did
    something with a document that the clinic does not show them viewed their record.
    Raises NotAllowed, NotFound if no record is theirs, Unavailable.
    """
    actor.require(Permission.VIEW_OWN_ACCESSES)
    own = actor.require_own_record()
    audit.record(session, actor, Action.AUDIT_READ, details={"of": "own record"})
    # A patient's own role sees neither colleagues' names nor merged records.
    with assume_role(session, "system"):
        ids = (own, *_merged_into(session, own))
        entries = _about(store, ids, after, PAGE_SIZE, has_lists=has_lists)
        withheld = _withheld_from(session, actor, entries)
        names = names_of(session, {entry.actor_id for entry in entries})
    return tuple(
        _access(entry, actor, names, is_withheld=entry.subject_id in withheld)
        for entry in entries
        # What Chartroom does by itself with such a document is nobody's access.
        if not (is_own_act(entry) and entry.subject_id in withheld)
    )


def _withheld_from(
    session: Session, actor: Actor, entries: Iterable[AuditEntry]
) -> frozenset[str]:
    """Return the ids of documents whose existence the patient is not told.

    What was done with them would tell it.
    """
    ids = {entry.subject_id for entry in entries if entry.subject_kind == _DOCUMENT}
    withheld = select(Document.id).where(
        Document.id.in_([UUID(id_) for id_ in ids if id_]),
        Document.withheld,
        Document.created_by != actor.id,
    )
    return frozenset(map(str, session.scalars(withheld)))


def _merged_into(session: Session, patient_id: UUID) -> Sequence[UUID]:
    merged = select(Patient.id).where(Patient.merged_into_id == patient_id)
    return session.scalars(merged).all()


def _about(
    store: AuditStore,
    ids: Iterable[UUID],
    after: AuditCursor | None,
    limit: int,
    *,
    has_lists: bool,
) -> list[AuditEntry]:
    others = frozenset[str]() if has_lists else frozenset(map(str, LISTINGS))
    # An entry that names two of the records, such as their merge, is still a single
    # one.
    entries = {
        entry.sequence: entry
        for patient_id in ids
        for entry in find(
            store, AuditFilter(patient_id=patient_id, other_than=others), after, limit
        )
    }
    newest = sorted(entries.values(), key=lambda entry: (entry.at, entry.sequence))
    return newest[::-1][:limit]


def disclosed_actor(entry: AuditEntry, reader: Actor, names: Mapping[UUID, str]) -> str:
    """Return the actor of an entry as shown to a reader, or the app that acted."""
    app = entry.details.get("app")
    if not isinstance(app, str):
        return _describe_actor(entry, reader, names)
    if entry.actor_id == reader.id:
        return Sentence("The app {app}", app=app)
    if _is_another_patient(entry, reader):
        return Sentence("The app {app}, for another patient", app=app)
    return Sentence(
        "The app {app}, for {who}", app=app, who=_describe_actor(entry, reader, names)
    )


def _is_another_patient(entry: AuditEntry, reader: Actor) -> bool:
    """Return whether the actor must stay unknown, being another patient."""
    return (
        entry.actor_id != reader.id
        and entry.actor_role == Role.PATIENT
        and reader.role is Role.PATIENT
    )


def _describe_actor(entry: AuditEntry, reader: Actor, names: Mapping[UUID, str]) -> str:
    if entry.actor_id == reader.id:
        return Sentence("You")
    if _is_another_patient(entry, reader):
        return Sentence("Another patient")
    name = who(entry, names)
    if not (role := role_of(entry)):
        return name
    return Sentence("{name} ({role})", name=name, role=Sentence(role))


def _access(
    entry: AuditEntry, actor: Actor, names: Mapping[UUID, str], *, is_withheld: bool
) -> RecordAccess:
    action = Action.PATIENT_READ if is_withheld else entry.action
    return RecordAccess(
        sequence=entry.sequence,
        at=entry.at,
        who=disclosed_actor(entry, actor, names),
        what=descriptions.describe_to_patient(action, entry.details),
        is_refused=entry.outcome != "done",
        cursor=entry.cursor,
    )
