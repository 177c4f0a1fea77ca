"""Appointment: bookings, from the proposed time to the completed visit."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.fhir import systems
from api.fhir.definitions import (
    Resource,
    ResourceType,
    instant,
    meta,
    uuid_of,
    without_empty,
)
from api.fhir.resources import visits
from services.core.actors import Actor
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingRecord, BookingStatus
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from services.visits.schedule.slots.records import SlotRecord

NAME: Final = "Appointment"
# A patient who waits has arrived; once called in, the encounter may begin.
_STATUS: Final = {
    VisitStatus.SCHEDULED: "booked",
    VisitStatus.CHECKED_IN: "arrived",
    VisitStatus.IN_ROOM: "checked-in",
    VisitStatus.COMPLETED: "fulfilled",
    VisitStatus.CANCELLED: "cancelled",
    VisitStatus.NO_SHOW: "noshow",
}
_OF_BOOKINGS: Final = {
    BookingStatus.PENDING: "pending",
    BookingStatus.CONFIRMED: "booked",
    BookingStatus.EXPIRED: "cancelled",
    BookingStatus.FAILED: "cancelled",
    BookingStatus.CANCELLED: "cancelled",
}


# http://hl7.org/fhir/R4/valueset-appointmentstatus.html
_STATUSES: Final = (
    "proposed",
    visits.PENDING,
    "booked",
    "arrived",
    "fulfilled",
    "cancelled",
    "noshow",
    "entered-in-error",
    "checked-in",
    "waitlist",
)
_FIELDS_READ: Final = (
    "booking_id",
    "version",
    "changed_at",
    "patient_id",
    "doctor_id",
    "doctor_name",
    "speciality",
    "starts_at",
    "ends_at",
)


def appointment_resource(visit: VisitRecord) -> Resource:
    """Return the Appointment of a visit: its time, patient and doctor."""
    doctor = f"Practitioner/{visit.doctor_id}"
    return without_empty(
        {
            "resourceType": NAME,
            "id": str(visit.booking_id),
            "meta": meta(visit.version, visit.changed_at),
            "status": _STATUS[visit.status],
            "specialty": [{"text": visit.speciality}] if visit.speciality else None,
            "start": instant(visit.starts_at),
            "end": instant(visit.ends_at),
            "participant": [
                _participant(f"Patient/{visit.patient_id}", "accepted"),
                _participant(doctor, "accepted", visit.doctor_name),
            ],
        }
    )


def booking_resource(booking: BookingRecord) -> Resource:
    """Return the Appointment of a booking that is not a visit: held, or over.

    The extension of a held one has the time when the hold ends by itself.
    """
    return without_empty(
        {
            "resourceType": NAME,
            "id": str(booking.id),
            "meta": meta(None, booking.changed_at),
            "extension": _hold_of(booking),
            "status": _OF_BOOKINGS[booking.status],
            "specialty": [{"text": booking.speciality}] if booking.speciality else None,
            "start": instant(booking.starts_at),
            "end": instant(booking.ends_at),
            "slot": [{"reference": f"Slot/{booking.slot_id}"}],
            "created": instant(booking.created_at),
            "participant": [
                _participant(f"Patient/{booking.patient_id}", "tentative"),
                _participant(
                    f"Practitioner/{booking.doctor_id}",
                    "accepted",
                    booking.doctor_name,
                ),
            ],
        }
    )


def _hold_of(booking: BookingRecord) -> list[Resource]:
    if booking.status is not BookingStatus.PENDING or booking.expires_at is None:
        return []
    return [{"url": systems.HOLD_ENDS, "valueInstant": instant(booking.expires_at)}]


def proposed_resource(slot: SlotRecord) -> Resource:
    """Return a bookable time: an Appointment with the id of the free slot."""
    return {
        "resourceType": NAME,
        "id": str(slot.id),
        "status": "proposed",
        "start": instant(slot.starts_at),
        "end": instant(slot.ends_at),
        "slot": [{"reference": f"Slot/{slot.id}"}],
        "participant": [_participant(f"Practitioner/{slot.doctor_id}", "needs-action")],
    }


def read(session: Session, caller: Caller, id_: str) -> Resource:
    """Return the Appointment of a booking; raises NoSuchBooking, NotAllowed."""
    actor = caller.actor
    booking = bookings.get(session, actor, uuid_of(id_))
    if booking.appointment_id is None:
        return booking_resource(booking)
    return appointment_resource(
        appointments.get(session, actor, booking.appointment_id)
    )


def _list_pending(
    session: Session, actor: Actor, patient_id: UUID
) -> Sequence[Resource]:
    held = bookings.list_of_patient(session, actor, patient_id, are_held=True)
    return list(map(booking_resource, held))


def _participant(reference: str, status: str, display: str = "") -> Resource:
    actor = without_empty({"reference": reference, "display": display})
    return {"actor": actor, "status": status}


APPOINTMENT: Final = ResourceType(
    name=NAME,
    documentation="Booked visits, by patient or by day, and holds, by patient "
    "(status=pending) or by id.",
    read=read,
    bulk=visits.visits_source(appointment_resource, _FIELDS_READ),
    search=visits.searching(appointment_resource, read, _list_pending),
    parameters=visits.parameters_of(_STATUSES, systems.APPOINTMENT_STATUS),
)
