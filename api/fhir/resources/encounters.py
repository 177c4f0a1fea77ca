"""Encounter: visits as they took place, from the waiting room to the end."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.fhir import systems
from api.fhir.definitions import (
    Resource,
    ResourceType,
    coding,
    instant,
    meta,
    uuid_of,
    without_empty,
)
from api.fhir.resources import visits
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

NAME: Final = "Encounter"
_STATUS: Final = {
    VisitStatus.SCHEDULED: "planned",
    VisitStatus.CHECKED_IN: "arrived",
    VisitStatus.IN_ROOM: "in-progress",
    VisitStatus.COMPLETED: "finished",
    VisitStatus.CANCELLED: "cancelled",
    # R4 has no status for a patient who did not come; the Appointment has one.
    VisitStatus.NO_SHOW: "cancelled",
}
# http://hl7.org/fhir/R4/valueset-encounter-status.html
_STATUSES: Final = (
    "planned",
    "arrived",
    "triaged",
    "in-progress",
    "onleave",
    "finished",
    "cancelled",
    "entered-in-error",
    "unknown",
)
_AMBULATORY: Final = coding(systems.ACT_CODE, "AMB") | {"display": "ambulatory"}


_FIELDS_READ: Final = (
    "id",
    "version",
    "changed_at",
    "booking_id",
    "patient_id",
    "doctor_id",
    "doctor_name",
    "speciality",
    "checked_in_at",
    "completed_at",
)


def encounter_resource(visit: VisitRecord) -> Resource:
    """Return the Encounter of a visit, from the patient's arrival to the end."""
    period = {
        "start": _instant_of(visit.checked_in_at),
        "end": _instant_of(visit.completed_at),
    }
    doctor = {
        "reference": f"Practitioner/{visit.doctor_id}",
        "display": visit.doctor_name,
    }
    return without_empty(
        {
            "resourceType": NAME,
            "id": str(visit.id),
            "meta": meta(visit.version, visit.changed_at),
            "status": _STATUS[visit.status],
            "class": _AMBULATORY,
            "serviceType": {"text": visit.speciality} if visit.speciality else None,
            "subject": {"reference": f"Patient/{visit.patient_id}"},
            "participant": [{"individual": doctor}],
            "appointment": [{"reference": f"Appointment/{visit.booking_id}"}],
            "period": without_empty(period),
        }
    )


def _instant_of(timestamp: datetime | None) -> str | None:
    return None if timestamp is None else instant(timestamp)


def _read(session: Session, caller: Caller, id_: str) -> Resource:
    return encounter_resource(appointments.get(session, caller.actor, uuid_of(id_)))


ENCOUNTER: Final = ResourceType(
    name=NAME,
    documentation="Visits as they took place, by patient or by day.",
    read=_read,
    bulk=visits.visits_source(encounter_resource, _FIELDS_READ),
    search=visits.searching(encounter_resource, _read),
    parameters=visits.parameters_of(_STATUSES, systems.ENCOUNTER_STATUS),
)
