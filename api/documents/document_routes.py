"""/api/documents: file, list, describe, replace, delete and restore documents."""

import re
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Header
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import JsonResponse, read_headers, written_headers
from api.core.bodies import AS_TEXT, Body, describe_body, json_body
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from api.core.files.downloads import file_etag
from api.core.files.ranges import names_tag
from api.core.idempotency import IdempotencyKey, id_for
from api.core.problems import precondition_required
from api.documents.document_files import Number
from api.documents.document_uploads import (
    Sender,
    Uploaded,
    describe_upload,
    discard_unused,
    keep,
    receive,
    with_choices,
)
from api.documents.schemas import (
    DocumentAnswer,
    DocumentDetails,
    DocumentFiled,
    DocumentShown,
    Message,
    OriginalShown,
    VersionShown,
    document_etag,
    document_path,
)
from db.postgres import WriteResult
from services.consultations.prescriptions import scans
from services.core.actors import Role
from services.core.errors import InvalidInput
from services.documents import records
from services.documents.records.drafts import ChangedDocument
from services.documents.records.errors import StaleRevision
from services.documents.records.model import DocumentRecord, OriginalRecord
from services.documents.records.rules import LONGEST_DESCRIPTION, LONGEST_TITLE

router = APIRouter(prefix="/api/documents", tags=["Documents"])

_CREATED: Final = 201
# The first revision is 1.
_NEVER_CURRENT: Final = 0
_ANOTHER_PATIENT: Final = (
    "This prescription belongs to another patient. Check which one is meant."
)
_TAG: Final = re.compile(r'"[^"]*"')
_UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "Not Modified"}
}

IfMatch = Annotated[
    str | None,
    Header(description='ETag of the document as you received it, such as "3".'),
]


def _at_most(characters: int) -> Any:
    """State a limit in the schema; the services enforce it."""
    return Field(json_schema_extra={"maxLength": characters})


class DocumentChanges(Body):
    """The fields to change; all others stay as they are."""

    title: Annotated[str, _at_most(LONGEST_TITLE)] = ""
    document_type: str = ""
    retention_class: str = ""
    classification: str = ""
    urgent: bool = False
    confidential: bool = False
    withheld: bool = False
    description: Annotated[str, _at_most(LONGEST_DESCRIPTION)] = ""
    metadata: dict[str, Any] = Field(default_factory=dict)
    patient_id: Annotated[UUID | None, Field(strict=False)] = None
    dated_on: Annotated[date | None, Field(strict=False), AS_TEXT] = None
    tags: Annotated[tuple[str, ...], Field(strict=False)] = ()
    custom_fields: dict[str, Any] = Field(
        default_factory=dict,
        description="Values by key; null clears a field, fields not named stay "
        "unchanged.",
    )

    def applied_to(self, record: DocumentRecord) -> ChangedDocument:
        """Return the document's facts with the changes, or raise InvalidInput."""
        given = self.given()
        if "custom_fields" in given:
            given["fields"] = {**record.fields, **given.pop("custom_fields")}
        return replace(ChangedDocument.of(record), **given)

    def given(self) -> dict[str, Any]:
        """Return the given fields in the services' types, or raise InvalidInput."""
        return with_choices({n: getattr(self, n) for n in self.model_fields_set})


@router.post(
    "/upload",
    status_code=_CREATED,
    responses=shows(DocumentFiled, 404, 409, 413, status=_CREATED),
    openapi_extra=describe_upload(with_facts=True),
)
def file_document(
    caller: Sender, came: Uploaded, idempotency_key: IdempotencyKey = None
) -> Response:
    """File a PDF: only `file` is required, or an `upload` that was sent in parts.

    A document without a patient is unfiled. What patients send is filed for themselves.
    `already_filed` is a document of the same patient with the same content; the new one
    is filed nevertheless. With `prescription_id` it is the scan of a signed paper,
    shown beside that prescription. With a key, a file is filed only once, however often
    it is sent.
    """
    draft, prescription_id = came.draft(), came.prescription_id
    draft = replace(draft, id=id_for(caller.actor, idempotency_key))
    content = receive(caller, came)

    def file(session: Session) -> tuple[DocumentRecord, DocumentRecord | None]:
        if prescription_id is not None:
            filed = scans.add(session, caller.actor, prescription_id, draft, content)
            if draft.patient_id not in {None, filed.patient_id}:
                raise InvalidInput("patient_id", _ANOTHER_PATIENT)
        else:
            filed = records.file(session, caller.actor, draft, content)
        # Among those of the patient it was filed for, whoever had to name them.
        same = records.find_filed(
            session,
            caller.actor,
            content.sha256,
            filed.patient_id,
            besides=filed.id,
        )
        return filed, same

    written = keep(caller, came, content, file)
    filed, same = written.value
    discard_unused(caller, content, filed)
    answer = {
        "message": "File uploaded successfully",
        "document": DocumentShown.of(filed),
        "already_filed": same.id if same else None,
    }
    headers = {"Location": document_path(filed.id), "ETag": document_etag(filed)}
    return JsonResponse(answer, _CREATED, headers | written_headers(written))


