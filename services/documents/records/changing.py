"""How a document's title, type, patient and other facts are changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentShare, DocumentVersion
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.core.errors import NotAllowed
from services.documents.fields import PREFIX, FieldValue, fill, read_values
from services.documents.records import reading, rules
from services.documents.records.drafts import ChangedDocument
from services.documents.records.guessing import guess_paper
from services.documents.records.model import DocumentRecord
from services.documents.records.revising import (
    get_changeable,
    lock_patient,
    not_own_document,
    revise,
)
from services.documents.sharing import notifying
from services.documents.tags import read_names

# A patient names what they filed; how it is handled is for the clinic to decide.
_BY_PATIENTS: Final = frozenset({"title", "description", "dated_on"})
# Recorded with their values; the others may reveal something about health.
_WITH_VALUES: Final = (
    "document_type",
    "classification",
    "patient_id",
    "urgent",
    "confidential",
    "withheld",
)


def change(
    session: Session,
    actor: Actor,
    document_id: UUID,
    changes: ChangedDocument,
    *,
    revision: int,
    may_lack_fields: bool = False,
) -> DocumentRecord:
    """Change the facts of a document, its patient included; the caller commits.

    Links to a document that becomes confidential, or is taken out of a patient's
    record, stop working. Somebody at the front desk who makes it confidential sees it
    in this answer for the last time, unless they filed it or are named. With
    `may_lack_fields` required fields may be empty: it was filed before they were
    required. Raises InvalidDocument, StaleRevision, NoSuchDocument, NoSuchPatient,
    PatientArchived, NotAllowed.
    """
    before = get_changeable(session, actor, document_id)
    # Patients change no tags, and see few.
    tags = before.tags
    if changes.tags != before.tags:
        tags = read_names(session, changes.tags)
    fields = _fields(session, before, changes, may_lack=may_lack_fields)
    values = _differences(before, changes, tags, fields)
    _require_allowed(actor, before, values)
    if values.get("patient_id") is not None:
        lock_patient(session, actor, values["patient_id"])
    # Somebody who shared it from a record where it did not belong may be that patient.
    is_taken_out = "patient_id" in values and before.patient_id is not None
    if values.get("confidential") or is_taken_out:
        # Waits for anybody who is making a link right now, so that theirs is revoked,
        # too.
        session.execute(
            select(Document.id)
            .where(Document.id == document_id)
            .with_for_update(key_share=True)
        )
        _revoke_links(session, actor, before)
    if "fields" in values:
        fill(session, document_id, before.fields, values["fields"])
    columns = {
        Document.metadata_.key if name == "metadata" else name: value
        for name, value in values.items()
        if name != "fields"
    }
    with rules.translate_violations():
        revise(
            session,
            actor,
            before,
            revision,
            columns | {"updated_at": func.now()},
            Document.deleted_at.is_(None),
        )
    with assume_role(session, "system"):
        after = reading.look_up(session, actor, document_id)
    _record(session, actor, before, after, values)
    notifying.notify_of_change(session, before, after)
    return after


def apply_guess(
    session: Session, file_id: str, pages: Sequence[str], *, today: date
) -> None:
    """Title and date documents by the text of their file, where nobody has.

    A title that is only the file's name was chosen by nobody. For a job; the caller
    commits.
    """
    is_latest = DocumentVersion.number == Document.latest
    rows = session.execute(
        select(Document, DocumentVersion.filename)
        .join(DocumentVersion, DocumentVersion.document_id == Document.id)
        .where(DocumentVersion.file_id == file_id, is_latest)
    )
    for document, filename in rows.all():
        guess = guess_paper(filename, pages, today=today)
        by_name = guess_paper(filename, (), today=today).title
        values: dict[str, Any] = {}
        if document.title in (by_name, rules.title_or_filename("", filename)):
            values["title"] = guess.title
        if document.dated_on is None:
            values["dated_on"] = guess.dated_on
        values = {n: v for n, v in values.items() if v and v != getattr(document, n)}
        if values:
            _write_guess(session, document, values)


def _write_guess(
    session: Session, document: Document, values: Mapping[str, Any]
) -> None:
    written = session.execute(
        update(Document)
        .where(Document.id == document.id, Document.revision == document.revision)
        .values(**values, revision=Document.revision + 1, updated_at=func.now())
        .returning(Document.latest, Document.revision)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    # Somebody has just changed the document.
    if written is None:
        return
    audit.record(
        session,
        # Without an actor: the clinic's own machine does it for everybody.
        None,
        Action.DOCUMENT_CHANGE,
        patient_id=document.patient_id,
        subject=("document", document.id),
        details=audit.document_change(
            written.latest, written.revision, {name: [] for name in values}
        ),
    )


def _revoke_links(session: Session, actor: Actor, document: DocumentRecord) -> None:
    versions = select(DocumentVersion.id).where(
        DocumentVersion.document_id == document.id
    )
    revoked = session.execute(
        update(DocumentShare)
        .where(
            DocumentShare.version_id.in_(versions),
            DocumentShare.revoked_at.is_(None),
            DocumentShare.expires_at > func.now(),
        )
        .values(revoked_at=func.now())
        .returning(DocumentShare.id, DocumentShare.expires_at)
        .execution_options(synchronize_session=False)
    )
    for share_id, expires_at in revoked:
        reading.record_event(
            session,
            actor,
            Action.SHARE_REVOKE,
            document,
            share=share_id,
            expires_at=expires_at,
        )


def _fields(
    session: Session,
    before: DocumentRecord,
    changes: ChangedDocument,
    *,
    may_lack: bool,
) -> Mapping[str, FieldValue]:
    """Return the values that the fields are to have."""
    is_same_type = changes.document_type == before.document_type
    if is_same_type and changes.fields == before.fields:
        return before.fields
    return read_values(
        session,
        changes.fields,
        document_type=changes.document_type,
        before=before.fields,
        is_same_type=is_same_type,
        may_lack=may_lack,
    )


def _differences(
    before: DocumentRecord,
    changes: ChangedDocument,
    tags: tuple[str, ...],
    fields: Mapping[str, FieldValue],
) -> dict[str, Any]:
    rules.require_handling(
        changes.patient_id,
        confidential=changes.confidential,
        withheld=changes.withheld,
    )
    wanted = {
        "title": rules.title_or_filename(changes.title, before.version.filename),
        "document_type": changes.document_type,
        "classification": changes.classification,
        "description": rules.description_of(changes.description),
        "metadata": rules.metadata_of(changes.metadata),
        "patient_id": changes.patient_id,
        "dated_on": rules.paper_date_of(changes.dated_on),
        "tags": tags,
        "fields": fields,
        "urgent": changes.urgent,
        "confidential": changes.confidential,
        "withheld": changes.withheld,
    }
    assert wanted.keys() == {field.name for field in dataclass_fields(changes)}  # noqa: S101
    return {
        name: value for name, value in wanted.items() if value != getattr(before, name)
    }


def _require_allowed(
    actor: Actor, before: DocumentRecord, names: Iterable[str]
) -> None:
    changed = set(names)
    if actor.role is Role.PATIENT and changed - _BY_PATIENTS:
        raise not_own_document(before)
    # Taken out of a record and put into no other, only its author would still see it.
    is_taken_out = "patient_id" in changed and before.patient_id is not None
    if is_taken_out and actor.role is Role.CLINICIAN and before.created_by != actor.id:
        raise NotAllowed(
            "Only the front desk or the person who filed this document can move it to "
            "another record.",
            patient_id=before.patient_id,
        )


def _record(
    session: Session,
    actor: Actor,
    before: DocumentRecord,
    after: DocumentRecord,
    names: Iterable[str],
) -> None:
    """Record the change for both patients: a search for either has to find it.

    Of the clinic's own fields only their keys are recorded, not the values.
    """
    changed = {
        name: [getattr(before, name), getattr(after, name)]
        if name in _WITH_VALUES
        else []
        for name in names
    }
    if changed.pop("fields", None) is not None:
        keys = sorted(before.fields.keys() | after.fields.keys())
        changed |= {
            f"{PREFIX}{key}": []
            for key in keys
            if before.fields.get(key) != after.fields.get(key)
        }
    patients = {before.patient_id, after.patient_id} - {None} or {None}
    for patient_id in patients:
        audit.record(
            session,
            actor,
            Action.DOCUMENT_CHANGE,
            patient_id=patient_id,
            subject=("document", after.id),
            details=audit.document_change(after.latest, after.revision, changed),
        )
