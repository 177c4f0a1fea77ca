"""Recording that a patient has died, and when."""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.patients.records import patients
from services.patients.records.model import PatientRecord


def record_death(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    deceased_on: date | None,
    *,
    version: int,
    today: date,
) -> PatientRecord:
    """Set the date of death, or None after a mistake; the caller commits.

    No visit can be booked for the patient from then on; visits already booked stay
    until somebody cancels them. Raises InvalidInput, StaleVersion, PatientArchived,
    NotFound.
    """
    actor.require(Permission.EDIT_PATIENT, patient_id)
    record = patients.look_up(session, actor, patient_id)
    if deceased_on and not record.date_of_birth <= deceased_on <= today:
        raise InvalidInput(
            "deceased_on",
            "Date of death must be between the date of birth and today; check the "
            "year.",
        )
    values = {"deceased_on": deceased_on}
    made = patients.change(session, patient_id, values, version=version)
    audit.record_patient(
        session,
        actor,
        Action.PATIENT_CHANGE,
        patient_id,
        made.after.version,
        changed={"deceased_on": [made.before.deceased_on, made.after.deceased_on]},
    )
    return made.after
