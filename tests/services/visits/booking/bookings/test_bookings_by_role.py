"""Bookings under each role's identity, as the database knows it.

Everything here goes through the app's login, which owns nothing: what a role may not
see or do, PostgreSQL refuses, whatever a service asks.
"""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from db.models.booking import Slot
from db.models.doctor import Doctor
from db.postgres import SYSTEM
from services.core.actors import Actor
from services.patients.care import break_glass, care
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.patients.records.refusals import NoSuchPatient
from services.visits.booking import bookings, waitlist
from services.visits.booking.bookings import BookingStatus
from services.visits.booking.bookings.errors import NoSuchBooking
from services.visits.booking.waitlist import WaitRequest, WaitStatus
from tests.kit import cast
from tests.services.patients.clinic_samples import REASON, TODAY, Clinic
from tests.services.visits.booking.bookings import samples
from tests.services.visits.booking.bookings.samples import hold, let_pass

_numbers = count()


@pytest.fixture(scope="module")
def grace(clinic: Clinic) -> Actor:
    """Grace herself, whom Dora treats."""
    return clinic.invite(clinic.grace)


@pytest.fixture
def people(clinic: Clinic, grace: Actor) -> dict[str, Actor]:
    return {"clerk": clinic.cleo, "clinician": clinic.dora, "patient": grace}


def offered(clinic: Clinic, **doctor) -> UUID:
    """Return a slot of a new doctor, at a time that no other slot has."""

    def offer(session):
        who = cast.add_doctor(session, **doctor)
        return samples.slot(session, who, next(_numbers))

    return clinic.database.write(offer, identity=SYSTEM).value


def offered_by(clinic: Clinic, clinician: Actor) -> UUID:
    """Return a slot of a new doctor, as whom the clinician signs in from now on."""
    nobody = update(Doctor).values(user_id=None)
    clinic.database.write(lambda s: s.execute(nobody) and None, identity=SYSTEM)
    return offered(clinic, user_id=clinician.id)


@pytest.mark.parametrize("who", ["clerk", "clinician", "patient"])
def test_whoever_books_goes_all_the_way(
    clinic: Clinic, people: dict[str, Actor], who: str
):
    actor, here, there = people[who], offered(clinic), offered(clinic)

    held = clinic.write(actor, lambda s: hold(s, actor, here, clinic.grace.id))
    clinic.write(actor, lambda s: bookings.renew(s, actor, held.id))
    clinic.write(actor, lambda s: bookings.confirm(s, actor, held.id, note="A cough"))
    moved = clinic.write(
        actor, lambda s: samples.move(s, actor, held.id, there, uuid4())
    )
    clinic.write(actor, lambda s: bookings.cancel(s, actor, moved.id))

    listed = clinic.read(
        actor, lambda s: bookings.list_of_patient(s, actor, clinic.grace.id)
    )
    mine = [booking for booking in listed if booking.id in {held.id, moved.id}]
    assert [booking.status for booking in mine] == [BookingStatus.CANCELLED] * 2
    assert [booking.note for booking in mine] == ["A cough"] * 2


@pytest.mark.parametrize("who", ["clerk", "clinician", "patient"])
def test_whoever_comes_after_two_minutes_takes_the_slot_over(
    clinic: Clinic, people: dict[str, Actor], who: str
):
    slot = offered(clinic)
    first = clinic.write(
        clinic.cleo, lambda s: hold(s, clinic.cleo, slot, clinic.ada.id)
    )
    clinic.database.write(lambda s: let_pass(s, first, 121), identity=SYSTEM)

    second = clinic.write(
        people[who], lambda s: hold(s, people[who], slot, clinic.grace.id)
    )
    clinic.write(people[who], lambda s: bookings.release(s, people[who], second.id))

    assert second.status is BookingStatus.PENDING


