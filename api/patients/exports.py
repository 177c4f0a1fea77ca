"""/api/v1/exports: lists with names, for callers who see none and give a reason."""

from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from api.core.answers import JsonResponse, written_headers
from api.core.bodies import describe_body, json_body
from api.core.dependencies import Program, program
from api.core.documented import shows
from api.patients.schemas import ExportBody, ExportGranted
from services.patients.search import export_grants

router = APIRouter(prefix="/api/v1/exports", tags=["Exports"])
_CREATED: Final = 201


@router.post(
    "",
    status_code=_CREATED,
    openapi_extra=describe_body(ExportBody),
    responses=shows(ExportGranted, 404, 413, 415, status=_CREATED),
)
def ask_for_names(
    caller: Program, body: Annotated[ExportBody, json_body(ExportBody, program)]
) -> Response:
    """Ask for a list with names; the answer has an address that works once."""
    written = caller.write(
        lambda session: export_grants.request_export(
            session, caller.actor, body.list_key, body.reason
        )
    )
    granted = {
        "url": f"/files/patients.csv?grant={written.value.id}",
        "expires_at": written.value.expires_at,
    }
    return JsonResponse(granted, _CREATED, written_headers(written))
