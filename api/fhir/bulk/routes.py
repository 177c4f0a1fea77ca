"""`$export`: starting an export, its status, its files, and its removal."""

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC
from email.utils import format_datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import JsonResponse, read_headers, written_headers
from api.core.dependencies import Caller, Program
from api.core.documented import Responses
from api.core.files.sending import ReleasingResponse, with_first_piece
from api.core.outcomes import FHIR_PATH, FhirResponse, outcome
from api.fhir.answering import RESOURCE, base_of, refuses, require_wanted
from api.fhir.bulk.operations import OF_ALL, OF_GROUP, OF_PATIENTS, PARAMETERS
from api.fhir.bulk.requests import NDJSON, REASON_HEADER, read_request
from api.fhir.definitions import BulkOperation, instant, uuid_of
from api.fhir.invoking import parameters_sent
from api.fhir.resources.groups import find_group
from api.fhir.searching import Pairs
from api.fhir.table import BULK_SOURCES
from db.files.gridfs import Bucket
from services.documents.records.errors import translate_file_errors
from services.fhir import bulk_exports
from services.fhir.bulk_exports.model import (
    ExportedFile,
    ExportRecord,
    ExportState,
    NoSuchExport,
)
from services.fhir.bulk_exports.packing import unpacked

router = APIRouter(prefix=FHIR_PATH, tags=["FHIR"])