@pytest.mark.parametrize("who", ["clerk", "clinician", "patient"])
@pytest.mark.parametrize("way", ["release", "cancel", "move"])
def test_whoever_gives_a_time_back_has_it_offered_to_who_waits(
    clinic: Clinic, people: dict[str, Actor], who: str, way: str
):
    actor, cleo, slot = people[who], clinic.cleo, offered(clinic)
    held = clinic.write(actor, lambda s: hold(s, actor, slot, clinic.grace.id))
    if way != "release":
        clinic.write(actor, lambda s: bookings.confirm(s, actor, held.id))
    annie = register_annie(clinic)
    clinic.write(cleo, lambda s: waitlist.join(s, cleo, wish_of(s, annie.id, slot)))

    if way == "move":
        there = offered(clinic)
        clinic.write(actor, lambda s: samples.move(s, actor, held.id, there, uuid4()))
    else:
        give_back = getattr(bookings, way)
        clinic.write(actor, lambda s: give_back(s, actor, held.id))

    (place,) = clinic.read(cleo, lambda s: waitlist.list_of_patient(s, cleo, annie.id))
    assert place.status is WaitStatus.OFFERED
    offer = clinic.read(cleo, lambda s: bookings.get(s, cleo, place.booking_id))
    assert (offer.slot_id, offer.status) == (slot, BookingStatus.PENDING)


def register_annie(clinic: Clinic) -> PatientRecord:
    """Return a new patient, whom nobody treats."""
    cleo, annie = clinic.cleo, cast.ada(first_name="Annie", email=None)
    return clinic.write(cleo, lambda s: patients.register(s, cleo, annie, today=TODAY))


def wish_of(session: Session, patient_id: UUID, slot_id: UUID) -> WaitRequest:
    """Return a patient's wish for the doctor of a slot, around its time."""
    slot, day = session.get_one(Slot, slot_id), timedelta(days=1)
    return WaitRequest(
        patient_id, slot.starts_at - day, slot.ends_at + day, doctor_id=slot.doctor_id
    )


def test_patients_know_of_nobody_elses_booking(clinic: Clinic, grace: Actor):
    slot = offered(clinic)
    held = clinic.write(
        clinic.cleo, lambda s: hold(s, clinic.cleo, slot, clinic.ada.id)
    )

    with pytest.raises(NoSuchBooking):
        clinic.read(grace, lambda s: bookings.get(s, grace, held.id))
    with pytest.raises(NoSuchBooking):
        clinic.write(grace, lambda s: bookings.cancel(s, grace, held.id))


def test_clinicians_book_for_whom_they_treat(clinic: Clinic):
    slot, emil = offered(clinic), clinic.emil

    with pytest.raises(NoSuchPatient):
        clinic.write(emil, lambda s: hold(s, emil, slot, clinic.grace.id))


def test_a_doctor_sees_the_record_of_whoever_is_booked_with_them(clinic: Clinic):
    slot, emil, cleo = offered_by(clinic, clinic.emil), clinic.emil, clinic.cleo
    assert "Ada" not in clinic.names(emil)

    held = clinic.write(cleo, lambda s: hold(s, cleo, slot, clinic.ada.id))
    clinic.write(cleo, lambda s: bookings.confirm(s, cleo, held.id))

    assert "Ada" in clinic.names(emil)


def test_what_is_booked_in_an_emergency_opens_the_record_for_nobody(clinic: Clinic):
    """For no longer than the emergency, whichever doctor the visit is with."""
    cleo, dora, emil = clinic.cleo, clinic.dora, clinic.emil
    annie = register_annie(clinic)
    clinic.write(emil, lambda s: break_glass.open_record(s, emil, annie.id, REASON))

    for clinician in (dora, emil):
        slot = offered_by(clinic, clinician)
        held = clinic.write(emil, lambda s, slot=slot: hold(s, emil, slot, annie.id))
        clinic.write(emil, lambda s, held=held: bookings.confirm(s, emil, held.id))

    team = clinic.read(cleo, lambda s: care.list_team(s, cleo, annie.id))
    assert team == ()


def test_the_background_writes_down_what_ran_out(clinic: Clinic):
    slot, cleo = offered(clinic), clinic.cleo
    held = clinic.write(cleo, lambda s: hold(s, cleo, slot, clinic.ada.id))
    clinic.database.write(lambda s: let_pass(s, held, 121), identity=SYSTEM)

    assert clinic.database.write(bookings.expire_due, identity=SYSTEM).value == 1

    booking = clinic.read(cleo, lambda s: bookings.get(s, cleo, held.id))
    assert booking.status is BookingStatus.EXPIRED
    assert booking.ended_at is not None
    assert booking.ended_at < datetime.now(UTC) + timedelta(seconds=1)
