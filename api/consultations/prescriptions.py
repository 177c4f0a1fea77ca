"""/api/prescriptions: issued prescriptions as signed PDFs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.attachments import attachment
from api.core.dependencies import ProgramOrPerson
from api.core.documented import sends
from services.consultations import prescriptions
from services.consultations.prescriptions import PrescriptionVersion

router = APIRouter(prefix="/api/prescriptions", tags=["Prescriptions"])


@router.get("/{uuid}", responses=sends("application/pdf", 404, 409))
def download(
    caller: ProgramOrPerson,
    uuid: UUID,
    version: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="The latest, if left out.")
    ] = None,
) -> Response:
    """Return one version of a prescription, as it was signed."""

    def open_version(session: Session) -> PrescriptionVersion:
        return prescriptions.open_version(session, caller.actor, uuid, version)

    opened = caller.read(open_version).value
    content = prescriptions.read_file(caller.stores.files, opened)
    headers = {
        "Content-Disposition": attachment(opened.filename),
        "ETag": f'"{opened.sha256.hex()}"',
    }
    return Response(content, media_type="application/pdf", headers=headers)
