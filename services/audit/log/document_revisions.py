"""The revisions of a document: what each changed, who made it, and when.

The log has the values before and after each change, except for texts that may reveal
something about somebody's health, such as titles. So the present document is taken back
from one revision to the one before, and fields that are kept nowhere are named.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.patient import Patient
from db.mongo.audit_store import AuditEntry, AuditFilter, AuditStore
from db.postgres import assume_role
from services.audit.log.makers import Maker, maker_of
from services.audit.log.reading import find_all, names_of
from services.core.actors import Actor
from services.core.audit import Action
from services.documents import records
from services.documents.records.kinds import Classification, DocumentType
from services.documents.records.model import DocumentRecord

# The actions that make a revision; the log names the revision that each has made.
_MAKING: Final = frozenset(
    {
        Action.DOCUMENT_FILE,
        Action.DOCUMENT_ADD_VERSION,
        Action.DOCUMENT_RESTORE_VERSION,
        Action.DOCUMENT_CHANGE,
        Action.DOCUMENT_DELETE,
        Action.DOCUMENT_RESTORE,
        Action.DOCUMENT_HOLD,
        Action.DOCUMENT_RELEASE,
    }
)
_ADDING: Final = (Action.DOCUMENT_ADD_VERSION, Action.DOCUMENT_RESTORE_VERSION)
# How a value in the log is turned back into the document's.
_READ_BACK: Final[Mapping[str, Any]] = {
    "document_type": DocumentType,
    "classification": Classification,
    "patient_id": lambda value: None if value is None else UUID(value),
    "urgent": bool,
    "confidential": bool,
    "withheld": bool,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRevision:
    """A document as it was at one revision, and what had made that.

    `forgotten` names the fields that were changed since and are kept nowhere: in
    `record`, they have later values. For a revision that the log does not have, it is
    not known who made it, or when.
    """

    record: DocumentRecord
    forgotten: frozenset[str]
    is_deleted: bool
    made_at: datetime | None
    maker: Maker | None
    action: Action | None


def list_document_revisions(
    session: Session, store: AuditStore, actor: Actor, document_id: UUID
) -> tuple[DocumentRevision, ...]:
    """Return the revisions of a document, the newest first, for whoever may open it.

    They go back to the filing, to the time when the document was in another record, or
    to a change for which the log does not name the revision. Raises NoSuchDocument,
    NotAllowed, AuditLogUnavailable.
    """
    record = records.look_up(session, actor, document_id)
    files = {
        version.number: version
        for version in records.versions(session, actor, document_id)
    }
    # A reader of the document need not be allowed to read the log.
    with assume_role(session, "system"):
        made = _made(session, store, document_id)
        names = names_of(session, {entry.actor_id for entry in made.values()})
        merged = frozenset(
            session.scalars(
                select(Patient.id).where(Patient.merged_into_id == record.patient_id)
            )
        )
    return tuple(
        DocumentRevision(
            record=replace(led.record, latest=led.number, version=files[led.number]),
            forgotten=led.forgotten,
            is_deleted=led.is_deleted,
            made_at=_made_at(led.record, led.entry, record),
            maker=maker_of(led.entry, actor, names) if led.entry else None,
            action=Action(led.entry.action) if led.entry else None,
        )
        for led in _trace_back(record, made, merged)
        # Not everybody is shown a file that waits for its virus scan.
        if led.number in files
    )


def _made(
    session: Session, store: AuditStore, document_id: UUID
) -> dict[int, AuditEntry]:
    """Return the entry that made each revision."""
    wanted = AuditFilter(
        subject_kind="document",
        subject_id=str(document_id),
        actions=frozenset(map(str, _MAKING)),
        outcome="done",
    )
    made: dict[int, AuditEntry] = {}
    for entry in find_all(session, store, wanted):
        is_first = entry.action == Action.DOCUMENT_FILE
        number = entry.details.get("revision", 1 if is_first else None)
        if isinstance(number, int):
            # The newest one: the clinic may have gone back to before an earlier one.
            made.setdefault(number, entry)
    return made


@dataclass(frozen=True, slots=True)
class _EarlierRevision:
    """What is known of one revision; `number` is that of its file."""

    record: DocumentRecord
    entry: AuditEntry | None
    number: int
    forgotten: frozenset[str] = frozenset()
    is_deleted: bool = False


def _trace_back(
    record: DocumentRecord, made: Mapping[int, AuditEntry], merged: Set[UUID]
) -> Iterator[_EarlierRevision]:
    led: _EarlierRevision | None = _EarlierRevision(
        record, made.get(record.revision), record.version.number
    )
    while led is not None:
        yield led
        led = _before(led, made, record.patient_id, merged)


def _before(
    led: _EarlierRevision,
    made: Mapping[int, AuditEntry],
    patient_id: UUID | None,
    merged: Set[UUID],
) -> _EarlierRevision | None:
    """Return the previous revision; None if it is not known or may not be shown."""
    entry, revision = led.entry, led.record.revision - 1
    if entry is None or revision == 0:
        return None
    changed = entry.details.get("changed") or {}
    try:
        values = {
            name: read(changed[name][0])
            for name, read in _READ_BACK.items()
            if changed.get(name)
        }
    except (AttributeError, KeyError, TypeError, ValueError):
        # Somebody has written into the log; verifying it shows that.
        return None
    # Two records of one person: the merged one finds nobody any longer.
    if values.get("patient_id") in merged:
        del values["patient_id"]
    # What was filed in somebody else's record must not be shown in this one.
    if values.get("patient_id") not in {None, patient_id}:
        return None
    return _EarlierRevision(
        replace(led.record, revision=revision, **values),
        made.get(revision),
        led.number - (entry.action in _ADDING),
        led.forgotten | (changed.keys() - values.keys()),
        _was_deleted(entry, is_deleted=led.is_deleted),
    )


def _was_deleted(entry: AuditEntry, *, is_deleted: bool) -> bool:
    if entry.action == Action.DOCUMENT_RESTORE:
        return True
    return is_deleted and entry.action != Action.DOCUMENT_DELETE


def _made_at(
    record: DocumentRecord, entry: AuditEntry | None, latest: DocumentRecord
) -> datetime | None:
    if record.revision == latest.revision:
        return latest.updated_at
    if entry is not None:
        return entry.at
    return record.created_at if record.revision == 1 else None
