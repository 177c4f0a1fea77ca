"""/api/v1/patients: list, register, read, edit, archive, restore, merge."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Header, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core import field_selection
from api.core.answers import (
    JsonResponse,
    read_headers,
    written_headers,
)
from api.core.bodies import describe_body, describe_criteria, json_body
from api.core.dependencies import Caller, Program, program
from api.core.documented import refuses, shows
from api.core.files.ranges import names_tag
from api.core.idempotency import IdempotencyKey, id_for
from api.core.problems import precondition_required
from api.patients.disclosed_lists import disclose_list
from api.patients.schemas import (
    Candidates,
    ContactBody,
    DuplicateShown,
    MergeBody,
    PatientBody,
    PatientShown,
    PatientsPage,
    PseudonymisedPatientShown,
    listed_json,
    patient_etag,
    query_by_fields,
    version_named,
)
from db.postgres import Read, WriteResult
from services.core.errors import InvalidInput
from services.lists import criteria
from services.patients import search
from services.patients.duplicates import duplicates, merging
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.patients.search import fields
from services.people.accounts import own_contact
from services.people.accounts.own_contact import OwnContact

router = APIRouter(prefix="/api/v1/patients", tags=["Patients"])

_CURSOR: Final = "after"
_PAGED: Final = {
    "0_field": (
        "Field to filter by; further filters are 1_field, 2_field and so on. "
        "`diagnosis`, a code or words in the notes of visits, is for clinicians "
        "only (with a token, the scope visits:read); it finds the patients whom "
        "they treat."
    ),
    field_selection.PARAMETER: field_selection.DESCRIPTION,
    "per_page": "Patients per page; 10 by default, at most 1,000.",
}

IfMatch = Annotated[
    str | None, Header(description='ETag of the version that was edited, such as "3".')
]


Patient = Annotated[PatientBody, json_body(PatientBody, program)]
Contact = Annotated[ContactBody, json_body(ContactBody, program)]
Merge = Annotated[MergeBody, json_body(MergeBody, program)]


@router.get("", responses=shows(PatientsPage), openapi_extra=describe_criteria(_PAGED))
def list_patients(
    caller: Program, request: Request, after: UUID | None = None
) -> Response:
    """List the patients that meet the criteria; pass `next` as `after` for more.

    Also answers 403 if the list would reveal few patients to a caller who sees no
    names.
    """
    chosen, remaining = field_selection.read_fields(
        request.query_params.multi_items(), PatientShown, PseudonymisedPatientShown
    )
    pairs = [pair for pair in remaining if pair[0] != _CURSOR]
    if "page" in request.query_params:
        raise InvalidInput("page", 'There is no parameter "page": pass next as after.')
    query = criteria.from_query(query_by_fields(pairs), fields.FIELDS)
    answer = disclose_list(
        caller,
        query.criteria,
        lambda session: search.list_patients(
            session,
            caller.actor,
            query.criteria,
            size=query.per_page,
            after=after,
            now=caller.stores.now(),
            is_kept_back=True,
        ),
    )
    listed = answer.listing.require_rows()
    page = {
        "patients": [chosen.of(listed_json(row)) for row in listed.rows],
        "next": listed.next,
    }
    return JsonResponse(page, headers=answer.headers)


@router.post(
    "",
    status_code=201,
    responses=shows(PatientShown, 409, 413, 415, status=201),
    openapi_extra=describe_body(PatientBody),
)
def register_patient(
    caller: Program, body: Patient, idempotency_key: IdempotencyKey = None
) -> Response:
    """Register a patient; with a key only once, however often it is sent."""
    draft = body.draft()
    written = caller.write(
        lambda session: patients.register(
            session,
            caller.actor,
            draft,
            today=caller.stores.today(),
            patient_id=id_for(caller.actor, idempotency_key),
        )
    )
    location = {"Location": f"{router.prefix}/{written.value.id}"}
    return _shown(written, 201, location)


@router.post(
    "/duplicates",
    responses=shows(Candidates, 413, 415),
    openapi_extra=describe_body(PatientBody),
)
def find_duplicates_of_draft(caller: Program, body: Patient) -> Response:
    """Find patients who may be the person with these particulars."""
    draft = patients.validate(body.draft(), caller.stores.today())
    read = caller.read(
        lambda session: duplicates.find_duplicates(session, caller.actor, draft)
    )
    return _candidates(caller, read)


@router.get(
    "/{uuid}",
    responses=shows(PatientShown, 404, 410) | {304: {"description": "Not Modified"}},
)
def get_patient(
    caller: Program,
    uuid: UUID,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return one patient, archived or not; the ETag is the version."""
    read = caller.read(
        lambda session: patients.get_patient(session, caller.actor, uuid)
    )
    headers = read_headers(read, caller.after) | {"ETag": patient_etag(read.value)}
    if names_tag(if_none_match or "", headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return JsonResponse(PatientShown.of(read.value), headers=headers)


@router.put(
    "/{uuid}",
    responses=shows(PatientShown, 404, 409, 410, 412, 413, 415, 428),
    openapi_extra=describe_body(PatientBody),
)
def edit_patient(
    caller: Program, uuid: UUID, body: Patient, if_match: IfMatch = None
) -> Response:
    """Replace the patient's fields, if nobody has changed them since `If-Match`."""
    if if_match is None:
        raise precondition_required()
    draft = body.draft()

    def edit(session: Session) -> PatientRecord:
        version = version_named(session, caller.actor, uuid, if_match)
        return patients.edit(
            session,
            caller.actor,
            uuid,
            draft,
            version=version,
            today=caller.stores.today(),
        )

    return _shown(caller.write(edit))


@router.put(
    "/{uuid}/contact",
    responses=shows(PatientShown, 404, 409, 410, 412, 413, 415, 428),
    openapi_extra=describe_body(ContactBody),
)
def change_own_contact(
    caller: Program, uuid: UUID, body: Contact, if_match: IfMatch = None
) -> Response:
    """Correct the contact data of the patient who calls; for patients only.

    Answers 400 for a new e-mail address: it needs a code, which a page sends to it.
    """
    if if_match is None:
        raise precondition_required()
    wanted = OwnContact(body.email, body.phone_number, body.address)

    def change(session: Session) -> PatientRecord:
        own_contact.require_own(caller.actor, uuid)
        version = version_named(session, caller.actor, uuid, if_match)
        changed = own_contact.change_contact(
            session, caller.actor, wanted, version=version, today=caller.stores.today()
        )
        return changed.kept

    return _shown(caller.write(change))


@router.delete("/{uuid}", status_code=204, responses=refuses(404, 409, 410, 412))
def archive_patient(caller: Program, uuid: UUID, if_match: IfMatch = None) -> Response:
    """Archive the patient; nothing is deleted, and the record can be restored."""

    def archive(session: Session) -> PatientRecord:
        version = version_named(session, caller.actor, uuid, if_match or "*")
        return patients.archive(session, caller.actor, uuid, version=version)

    return Response(status_code=204, headers=written_headers(caller.write(archive)))


@router.post("/{uuid}/restore", responses=shows(PatientShown, 404, 409, 410, 412))
def restore_patient(caller: Program, uuid: UUID, if_match: IfMatch = None) -> Response:
    """Restore an archived patient."""

    def restore(session: Session) -> PatientRecord:
        version = version_named(session, caller.actor, uuid, if_match or "*")
        return patients.restore(session, caller.actor, uuid, version=version)

    return _shown(caller.write(restore))


@router.get("/{uuid}/duplicates", responses=shows(Candidates, 404, 410))
def find_duplicates(caller: Program, uuid: UUID) -> Response:
    """Find patients who may be the same person as this one."""

    def find(session: Session) -> tuple[duplicates.DuplicateCandidate, ...]:
        record = patients.get_patient(session, caller.actor, uuid)
        return duplicates.find_duplicates(
            session, caller.actor, record.draft(), excluding=uuid
        )

    return _candidates(caller, caller.read(find))


@router.post(
    "/{uuid}/merge",
    responses=shows(PatientShown, 404, 409, 410, 413, 415),
    openapi_extra=describe_body(MergeBody),
)
def merge_patients(caller: Program, uuid: UUID, body: Merge) -> Response:
    """Merge another patient into this one, whose new fields are in `patient`."""
    draft = body.patient.draft()
    written = caller.write(
        lambda session: merging.merge(
            session,
            caller.actor,
            uuid,
            body.merged,
            draft,
            kept_version=body.version,
            merged_version=body.merged_version,
            today=caller.stores.today(),
        )
    )
    return _shown(written)


def _shown(
    written: WriteResult[PatientRecord],
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    record = written.value
    named = {"ETag": patient_etag(record)} | written_headers(written) | (headers or {})
    return JsonResponse(PatientShown.of(record), status, named)


def _candidates(
    caller: Caller, read: Read[tuple[duplicates.DuplicateCandidate, ...]]
) -> Response:
    candidates = list(map(DuplicateShown.of, read.value))
    return JsonResponse(
        {"duplicates": candidates}, headers=read_headers(read, caller.after)
    )
