"""/files: photos and exports, for browsers as well as programs."""

from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.dependencies import ProgramOrPerson
from api.core.documented import sends
from api.core.exports import ListResponse
from services.lists import views
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.photos import photos
from services.patients.search import export_grants
from services.patients.search.fields import PATIENTS
from services.visits.schedule import doctors

router = APIRouter(prefix="/files", tags=["Files"])


@router.get("/patients/{uuid}/photo", responses=sends("image/jpeg", 404, 409))
def photo(
    caller: ProgramOrPerson,
    uuid: UUID,
    size: Literal["full", "thumbnail"] = "full",
    version: Annotated[int, Query(description="The record's, or a later one.")] = 1,
) -> Response:
    """Return a patient's photo as JPEG."""

    def read(session: Session) -> bytes:
        return photos.read(
            session,
            caller.stores.files,
            caller.actor,
            uuid,
            thumbnail=size == "thumbnail",
            # A replica that is behind would show the photo from before.
            version=version,
        )

    return Response(caller.read(read).value, media_type="image/jpeg")


@router.get("/doctors/{uuid}/photo", responses=sends("image/jpeg", 404, 409))
def doctor_photo(
    caller: ProgramOrPerson,
    uuid: UUID,
    size: Literal["full", "thumbnail"] = "full",
    revision: Annotated[
        int, Query(description="The doctor's; another photo has another.")
    ] = 1,
) -> Response:
    """Return a doctor's photo as JPEG."""

    def read(session: Session) -> bytes:
        return doctors.read_photo(
            session,
            caller.stores.files,
            caller.actor,
            uuid,
            thumbnail=size == "thumbnail",
            # A replica that is behind would show the photo from before.
            revision=revision,
        )

    return Response(caller.read(read).value, media_type="image/jpeg")


@router.get("/patients.csv", responses=sends("text/csv", 404, 409))
def export(
    caller: ProgramOrPerson,
    key: Annotated[
        str | None, Query(alias="list", description="A stored list's key; or all.")
    ] = None,
    grant: Annotated[
        UUID | None, Query(description="From POST /api/v1/exports, which names a list.")
    ] = None,
) -> Response:
    """Stream the whole of a stored list as CSV."""
    actor, reason = caller.actor, None
    if grant is not None:
        used = caller.write(lambda session: export_grants.use(session, actor, grant))
        key, reason = used.value.criteria_key, used.value.reason
    criteria = Criteria()
    if key is not None:
        recalled = caller.read(
            lambda session: views.recall(session, actor, key, subject=PATIENTS)
        )
        criteria = recalled.value
    name = f"patients-{caller.stores.today():%Y-%m-%d}.csv"
    # One transaction, so that the list cannot change midway.
    read = partial(
        search.export_csv,
        actor=actor,
        criteria=criteria,
        now=caller.stores.now(),
        named_because=reason,
    )
    return ListResponse(caller.export(read), name)
