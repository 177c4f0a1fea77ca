"""/files/restore-previews: what going back would undo, as files for administrators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from api.core.dependencies import ProgramOrPerson
from api.core.documented import sends
from api.core.files.sending import attachment_named
from services.backups import previews

router = APIRouter(prefix="/files", tags=["Files"])

_Name = Annotated[
    str, Path(description="The kind of rows, such as patients or visits.")
]


@router.get("/restore-previews/{uuid}/{name}.csv", responses=sends("text/csv", 404))
def download(caller: ProgramOrPerson, uuid: UUID, name: _Name) -> Response:
    """Return the ids and times of one kind that going back would undo, as CSV."""
    content = caller.read(
        lambda session: previews.read_preview_list(session, caller.actor, uuid, name)
    ).value
    # Safe in a header: an unknown kind raised NotFound above.
    filename = f"would-be-undone-{name}.csv"
    return Response(
        caller.csv_mark + content,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": attachment_named(filename)},
    )
