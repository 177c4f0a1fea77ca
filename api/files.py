"""/files: photos and exports, for browsers as well as programs."""

from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from api.dependencies import Caller, ProgramOrPerson
from services import patient_lists, photos, views
from services.criteria import Criteria

router = APIRouter(prefix="/files", tags=["Files"])


@router.get("/patients/{uuid}/photo")
def photo(
    caller: ProgramOrPerson,
    uuid: UUID,
    size: Literal["full", "thumbnail"] = "full",
) -> Response:
    """Return a patient's photo as JPEG."""
    read = caller.read(
        lambda session: photos.read(
            session,
            caller.stores.files,
            caller.actor,
            uuid,
            thumbnail=size == "thumbnail",
        )
    )
    return Response(read.value, media_type="image/jpeg")


@router.get("/patients.csv")
def export(
    caller: ProgramOrPerson,
    key: Annotated[str, Query(alias="list", description="A stored list's key.")],
) -> Response:
    """Stream the whole of a stored list as CSV."""
    criteria = caller.read(
        lambda session: views.recall(session, caller.actor, key)
    ).value
    name = f"patients-{caller.stores.today():%Y-%m-%d}.csv"
    pieces = _pieces(caller, criteria)
    # The first piece is made before anything is sent, so that a refusal can be told.
    header = next(pieces)
    return StreamingResponse(
        chain([header], pieces),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _pieces(caller: Caller, criteria: Criteria) -> Iterator[str]:
    """Yield the list from one transaction, so that it cannot change midway."""
    with caller.stores.database.reading(caller.after) as session:
        yield from patient_lists.export_csv(session, caller.actor, criteria)
