"""How answers are written: JSON, with the versions and places they come from."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from db.postgres import Lsn, Read, WriteResult
from services.patients.records.model import (
    Identity,
    PatientDraft,
    PatientRecord,
    UnnamedPatient,
)

LSN_HEADER: Final = "X-Chartroom-LSN"
NODE_HEADER: Final = "X-Chartroom-Node"
# Spreadsheets take a CSV without it for one in the machine's old code page, and turn
# Müller into nonsense; programs would take it for part of the first heading.
BYTE_ORDER_MARK: Final = "\ufeff"


class Shown(BaseModel):
    """What an answer has, as it is described: these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class FreeSlot(Shown):
    """A slot that can be had instead."""

    id: UUID
    starts_at: datetime
    ends_at: datetime


class JsonResponse(Response):
    """JSON written by orjson, which knows dates, UUIDs and dataclasses itself.

    FastAPI's own validation of what goes out costs more than the query for it.
    """

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the bytes of the content."""
        return orjson.dumps(content)


def read_headers(read: Read[Any], after: Lsn | None) -> dict[str, str]:
    """Name the node that answered, and hand the caller's LSN back to carry on."""
    headers = {NODE_HEADER: read.served.node}
    return headers | ({LSN_HEADER: str(after)} if after is not None else {})


def written_headers(written: WriteResult[Any]) -> dict[str, str]:
    """Name the LSN from which on the caller's reads show this write."""
    return {LSN_HEADER: str(written.lsn)}


def etag(record: PatientRecord) -> str:
    """Return the record's version as an entity tag."""
    return f'"{record.version}"'


def patient_json(record: PatientRecord) -> dict[str, Any]:
    """Return the patient as the API shows it."""
    return {
        "uuid": record.id,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "date_of_birth": record.date_of_birth,
        "sex": record.sex,
        "email": record.email,
        "phone_number": record.phone_number,
        "address": record.address,
        "emergency_contact": record.emergency_contact,
        "allergies": record.allergies,
        "no_known_allergies": record.no_known_allergies,
        "medical_history": record.medical_history,
        "current_medications": record.current_medications,
        "photo": photo_path(record.id) if record.photo_file_id else None,
        "version": record.version,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "deleted_at": record.deleted_at,
        "merged_into": record.merged_into_id,
    }


def listed_json(listed: PatientRecord | UnnamedPatient) -> dict[str, Any]:
    """Return a patient of a list, as far as the caller may know them."""
    if isinstance(listed, PatientRecord):
        return patient_json(listed)
    return {
        "uuid": listed.id,
        "initials": listed.initials,
        "birth_year": listed.birth_year,
        "sex": listed.sex,
        "allergies": listed.allergies,
        "no_known_allergies": listed.no_known_allergies,
        "medical_history": listed.medical_history,
        "current_medications": listed.current_medications,
        "created_at": listed.created_at,
        "updated_at": listed.updated_at,
        "deleted_at": listed.deleted_at,
    }


def identity_json(identity: Identity) -> dict[str, Any]:
    """Return who a patient is, and nothing of their record."""
    return {
        "uuid": identity.id,
        "first_name": identity.first_name,
        "last_name": identity.last_name,
        "date_of_birth": identity.date_of_birth,
        "sex": identity.sex,
        "deleted_at": identity.deleted_at,
    }


def draft_json(draft: PatientDraft) -> dict[str, Any]:
    """Return what somebody typed, in the fields' own names."""
    return {name: getattr(draft, name) for name in draft.__dataclass_fields__}


def photo_path(patient_id: UUID) -> str:
    """Return where the patient's photo is served."""
    return f"/files/patients/{patient_id}/photo"
