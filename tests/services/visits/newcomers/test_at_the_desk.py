"""Newcomers at the desk: listed, and made patients when they come."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from db.models.booking import Booking, BookingSlot, Newcomer
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.patients.records.refusals import NoSuchPatient
from services.visits import newcomers
from services.visits.booking import bookings, waitlist
from services.visits.booking.bookings.errors import PatientBusy
from services.visits.booking.waitlist import WaitRequest, WaitStatus
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitStatus
from services.visits.newcomers import NewcomerStatus
from services.visits.newcomers.errors import NewcomerOver
from services.visits.schedule.plans.visits import list_visits_of_slots
from tests.kit import cast
from tests.services.visits.booking.bookings import samples
from tests.services.visits.newcomers import newcomer_samples as kit


@pytest.fixture
def dora(session):
    return cast.add_doctor(session)


@pytest.fixture
def booked(session, dora):
    return kit.book(session, samples.slot(session, dora))


def _list(session, actor, booked):
    return newcomers.list_between(session, actor, booked.starts_at, booked.ends_at)


def test_the_desk_sees_who_comes_and_is_not_registered(session, clerk, dora, booked):
    kit.hold(session, samples.slot(session, dora, 1))

    listed = newcomers.list_between(
        session, clerk, booked.starts_at, booked.starts_at + timedelta(days=1)
    )

    assert listed == (booked,)
    assert (listed[0].name, listed[0].email) == (kit.NAME, kit.EMAIL)


def test_registered_it_is_the_patients_visit_like_any_other(
    session, clerk, booked, patient
):
    booking_id = newcomers.register(session, clerk, booked.id, patient.id)

    booking = bookings.get(session, clerk, booking_id)
    assert booking.status is bookings.BookingStatus.CONFIRMED
    assert samples.holders(session, booked.slot_id) == [booking_id]
    assert kit.taken_by(session, booked.slot_id) is None
    visit = appointments.get(session, clerk, booking.appointment_id)
    assert (visit.patient_id, visit.status) == (patient.id, VisitStatus.SCHEDULED)
    assert visit.starts_at == booked.starts_at
    assert _list(session, clerk, booked) == ()


def test_a_patient_who_waits_for_such_a_visit_waits_no_longer(
    session, clerk, booked, patient
):
    days = booked.starts_at, booked.ends_at
    wish = WaitRequest(patient.id, *days, doctor_id=booked.doctor_id)
    waitlist.join(session, clerk, wish)

    newcomers.register(session, clerk, booked.id, patient.id)

    (place,) = waitlist.list_of_patient(session, clerk, patient.id)
    assert place.status is WaitStatus.BOOKED


def test_once_registered_the_name_is_in_the_record_only(
    session, clerk, booked, patient
):
    newcomers.register(session, clerk, booked.id, patient.id)

    left = session.execute(select(Newcomer.name, Newcomer.email)).one()
    assert tuple(left) == ("", "")


def test_registered_twice_it_is_one_visit(session, clerk, booked, patient):
    first = newcomers.register(session, clerk, booked.id, patient.id)

    assert newcomers.register(session, clerk, booked.id, patient.id) == first
    assert samples.count(session, Booking) == 1


def test_it_is_not_made_another_patients_afterwards(session, clerk, booked, patient):
    newcomers.register(session, clerk, booked.id, patient.id)

    with pytest.raises(NewcomerOver):
        newcomers.register(session, clerk, booked.id, cast.add_patient(session).id)


@pytest.mark.parametrize("override_reason", [None, "Her son takes one"])
def test_a_patient_is_in_one_place_at_a_time(
    session, clerk, booked, patient, override_reason
):
    other = samples.slot(session, cast.add_doctor(session))
    samples.hold(session, clerk, other, patient.id, override_reason=override_reason)

    with pytest.raises(PatientBusy), session.begin_nested():
        newcomers.register(session, clerk, booked.id, patient.id)

    assert kit.taken_by(session, booked.slot_id) == booked.id


def test_nobody_is_made_a_patient_who_is_not_in_the_register(session, clerk, booked):
    with pytest.raises(NoSuchPatient), session.begin_nested():
        newcomers.register(session, clerk, booked.id, booked.id)


def test_a_cancelled_visit_is_nobodys(session, clerk, booked, patient):
    called_off = newcomers.cancel_for_clinic(session, clerk, booked.id)

    assert called_off.status is NewcomerStatus.CANCELLED
    assert kit.taken_by(session, booked.slot_id) is None
    with pytest.raises(NewcomerOver):
        newcomers.register(session, clerk, booked.id, patient.id)


def test_who_changes_a_plan_sees_newcomers_among_the_visits_to_move(
    session, clerk, booked
):
    visits = list_visits_of_slots(session, clerk, [booked.slot_id])

    (visit,) = visits
    # The page adds that they are not registered yet.
    assert (visit.patient_name, visit.listed_name) == (kit.NAME, kit.NAME)
    assert (visit.booking_id, visit.patient_id) == (None, None)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN, Role.PATIENT])
def test_names_are_for_the_desk_only(session, booked, role):
    with pytest.raises(NotAllowed):
        _list(session, cast.act_as_somebody(role), booked)


def test_a_slot_is_somebodys(session, booked, patient):
    halves = update(BookingSlot).where(BookingSlot.newcomer_id == booked.id)

    with pytest.raises(Exception, match="booking_slots_somebodys"):
        session.execute(halves.values(patient_id=patient.id, ends_at=func.now()))
