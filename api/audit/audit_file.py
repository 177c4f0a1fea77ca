"""/files/audit.csv: the audit log, for administrators to take along."""

from datetime import UTC
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from api.core.answers import BYTE_ORDER_MARK
from api.core.dependencies import ProgramOrPerson
from api.core.documented import sends
from services.audit import log

router = APIRouter(prefix="/files", tags=["Files"])

_Id = Annotated[str | None, Query(description="An id.")]
_Day = Annotated[str | None, Query(description="A day, like 2026-11-20.")]


@router.get("/audit.csv", responses=sends("text/csv"))
def export(
    caller: ProgramOrPerson,
    request: Request,
    *,
    person: _Id = None,
    patient: _Id = None,
    subject: _Id = None,
    session: _Id = None,
    actions: Annotated[str | None, Query(description="Actions with commas.")] = None,
    outcome: Annotated[str | None, Query(description="done, refused or failed")] = None,
    first_day: Annotated[_Day, Query(alias="from")] = None,
    last_day: Annotated[_Day, Query(alias="to")] = None,
) -> Response:
    """Stream the audit log as CSV, or what of it meets all that is asked for."""
    del person, patient, subject, session, actions, outcome, first_day, last_day
    now = caller.stores.now()
    question = log.from_query(request.query_params)
    wanted = question.filter(now.tzinfo or UTC)
    store = caller.stores.audit
    pieces = caller.stream(
        lambda session: log.export_csv(session, store, caller.actor, wanted)
    )
    # The first piece is made before anything is sent, so that a refusal can be told.
    header = next(pieces)
    mark = BYTE_ORDER_MARK if caller.uses_browser else ""
    name = f"audit-{now:%Y-%m-%d}.csv"
    return StreamingResponse(
        chain([mark + header], pieces),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
