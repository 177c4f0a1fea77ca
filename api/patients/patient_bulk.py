"""/api/v1/patients/bulk: one action on several patients in one call."""

from collections.abc import Callable
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.bodies import Body, describe_body, json_body
from api.core.bulk import BulkAnswer, Ids, do_each, require_unused
from api.core.dependencies import Caller, Program, program
from api.core.documented import shows
from api.patients.schemas import version_named
from services.core import reasons
from services.core.actors import Permission
from services.core.errors import InvalidInput
from services.patients.care import care
from services.patients.records import patients

router = APIRouter(prefix="/api/v1/patients", tags=["Patients"])

_NEEDED: Final = {
    "assign": Permission.ASSIGN_CARE,
    "archive": Permission.ARCHIVE_PATIENT,
    "restore": Permission.ARCHIVE_PATIENT,
}


class PatientsBulk(Body):
    """The patients, and the action on them."""

    patients: Ids
    action: Literal["assign", "archive", "restore"]
    clinician: Annotated[UUID | None, Field(strict=False)] = Field(
        None,
        description="For assign: the clinician who treats the patients from now on.",
    )
    reason: str = Field(
        "", description="For archive: the reason, recorded in the audit log."
    )

    def act(self, caller: Caller) -> Callable[[Session, UUID], object]:
        """Return the action on one patient, or raise InvalidInput."""
        actor, clinician = caller.actor, self.clinician
        read = {"assign": "clinician", "archive": "reason"}
        require_unused(self, self.action, read)
        if self.action == "assign":
            if clinician is None:
                raise InvalidInput("clinician", "clinician is required.")
            return lambda session, patient_id: care.assign(
                session, actor, patient_id, clinician
            )
        if self.action == "restore":
            return lambda session, patient_id: patients.restore(
                session,
                actor,
                patient_id,
                version=version_named(session, actor, patient_id, "*"),
            )
        reason = reasons.read(self.reason)
        return lambda session, patient_id: patients.archive(
            session,
            actor,
            patient_id,
            version=version_named(session, actor, patient_id, "*"),
            reason=reason,
        )


@router.post(
    "/bulk",
    responses=shows(BulkAnswer, 413, 415),
    openapi_extra=describe_body(PatientsBulk),
)
def act_on_several(
    caller: Program, body: Annotated[PatientsBulk, json_body(PatientsBulk, program)]
) -> Response:
    """Assign up to 100 patients to a clinician, archive or restore them.

    Each needs the same rights as a single call: a refusal of one does not keep the
    others from being done, and is reported as its problem in the answer.
    """
    caller.require(_NEEDED[body.action])
    return do_each(caller, body.patients, body.act(caller))
