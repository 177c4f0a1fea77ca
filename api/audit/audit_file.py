"""/files/audit.csv: the audit log as a file, for administrators."""

from datetime import UTC
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.core.dependencies import ProgramOrPerson
from api.core.documented import sends
from api.core.exports import ListResponse
from services.audit import log

router = APIRouter(prefix="/files", tags=["Files"])

_Id = Annotated[str | None, Query(description="An id.")]
_Day = Annotated[str | None, Query(description="A day, such as 2026-11-20.")]


@router.get("/audit.csv", responses=sends("text/csv"))
def export(
    caller: ProgramOrPerson,
    request: Request,
    *,
    person: _Id = None,
    patient: _Id = None,
    subject: _Id = None,
    session: _Id = None,
    actions: Annotated[
        str | None, Query(description="Comma-separated actions.")
    ] = None,
    outcome: Annotated[
        str | None, Query(description="One of done, refused and failed.")
    ] = None,
    first_day: Annotated[_Day, Query(alias="from")] = None,
    last_day: Annotated[_Day, Query(alias="to")] = None,
    lists: Annotated[
        str | None, Query(description="no leaves out events of reading a list.")
    ] = None,
) -> Response:
    """Stream the audit log as CSV, or the part of it that meets all filters."""
    del person, patient, subject, session, actions, outcome, first_day, last_day, lists
    now = caller.stores.now()
    question = log.from_query(request.query_params)
    wanted = question.filter(now.tzinfo or UTC)
    store = caller.stores.audit
    exported = caller.export(
        lambda session: log.export_csv(session, store, caller.actor, wanted)
    )
    return ListResponse(exported, f"audit-{now:%Y-%m-%d}.csv")
