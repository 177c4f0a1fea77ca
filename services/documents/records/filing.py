"""How documents are filed and replaced: the row, once its bytes are stored."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentOriginal, DocumentVersion
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.documents.fields import FieldValue, fill, read_values
from services.documents.records import downloads, reading, rules
from services.documents.records.drafts import DraftDocument, StoredContent
from services.documents.records.errors import (
    DocumentIdTaken,
    NoSuchDocument,
    VersionIdTaken,
)
from services.documents.records.kinds import Classification, default_classification
from services.documents.records.model import DocumentRecord, VersionRecord
from services.documents.records.revising import get_changeable, lock_patient, revise
from services.documents.records.rows import first_filing, versions
from services.documents.records.rows.documents import record_of, records
from services.documents.records.visibility import (
    is_visible_to,
    require_file,
    require_view,
)
from services.documents.sharing import notifying
from services.patients.records.refusals import NoSuchPatient

_FIRST_REVISION: Final = 1
# The facts by which two requests to file the same file differ.
_COMPARED: Final = (
    "title",
    "document_type",
    "classification",
    "description",
    "metadata",
    "dated_on",
    "urgent",
    "confidential",
    "withheld",
    "fields",
)


def file(
    session: Session, actor: Actor, draft: DraftDocument, content: StoredContent
) -> DocumentRecord:
    """File a new document, for a patient or unfiled; the caller commits.

    Its bytes are stored beforehand: a crash leaves bytes that no row names, which are
    swept, never a row without bytes. Raises InvalidDocument, NoSuchPatient,
    PatientArchived, DocumentIdTaken, NotAllowed.
    """
    require_file(actor)
    draft = _as_filed_by(actor, draft)
    names: dict[str, str | None] = {"patient_name": None, "listed_name": None}
    if draft.patient_id is not None:
        patient = lock_patient(session, actor, draft.patient_id)
        names = {
            "patient_name": f"{patient.first_name} {patient.last_name}",
            "listed_name": f"{patient.last_name}, {patient.first_name}",
        }
    facts = _facts(actor, draft, content)
    fields = _fields(session, draft)
    with rules.translate_violations():
        filed = first_filing.add(session, actor, facts, content, names=names)
    if filed is None:
        return _filed_before(session, actor, draft, content, facts | {"fields": fields})
    versions.add_original(session, filed.version.id, content)
    if fields:
        fill(session, filed.id, {}, fields)
        filed = replace(filed, fields=fields)
    reading.record_event(
        session,
        actor,
        Action.DOCUMENT_FILE,
        filed,
        document_type=filed.document_type,
        classification=filed.classification,
        revision=filed.revision,
        **versions.evidence(filed.version),
    )
    notifying.notify_patient(session, filed)
    return filed


def add_version(
    session: Session,
    actor: Actor,
    document_id: UUID,
    content: StoredContent,
    *,
    revision: int,
    version_id: UUID | None = None,
) -> DocumentRecord:
    """Replace the document's file by the next version; the caller commits.

    A version that was added with this id and this file before is returned, whatever the
    revision is. Raises StaleRevision, NoSuchDocument, VersionIdTaken, PatientArchived,
    NotAllowed.
    """
    before = get_changeable(session, actor, document_id)
    if version_id is not None:
        added = _added_before(session, actor, before, version_id, content)
        if added is not None:
            return added
    number = _next(session, actor, before, revision)
    with rules.translate_violations():
        versions.add(
            session, actor, document_id, number, content, version_id=version_id
        )
    after = reading.look_up(session, actor, document_id)
    reading.record_event(
        session,
        actor,
        Action.DOCUMENT_ADD_VERSION,
        after,
        revision=after.revision,
        **versions.evidence(after.version),
    )
    return after


def restore_version(
    session: Session, actor: Actor, document_id: UUID, number: int, *, revision: int
) -> DocumentRecord:
    """Make an earlier version's file the next version; the caller commits.

    Raises StaleRevision, NoSuchDocument, NoSuchVersion, Quarantined, Damaged,
    FileGone, PatientArchived, NotAllowed.
    """
    before = get_changeable(session, actor, document_id)
    wanted = reading.look_up(session, actor, document_id, number=number).version
    downloads.require_served(wanted)
    next_number = _next(session, actor, before, revision)
    versions.add_copy(session, actor, next_number, wanted)
    after = reading.look_up(session, actor, document_id)
    reading.record_event(
        session,
        actor,
        Action.DOCUMENT_RESTORE_VERSION,
        after,
        revision=after.revision,
        restored=number,
    )
    return after


def find_filed(
    session: Session,
    actor: Actor,
    sha256: bytes,
    patient_id: UUID | None,
    *,
    besides: UUID | None = None,
) -> DocumentRecord | None:
    """Return the patient's newest document that has ever had this very content.

    A document made from a picture counts by the picture's content as well. Without a
    patient, unfiled documents are searched; the document `besides` which one is looked
    for does not count. Raises NotAllowed.
    """
    require_view(actor)
    if actor.role is Role.PATIENT:
        patient_id = _own_patient_id(actor, patient_id)
    made_from_it = select(DocumentOriginal.version_id).where(
        DocumentOriginal.sha256 == sha256
    )
    having = select(DocumentVersion.document_id).where(
        or_(DocumentVersion.sha256 == sha256, DocumentVersion.id.in_(made_from_it))
    )
    statement = (
        records()
        .where(
            is_visible_to(actor),
            Document.deleted_at.is_(None),
            Document.patient_id.is_not_distinct_from(patient_id),
            Document.id.in_(having),
            Document.id != besides if besides else true(),
        )
        .order_by(Document.created_at.desc(), Document.id.desc())
        .limit(1)
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        return None
    document = record_of(row)
    reading.record_event(
        session, actor, Action.DOCUMENT_READ, document, purpose="already filed"
    )
    return document


def _as_filed_by(actor: Actor, draft: DraftDocument) -> DraftDocument:
    """Return the draft as the actor may file it: from patients it is clinical.

    How a document is handled is for the clinic to decide, not for patients.
    """
    if actor.role is not Role.PATIENT:
        return draft
    return replace(
        draft,
        patient_id=_own_patient_id(actor, draft.patient_id),
        classification=Classification.CLINICAL,
        urgent=False,
        confidential=False,
        withheld=False,
        fields=None,
    )


def _fields(session: Session, draft: DraftDocument) -> dict[str, FieldValue]:
    """Return the values of the fields; none if nobody was asked for any."""
    if draft.fields is None:
        return {}
    return read_values(session, draft.fields, document_type=draft.document_type)


def _own_patient_id(actor: Actor, patient_id: UUID | None) -> UUID:
    own = actor.require_own_record()
    if patient_id not in (None, own):
        raise NoSuchPatient(patient_id)
    return own


def _facts(
    actor: Actor, draft: DraftDocument, content: StoredContent
) -> dict[str, Any]:
    chosen = draft.classification or default_classification(draft.document_type)
    filename = rules.tidy_filename(content.filename)
    rules.require_handling(
        draft.patient_id, confidential=draft.confidential, withheld=draft.withheld
    )
    facts = {
        "patient_id": draft.patient_id,
        "title": rules.title_or_filename(draft.title, filename),
        "document_type": draft.document_type.value,
        "classification": chosen.value,
        "description": rules.description_of(draft.description),
        "metadata": rules.metadata_of(draft.metadata),
        "dated_on": rules.paper_date_of(draft.dated_on),
        "urgent": draft.urgent,
        "confidential": draft.confidential,
        "withheld": draft.withheld,
        "created_by": actor.id,
        "created_by_name": actor.name,
    }
    return facts | ({"id": draft.id} if draft.id else {})


def _filed_before(
    session: Session,
    actor: Actor,
    draft: DraftDocument,
    content: StoredContent,
    facts: Mapping[str, Any],
) -> DocumentRecord:
    """Return the document under the id if it is the same. Raises DocumentIdTaken.

    Facts that were changed since it was filed do not count.
    """
    if draft.id is None:
        raise DocumentIdTaken
    try:
        there = reading.look_up(session, actor, draft.id, number=1)
    except NoSuchDocument as error:
        raise DocumentIdTaken from error
    if (there.created_by, there.patient_id) != (actor.id, draft.patient_id):
        raise DocumentIdTaken
    if not _is_same_file(session, there.version, content):
        raise DocumentIdTaken
    if content.template is not None:
        # A form is dated on the day on which it is filed.
        facts = {**facts, "dated_on": there.dated_on}
    is_unchanged = there.revision == _FIRST_REVISION
    if is_unchanged and _compared(asdict(there)) != _compared(facts):
        raise DocumentIdTaken
    return there


def _added_before(
    session: Session,
    actor: Actor,
    document: DocumentRecord,
    version_id: UUID,
    content: StoredContent,
) -> DocumentRecord | None:
    """Return the document with the version of this id; None if there is none.

    Raises VersionIdTaken if the id is of another document's version or another file.
    """
    row = session.execute(
        select(DocumentVersion.document_id, DocumentVersion.number).where(
            DocumentVersion.id == version_id
        )
    ).one_or_none()
    if row is None:
        return None
    if row.document_id != document.id:
        raise VersionIdTaken
    there = reading.look_up(session, actor, document.id, number=row.number)
    if not _is_same_file(session, there.version, content):
        raise VersionIdTaken
    return there


def _is_same_file(
    session: Session, version: VersionRecord, content: StoredContent
) -> bool:
    """Return whether the same file or form was sent.

    It may become another PDF each time.
    """
    if content.template is not None:
        filled_in = (version.template, _as_stored(version.form))
        return filled_in == (content.template, _as_stored(content.form))
    if content.original is None:
        return version.sha256 == content.sha256.hex()
    there = downloads.find_original(session, version)
    return there is not None and there.sha256 == content.original.sha256.hex()


def _compared(facts: Mapping[str, Any]) -> Any:
    """Return the facts that are compared, with numbers as the database has them."""
    return _as_stored({name: facts[name] for name in _COMPARED})


def _as_stored(values: Mapping[str, Any] | None) -> Any:
    return json.loads(json.dumps(values, default=str), parse_int=float)


def _next(session: Session, actor: Actor, before: DocumentRecord, revision: int) -> int:
    if before.patient_id is not None:
        lock_patient(session, actor, before.patient_id)
    values = {"latest": Document.latest + 1, "updated_at": func.now()}
    return revise(
        session, actor, before, revision, values, Document.deleted_at.is_(None)
    )
