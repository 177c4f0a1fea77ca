"""POST /fhir: a document with its file, filed in one transaction or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import written_headers
from api.core.dependencies import Caller, Program
from api.core.documented import Responses
from api.core.idempotency import IdempotencyKey, id_for
from api.core.outcomes import FHIR_JSON, FHIR_PATH, FhirResponse, Issue, outcome_of
from api.fhir.answering import base_of, refuses, require_wanted, version_headers
from api.fhir.definitions import Resource
from api.fhir.resources.documents import NAME, binary_id, document_resource
from api.fhir.searching import is_lenient
from api.fhir.writing.documents import BINARY, SentDocument, read_bundle
from api.fhir.writing.requests import Returned, resource_sent, returned
from api.fhir.writing.routes import SENT
from services.core.errors import InvalidInput
from services.documents import records
from services.documents.records.drafts import DraftDocument, StoredContent
from services.documents.records.errors import TooLarge
from services.documents.records.model import DocumentRecord
from services.documents.records.visibility import permission_to_file

router = APIRouter(prefix=FHIR_PATH, tags=["FHIR"])

# A file of 20 MB in Base64; all of it is in memory, more than once.
MOST_BYTES: Final = 28_000_000
_ANSWERS: Final[Responses] = {
    200: {
        "description": "A transaction-response Bundle",
        "content": {FHIR_JSON: {"schema": {"type": "object"}}},
    }
}


def filer(caller: Program) -> Iterator[Caller]:
    """Return the caller if they may send one more file."""
    caller.require(permission_to_file(caller.actor))
    with caller.counting_upload():
        yield caller


Filer = Annotated[Caller, Depends(filer)]


async def bundle_sent(request: Request, _: Filer) -> Any:
    """Return the Bundle, read only once the caller is known to be allowed."""
    return await resource_sent(request, MOST_BYTES)


@router.post(
    "",
    responses=_ANSWERS | refuses(404, 406, 409, 413, 415),
    openapi_extra=SENT,
)
def process_transaction(
    caller: Filer,
    request: Request,
    bundle: Annotated[Any, Depends(bundle_sent)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """File a document: a Bundle of a DocumentReference and the Binary it refers to.

    Both are created, or neither. PDFs and pictures are accepted as in uploads.
    """
    require_wanted(request)
    lenient = is_lenient(request.headers)
    sent = read_bundle(bundle, base_of(request), lenient=lenient)
    draft = replace(sent.draft, id=id_for(caller.actor, idempotency_key))
    try:
        content = _store(caller, sent)
        with caller.stores.papers.ingest.discarding_on_refusal(content):
            written = caller.write(
                lambda session: _file(session, caller, draft, content),
                key=uuid4(),
            )
    except TooLarge:
        raise
    except InvalidInput as refusal:
        raise sent.refused(refusal.property_name, str(refusal)) from refusal
    filed, same = written.value
    answer = _response(request, sent, filed, same)
    return FhirResponse(answer, headers=written_headers(written))


def _store(caller: Caller, sent: SentDocument) -> StoredContent:
    ingest = caller.stores.papers.ingest
    with BytesIO(sent.data) as file:
        return ingest.receive(file, sent.filename, person=caller.actor.id)


def _file(
    session: Session, caller: Caller, draft: DraftDocument, content: StoredContent
) -> tuple[DocumentRecord, DocumentRecord | None]:
    """File the document; return it, and an earlier one with the same content."""
    actor = caller.actor
    same = records.find_filed(session, actor, content.sha256, draft.patient_id)
    return records.file(session, actor, draft, content), same


def _response(
    request: Request,
    sent: SentDocument,
    filed: DocumentRecord,
    same: DocumentRecord | None,
) -> Resource:
    """Return the Bundle of responses, in the order of the entries that were sent."""
    resource = document_resource(filed)
    headers = version_headers(resource)
    issues = [*sent.issues, *_already_filed(filed, same)]
    reference: Resource = {
        "response": {
            "status": "201 Created",
            "location": f"{NAME}/{filed.id}",
            "etag": headers["ETag"],
            "lastModified": resource["meta"]["lastUpdated"],
            **({"outcome": outcome_of(issues)} if issues else {}),
        }
    }
    if returned(request) is Returned.REPRESENTATION:
        reference["resource"] = resource
    binary = {
        "response": {
            "status": "201 Created",
            "location": f"{BINARY}/{binary_id(filed.version)}",
        }
    }
    place, _ = sent.places
    entry = [reference, binary] if place == 0 else [binary, reference]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": entry}


def _already_filed(filed: DocumentRecord, same: DocumentRecord | None) -> list[Issue]:
    if same is None or same.id == filed.id:
        return []
    sentence = f"{NAME}/{same.id} already has the same content."
    return [Issue(sentence, NAME, "duplicate", "warning")]
