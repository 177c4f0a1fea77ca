"""POST and GET /patient-register: the register for older programs."""

from typing import Annotated, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.core import field_selection
from api.core.answers import (
    JsonResponse,
    written_headers,
)
from api.core.bodies import describe_body, describe_criteria, json_body
from api.core.dependencies import Program, program
from api.core.documented import shows
from api.core.idempotency import IdempotencyKey, id_for
from api.core.problems import ENVELOPE_PATH
from api.patients.disclosed_lists import disclose_list
from api.patients.schemas import (
    ListEnvelope,
    PatientShown,
    PseudonymisedPatientShown,
    RegisterBody,
    RegisteredEnvelope,
    listed_json,
    query_by_fields,
)
from services.lists import criteria
from services.patients import search
from services.patients.records import patients
from services.patients.search import fields

router = APIRouter(tags=["Patient register"])
_OK: Final = 200
_NUMBERED: Final = {
    field_selection.PARAMETER: field_selection.DESCRIPTION,
    "page": "Page number, from 1.",
    "per_page": "Patients per page; 10 by default, at most 1,000.",
}


@router.post(
    ENVELOPE_PATH,
    responses=shows(RegisteredEnvelope, 409, 413, 415),
    openapi_extra=describe_body(RegisterBody),
)
def register_patient(
    caller: Program,
    body: Annotated[RegisterBody, json_body(RegisterBody, program)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Register a patient; with a `uuid` or a key only once, however often it is sent.

    Answers 409 if another patient has that uuid.
    """
    draft = body.draft()
    uuid = body.uuid or id_for(caller.actor, idempotency_key)
    written = caller.write(
        lambda session: patients.register(
            session,
            caller.actor,
            draft,
            today=caller.stores.today(),
            patient_id=uuid,
        )
    )
    return _envelope(
        "Patient register created successfully",
        PatientShown.of(written.value),
        headers=written_headers(written),
    )


@router.get(
    ENVELOPE_PATH,
    responses=shows(ListEnvelope),
    openapi_extra=describe_criteria(_NUMBERED),
)
def list_patients(caller: Program, request: Request) -> Response:
    """List the patients that meet the criteria, page by page.

    `total` is exact up to the limit of counting; beyond it `total_is_exact` is false
    and there are at least that many. Also answers 403 if the list would reveal few
    patients to a caller who sees no names.
    """
    chosen, remaining = field_selection.read_fields(
        request.query_params.multi_items(), PatientShown, PseudonymisedPatientShown
    )
    query = criteria.from_query(query_by_fields(remaining), fields.FIELDS)
    now = caller.stores.now()

    answer = disclose_list(
        caller,
        query.criteria,
        lambda session: search.list_numbered(
            session,
            caller.actor,
            query.criteria,
            page=query.page,
            per_page=query.per_page,
            now=now,
            is_kept_back=True,
        ),
        count_open=lambda session: search.count_patients(
            session, caller.actor, query.criteria, now=now
        ),
    )
    rows, count = answer.listing.require_rows(), answer.listing.count
    assert count is not None  # noqa: S101 - count_open has counted where nobody else
    return _envelope(
        "Patient register read successfully",
        [chosen.of(listed_json(row)) for row in rows],
        extra={
            "page": query.page,
            "per_page": query.per_page,
            "total": count.value,
            "total_is_exact": count.is_exact,
        },
        headers=answer.headers,
    )


def _envelope(
    message: str,
    data: object,
    *,
    headers: dict[str, str],
    extra: dict[str, object] | None = None,
) -> Response:
    envelope = {"code": _OK, "is_success": True, "message": message, "data": data}
    return JsonResponse(envelope | (extra or {}), headers=headers)
