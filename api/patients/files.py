"""/files: photos and exports, for browsers as well as programs."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Final, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import JsonResponse, written_headers
from api.core.bodies import read_bounded
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import sends, shows
from api.core.exports import ListResponse
from api.patients.disclosed_lists import disclose_list
from api.patients.schemas import PatientShown, patient_etag, version_named
from services.core.actors import Permission
from services.lists import views, workbooks
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.photos import photos
from services.patients.records.model import PatientRecord
from services.patients.search import export_grants
from services.patients.search.fields import PATIENTS
from services.visits.schedule import doctors

T = TypeVar("T")

router = APIRouter(prefix="/files", tags=["Files"])

_PICTURES: Final = ("image/jpeg", "image/png")


@router.get("/patients/{uuid}/photo", responses=sends("image/jpeg", 404, 409, 410))
def photo(
    caller: ProgramOrPerson,
    uuid: UUID,
    size: Literal["full", "thumbnail"] = "full",
    version: Annotated[
        int, Query(description="Version of the record, or a later one.")
    ] = 1,
) -> Response:
    """Return a patient's photo as JPEG."""

    def read(session: Session) -> bytes:
        return photos.read(
            session,
            caller.stores.files,
            caller.actor,
            uuid,
            thumbnail=size == "thumbnail",
            # A replica that is behind would return the previous photo.
            version=version,
        )

    return Response(caller.read(read).value, media_type="image/jpeg")


def photo_uploader(caller: ProgramOrPerson) -> Iterator[Caller]:
    """Return the caller if they may send one more photo."""
    caller.require(Permission.EDIT_PATIENT)
    with caller.counting_upload():
        yield caller


PhotoUploader = Annotated[Caller, Depends(photo_uploader)]


async def picture(request: Request, caller: PhotoUploader) -> bytes:
    """Return the picture that was sent, or raise an error answered as 413 or 415.

    It is read only after the caller is known and within their limits.
    """
    del caller
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type.lower() not in _PICTURES:
        raise HTTPException(415, "Send a picture as image/jpeg or image/png.")
    return await read_bounded(request, photos.MAX_BYTES)


@router.put(
    "/patients/{uuid}/photo",
    responses=shows(PatientShown, 404, 409, 410, 412, 413, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in _PICTURES
            },
        }
    },
)
def put_photo(
    caller: PhotoUploader,
    uuid: UUID,
    came: Annotated[bytes, Depends(picture)],
    if_match: Annotated[
        str | None, Header(description="ETag of the patient; optional.")
    ] = None,
) -> Response:
    """Set or replace a patient's photo.

    It is turned upright; location and camera data are removed.
    """
    prepared = photos.prepare(came)

    def attach(session: Session) -> PatientRecord:
        version = version_named(session, caller.actor, uuid, if_match or "*")
        return photos.attach(
            session,
            caller.stores.files,
            caller.actor,
            uuid,
            prepared,
            version=version,
        )

    written = caller.write(attach)
    tag = {"ETag": patient_etag(written.value)}
    return JsonResponse(
        PatientShown.of(written.value), headers=tag | written_headers(written)
    )


@router.get("/doctors/{uuid}/photo", responses=sends("image/jpeg", 404, 409))
def doctor_photo(
    caller: ProgramOrPerson,
    uuid: UUID,
    size: Literal["full", "thumbnail"] = "full",
    revision: Annotated[
        int, Query(description="Revision of the doctor; a new photo has a new one.")
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
            # A replica that is behind would return the previous photo.
            revision=revision,
        )

    return Response(caller.read(read).value, media_type="image/jpeg")


StoredList = Annotated[
    str | None,
    Query(alias="list", description="Key of a stored list; all patients by default."),
]
Grant = Annotated[
    UUID | None,
    Query(description="Grant from POST /api/v1/exports, which names a list."),
]


@router.get("/patients.csv", responses=sends("text/csv", 404, 409))
def export(
    caller: ProgramOrPerson, key: StoredList = None, grant: Grant = None
) -> Response:
    """Stream the whole of a stored list as CSV.

    Also answers 403 if the list would reveal few patients to a caller who sees no
    names.
    """
    read = _list_reader(caller, key, grant, search.export_csv)
    return ListResponse(caller.export(read), _name(caller, "csv"))


@router.get("/patients.xlsx", responses=sends(workbooks.MEDIA_TYPE, 404, 409))
def export_workbook(
    caller: ProgramOrPerson, key: StoredList = None, grant: Grant = None
) -> Response:
    """Download a stored list of up to 100,000 patients as an Excel workbook.

    Its cells are text, so that no telephone number loses its leading zero. Answers 400
    for a longer list, and 403 as for CSV.
    """
    read = _list_reader(caller, key, grant, search.export_workbook)
    return ListResponse(
        caller.export(read), _name(caller, "xlsx"), workbooks.MEDIA_TYPE
    )


def _list_reader(
    caller: Caller, key: str | None, grant: UUID | None, export: Callable[..., T]
) -> Callable[[Session], T]:
    """Return a function that reads the list asked for, in one transaction.

    So the list cannot change midway. If it has changed since it was disclosed without
    names, the function raises Unavailable. The grant, if any, is used up.
    """
    actor, reason = caller.actor, None
    if grant is not None:
        # A download that cannot begin must not use the grant up.
        caller.stores.exports.require_room(actor.id)
        used = caller.write(lambda session: export_grants.redeem(session, actor, grant))
        key, reason = used.value.criteria_key, used.value.reason
    criteria, group = Criteria(), None
    if key is not None:
        recalled = caller.read(
            lambda session: views.load_criteria(session, actor, key, subject=PATIENTS)
        )
        criteria = recalled.value
    if grant is None:
        disclosed = disclose_list(
            caller, criteria, _nothing, needs=Permission.EXPORT_PATIENTS
        )
        group = disclosed.listing.group
    return partial(
        export,
        actor=actor,
        criteria=criteria,
        now=caller.stores.now(),
        named_because=reason,
        smallest_group=caller.stores.smallest_group,
        disclosed=group,
    )


def _name(caller: Caller, ending: str) -> str:
    return f"patients-{caller.stores.today():%Y-%m-%d}.{ending}"


def _nothing(_: Session) -> bool:
    """Read no rows of a list: the export reads them itself."""
    return True