_ACCEPTED: Final = 202
_AGAIN_SECONDS: Final = 5
_TEXT: Final = {"type": "string"}
_BEING_MADE: Final[Responses] = {
    _ACCEPTED: {"description": "Accepted; Content-Location has the status URL"}
}
_STATUS: Final[Responses] = {
    200: {
        "description": "Complete: the manifest",
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    _ACCEPTED: {"description": "In progress; see X-Progress"},
}
_GONE: Final[Responses] = {_ACCEPTED: {"description": "Cancelled or deleted"}}
_FILE: Final[Responses] = {
    200: {"description": "Resources, one per line", "content": {NDJSON: {}}}
}
_BY_ADDRESS: Final[dict[str, Any]] = {
    "parameters": [
        *(
            {
                "name": name,
                "in": "query",
                "description": parameter.documentation,
                "schema": _TEXT,
            }
            for name, parameter in PARAMETERS.items()
        ),
        {
            "name": REASON_HEADER,
            "in": "header",
            "description": "Purpose of the export; required except for connected "
            "systems.",
            "schema": _TEXT,
        },
        {
            "name": "Prefer",
            "in": "header",
            "description": "respond-async; required.",
            "schema": _TEXT,
        },
    ]
}
_BY_BODY: Final[dict[str, Any]] = {"requestBody": RESOURCE}
PairsSent = Annotated[Pairs, Depends(parameters_sent)]


def _serve_export(path: str, operation: BulkOperation) -> None:
    """Add the routes that start an export, by GET and by POST."""

    @router.get(
        path,
        status_code=_ACCEPTED,
        responses=_BEING_MADE | refuses(406),
        openapi_extra=_BY_ADDRESS,
    )
    def export_by_address(caller: Program, request: Request) -> Response:
        pairs = request.query_params.multi_items()
        return _begun(caller, request, path, pairs, operation)

    @router.post(
        path,
        status_code=_ACCEPTED,
        responses=_BEING_MADE | refuses(406, 413, 415),
        openapi_extra=_BY_BODY,
    )
    def export(caller: Program, request: Request, pairs: PairsSent) -> Response:
        return _begun(caller, request, path, pairs, operation)

    export_by_address.__doc__ = operation.documentation
    export.__doc__ = operation.documentation


def _serve_group_export(path: str, operation: BulkOperation) -> None:
    """Add the routes that start an export of the group in the path."""
    route = path.format(group_id="{group_id:fhir_id}")

    @router.get(
        route,
        status_code=_ACCEPTED,
        responses=_BEING_MADE | refuses(404, 406),
        openapi_extra=_BY_ADDRESS,
    )
    def export_group_by_address(
        caller: Program, request: Request, group_id: str
    ) -> Response:
        del group_id
        pairs = request.query_params.multi_items()
        return _begun(caller, request, path, pairs, operation)

    @router.post(
        route,
        status_code=_ACCEPTED,
        responses=_BEING_MADE | refuses(404, 406, 413, 415),
        openapi_extra=_BY_BODY,
    )
    def export_group(
        caller: Program, request: Request, group_id: str, pairs: PairsSent
    ) -> Response:
        del group_id
        return _begun(caller, request, path, pairs, operation)

    export_group_by_address.__doc__ = operation.documentation
    export_group.__doc__ = operation.documentation


def _begun(
    caller: Caller,
    request: Request,
    path: str,
    pairs: Pairs,
    operation: BulkOperation,
) -> Response:
    require_wanted(request)
    group_id = request.path_params.get("group_id")
    address = base_of(request) + path.format(group_id=group_id)
    export_request = read_request(caller, request, address, pairs, operation)
    if group_id is not None:
        group = caller.read(lambda session: find_group(session, caller, group_id))
        export_request = replace(export_request, group=group.value)
    written = caller.write(
        lambda session: bulk_exports.ask(session, caller.actor, export_request)
    )
    where = f"{base_of(request)}/$export/{written.value.id}"
    answer = outcome(
        ["The export was accepted. Poll Content-Location for its status."],
        code="informational",
        severity="information",
    )
    headers = written_headers(written) | {"Content-Location": where}
    return FhirResponse(answer, _ACCEPTED, headers=headers)


@router.get("/$export/{export_id:fhir_id}", responses=_STATUS | refuses(404, 406, 500))
def read_export(caller: Program, request: Request, export_id: str) -> Response:
    """Return an export's progress or, once it is done, the manifest of its files."""
    require_wanted(request)
    read = caller.read(
        lambda session: bulk_exports.get(session, caller.actor, uuid_of(export_id))
    )
    export, headers = read.value, read_headers(read, caller.after)
    match export.state:
        case ExportState.DONE:
            over = export.expires_at.astimezone(UTC)
            headers["Expires"] = format_datetime(over, usegmt=True)
            manifest = _manifest(base_of(request), export)
            return JsonResponse(manifest, headers=headers)
        case ExportState.FAILED:
            sentence = export.failure or (
                "The export failed; the clinic's log has the reason. Request it again."
            )
            return FhirResponse(outcome([sentence], code="exception"), 500, headers)
        case _:
            headers["X-Progress"] = export.progress or "waiting"
            headers["Retry-After"] = str(_AGAIN_SECONDS)
            return Response(status_code=_ACCEPTED, headers=headers)


@router.delete(
    "/$export/{export_id:fhir_id}",
    status_code=_ACCEPTED,
    responses=_GONE | refuses(404),
)
def delete_export(caller: Program, export_id: str) -> Response:
    """Cancel an export, or delete a finished one with all its files."""
    written = caller.write(
        lambda session: bulk_exports.give_up(session, caller.actor, uuid_of(export_id))
    )
    bulk_exports.discard(caller.stores.files, written.value)
    return Response(status_code=_ACCEPTED, headers=written_headers(written))


@router.get(
    "/$export/{export_id:fhir_id}/{number}", responses=_FILE | refuses(404, 409)
)
def read_export_file(caller: Program, export_id: str, number: int) -> Response:
    """Download a file of an export: resources of one type, one per line."""

    def open_file(session: Session) -> ExportedFile:
        file = bulk_exports.open_file(session, caller.actor, uuid_of(export_id), number)
        # The list of what was left out may be read by anybody who may read the export.
        if file.kind in BULK_SOURCES:
            caller.require_export_of(file.kind)
        return file

    read, pieces = caller.read_ahead(
        open_file,
        lambda file: with_first_piece(_read_pieces(caller, file)),
    )
    headers = read_headers(read, caller.after)
    headers["Content-Length"] = str(read.value.size)
    return ReleasingResponse(pieces, pieces.close, media_type=NDJSON, headers=headers)


def _read_pieces(caller: Caller, file: ExportedFile) -> Generator[bytes]:
    with (
        translate_file_errors(),
        caller.stores.files.open(Bucket.BULK_EXPORTS, file.file_id) as stream,
    ):
        yield from unpacked(stream)


def _manifest(base: str, export: ExportRecord) -> dict[str, Any]:
    """Return the manifest of an export, as Bulk Data Access calls it."""
    if export.as_of is None:
        raise NoSuchExport
    files = [
        (
            file.kind == "OperationOutcome",
            {
                "type": file.kind,
                "url": f"{base}/$export/{export.id}/{file.number}",
                "count": file.count,
            },
        )
        for file in export.files
    ]
    return {
        "transactionTime": instant(export.as_of),
        "request": export.address,
        "requiresAccessToken": True,
        "output": [file for is_error, file in files if not is_error],
        "error": [file for is_error, file in files if is_error],
    }


_serve_export("/$export", OF_ALL)
_serve_export("/Patient/$export", OF_PATIENTS)
_serve_group_export("/Group/{group_id}/$export", OF_GROUP)
