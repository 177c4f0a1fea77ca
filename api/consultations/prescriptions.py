"""/api/prescriptions: issued prescriptions as signed PDFs."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import FromAttribute, JsonResponse, Shown, read_headers
from api.core.dependencies import ProgramOrPerson
from api.core.documented import sends, shows
from api.core.files.sending import PDF, attachment
from services.consultations import prescriptions
from services.consultations.prescriptions import (
    PrescriptionRecord,
    PrescriptionVersion,
    scans,
)
from services.consultations.prescriptions.scans import Scans

router = APIRouter(prefix="/api/prescriptions", tags=["Prescriptions"])


class ScanShown(Shown):
    """The scan of a signed paper, which is a document of its own."""

    document_id: Annotated[UUID, FromAttribute("id")]
    filename: Annotated[str, FromAttribute("version.filename")]
    content_type: Annotated[str, FromAttribute(lambda _: PDF)]
    uploaded_at: Annotated[datetime, FromAttribute("created_at")]
    url: Annotated[str, FromAttribute(lambda scan: f"/api/documents/{scan.id}")]


class ScansShown(Shown):
    """The scans of a prescription's signed papers, the newest first."""

    prescription_id: UUID
    appointment_id: UUID
    patient_id: UUID
    doctor_id: UUID
    scans: list[ScanShown]


@router.get("/{uuid}/scans", responses=shows(ScansShown, 404))
def list_scans(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """List the scans of a prescription's signed papers.

    `POST /api/documents/upload` with `prescription_id` adds one.
    """

    def find(session: Session) -> tuple[PrescriptionRecord, Scans]:
        prescription = prescriptions.get(session, caller.actor, uuid)
        return prescription, scans.list_for(session, caller.actor, [uuid])

    read = caller.read(find)
    prescription, scans_by_id = read.value
    content = {
        "prescription_id": prescription.id,
        "appointment_id": prescription.appointment_id,
        "patient_id": prescription.patient_id,
        "doctor_id": prescription.doctor_id,
        "scans": list(map(ScanShown.of, scans_by_id.get(uuid, ()))),
    }
    return JsonResponse(content, headers=read_headers(read, caller.after))


@router.get("/{uuid}", responses=sends(PDF, 404, 409))
def download(
    caller: ProgramOrPerson,
    uuid: UUID,
    version: Annotated[
        int | None,
        Query(ge=1, le=2**31 - 1, description="Version number; the latest by default."),
    ] = None,
) -> Response:
    """Return one version of a prescription as the signed PDF."""

    def open_version(session: Session) -> PrescriptionVersion:
        return prescriptions.open_version(session, caller.actor, uuid, version)

    opened = caller.read(open_version).value
    content = prescriptions.read_file(caller.stores.files, opened)
    headers = {
        "Content-Disposition": attachment(opened.filename),
        "ETag": f'"{opened.sha256.hex()}"',
    }
    return Response(content, media_type=PDF, headers=headers)