@router.get("/{uuid}/details", responses=shows(DocumentDetails, 404) | _UNCHANGED)
def get_details(
    caller: ProgramOrPerson,
    uuid: UUID,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Describe a document, even a deleted one, and its versions, the newest first."""

    def get(
        session: Session,
    ) -> tuple[DocumentRecord, OriginalRecord | None, tuple[Any, ...]]:
        document = records.get(session, caller.actor, uuid, even_deleted=True)
        original = records.find_original(session, document.version)
        return document, original, records.versions(session, caller.actor, uuid)

    read = caller.read(get)
    document, original, versions = read.value
    headers = read_headers(read, caller.after) | {"ETag": document_etag(document)}
    if names_tag(if_none_match or "", headers["ETag"]):
        return Response(status_code=304, headers=headers)
    is_patient = caller.actor.role is Role.PATIENT
    details = {
        "versions": list(map(VersionShown.of, versions)),
        # Patients are not told what the clinic has to keep, and why.
        "held_at": None if is_patient else document.held_at,
        "original": OriginalShown.of(original) if original else None,
    }
    return JsonResponse(DocumentShown.of(document) | details, headers=headers)


@router.patch(
    "/{uuid}/details",
    responses=shows(DocumentAnswer, 404, 409, 412, 413, 415, 428),
    openapi_extra=describe_body(DocumentChanges),
)
def change_details(
    caller: ProgramOrPerson,
    uuid: UUID,
    body: Annotated[DocumentChanges, json_body(DocumentChanges)],
    if_match: IfMatch = None,
) -> Response:
    """Change a document's description, or the patient it is filed under (or null)."""
    if if_match is None:
        raise precondition_required()

    def change(session: Session) -> DocumentRecord:
        before = _current(session, caller, uuid, if_match, is_of_file=False)
        changes = body.applied_to(before)
        return records.change(
            session, caller.actor, uuid, changes, revision=before.revision
        )

    return _done("Document changed successfully", caller.write(change))


@router.post(
    "/{uuid}/versions",
    status_code=_CREATED,
    responses=shows(DocumentAnswer, 404, 409, 412, 413, status=_CREATED),
    openapi_extra=describe_upload(with_facts=False),
)
def add_version(
    caller: Sender,
    uuid: UUID,
    came: Uploaded,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Replace a document's file; earlier ones stay as versions.

    With a key, a file becomes one version only, however often it is sent.
    """
    came.require_no_facts()
    version_id = id_for(caller.actor, idempotency_key)
    content = receive(caller, came)

    def add(session: Session) -> DocumentRecord:
        before = records.look_up(session, caller.actor, uuid)
        # The first of several equal requests makes the others' If-Match outdated.
        is_current = _is_current(before, if_match)
        return records.add_version(
            session,
            caller.actor,
            uuid,
            content,
            revision=before.revision if is_current else _NEVER_CURRENT,
            version_id=version_id,
        )

    written = keep(caller, came, content, add)
    discard_unused(caller, content, written.value)
    return _done("New version uploaded successfully", written, _CREATED)


@router.post(
    "/{uuid}/versions/{number}/restore",
    status_code=_CREATED,
    responses=shows(DocumentAnswer, 404, 409, 412, status=_CREATED),
)
def restore_version(
    caller: ProgramOrPerson, uuid: UUID, number: Number, if_match: IfMatch = None
) -> Response:
    """Make an earlier version's file the newest version."""

    def restore(session: Session) -> DocumentRecord:
        before = _current(session, caller, uuid, if_match)
        return records.restore_version(
            session, caller.actor, uuid, number, revision=before.revision
        )

    written = caller.write(restore, key=uuid4())
    return _done("Version restored successfully", written, _CREATED)


@router.delete("/{uuid}", responses=shows(Message, 404, 409, 412))
def delete_document(
    caller: ProgramOrPerson, uuid: UUID, if_match: IfMatch = None
) -> Response:
    """Delete a document; for a limited time it can be restored."""

    def delete(session: Session) -> DocumentRecord:
        before = _current(session, caller, uuid, if_match)
        return records.delete(session, caller.actor, uuid, revision=before.revision)

    written = caller.write(delete)
    message = {"message": "Document deleted successfully"}
    return JsonResponse(message, headers=written_headers(written))


@router.post("/{uuid}/restore", responses=shows(DocumentAnswer, 404, 409, 412))
def restore_document(
    caller: ProgramOrPerson, uuid: UUID, if_match: IfMatch = None
) -> Response:
    """Restore a deleted document."""

    def restore(session: Session) -> DocumentRecord:
        before = _current(session, caller, uuid, if_match, even_deleted=True)
        return records.restore(session, caller.actor, uuid, revision=before.revision)

    return _done("Document restored successfully", caller.write(restore))


def _current(
    session: Session,
    caller: Caller,
    uuid: UUID,
    if_match: str | None,
    *,
    is_of_file: bool = True,
    even_deleted: bool = False,
) -> DocumentRecord:
    """Return the document if `If-Match` names its current state.

    Without the header, or with `*`, any state will do. On routes that serve the file,
    `If-Match` may also name the file's ETag.
    """
    document = records.look_up(session, caller.actor, uuid, even_deleted=even_deleted)
    if not _is_current(document, if_match, is_of_file=is_of_file):
        raise StaleRevision(document)
    return document


def _is_current(
    document: DocumentRecord, if_match: str | None, *, is_of_file: bool = True
) -> bool:
    if if_match is None or if_match.strip() == "*":
        return True
    tags = {document_etag(document)}
    if is_of_file:
        tags.add(file_etag(document.version.sha256))
    return not tags.isdisjoint(_TAG.findall(if_match))


def _done(
    message: str, written: WriteResult[DocumentRecord], status: int = 200
) -> Response:
    answer = {"message": message, "document": DocumentShown.of(written.value)}
    tag = {"ETag": document_etag(written.value)}
    return JsonResponse(answer, status, tag | written_headers(written))
