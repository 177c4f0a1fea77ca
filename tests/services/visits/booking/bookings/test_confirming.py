"""Confirming and renewing: what becomes of a hold in its two minutes."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from db.models.booking import Appointment, Booking, BookingSlot, VisitNotification
from db.models.care import CareRelationship
from db.models.consultation import MedicalRecord
from db.models.doctor import Doctor
from db.models.patient import Patient
from services.core.actors import Role
from services.core.errors import InvalidInput
from services.patients.records.refusals import PatientArchived, PatientDeceased
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingStatus
from services.visits.booking.bookings.errors import (
    AlreadyConfirmed,
    AlreadyRenewed,
    BookingOver,
    HoldExpired,
    SlotTaken,
)
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitStatus
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.visits.booking.bookings import samples
from tests.services.visits.booking.bookings.samples import (
    count,
    hold,
    holders,
    let_pass,
)


def test_a_confirmed_hold_is_a_visit(session, clerk, slot, patient):
    held = hold(session, clerk, slot, patient.id)

    confirmed = bookings.confirm(session, clerk, held.id, note=" A cough ")

    visit = session.scalars(select(Appointment)).one()
    assert confirmed.status is BookingStatus.CONFIRMED
    assert confirmed.appointment_id == visit.id
    assert confirmed.note == "A cough"
    assert (visit.patient_id, visit.status) == (patient.id, "scheduled")
    assert (visit.starts_at, visit.ends_at) == (held.starts_at, held.ends_at)


def test_a_visit_that_is_moved_is_about_what_it_was_unless_somebody_says_otherwise(
    session, clerk, dora, patient
):
    slots = [samples.slot(session, dora, place) for place in range(3)]
    first = hold(session, clerk, slots[0], patient.id, note="A cough")
    bookings.confirm(session, clerk, first.id)

    second = hold(session, clerk, slots[1], patient.id, replaces_id=first.id)
    kept = bookings.confirm(session, clerk, second.id)
    third = hold(session, clerk, slots[2], patient.id, replaces_id=second.id)
    said = bookings.confirm(session, clerk, third.id, note="A fever")

    assert (kept.note, said.note) == ("A cough", "A fever")


def test_what_is_prepared_for_a_visit_is_prepared_for_the_one_that_replaces_it(
    session, clerk, slot, patient
):
    first = bookings.confirm(session, clerk, hold(session, clerk, slot, patient.id).id)
    samples.write_notes(session, first)
    there = samples.slot(session, cast.add_doctor(session, name="Dr. Emil"), 1)

    second = samples.move(session, clerk, first.id, there, uuid4())

    notes = session.scalars(
        select(MedicalRecord).execution_options(populate_existing=True)
    ).one()
    assert notes.appointment_id == second.appointment_id
    assert (notes.patient_id, notes.doctor_id) == (patient.id, second.doctor_id)
    assert notes.updated_at > notes.created_at


def test_what_was_written_once_a_visit_had_begun_stays_with_it(
    session, clerk, dora, slot, patient
):
    first = bookings.confirm(session, clerk, hold(session, clerk, slot, patient.id).id)
    samples.begin(session, first)
    samples.write_notes(session, first)

    moving = hold(
        session,
        clerk,
        samples.slot(session, dora, 5),
        patient.id,
        replaces_id=first.id,
        override_reason="Went home before her turn",
    )
    bookings.confirm(session, clerk, moving.id)

    notes = session.scalars(
        select(MedicalRecord).execution_options(populate_existing=True)
    ).one()
    assert notes.appointment_id == first.appointment_id


def test_the_ticket_of_a_visit_leads_to_the_time_that_it_was_moved_to(
    session, clerk, dora, slot, patient
):
    first = bookings.confirm(session, clerk, hold(session, clerk, slot, patient.id).id)
    ticket = appointments.look_up(session, clerk, first.appointment_id).code
    second, third = (samples.slot(session, dora, place) for place in (3, 5))
    moved = samples.move(session, clerk, first.id, second, uuid4())
    last = samples.move(session, clerk, moved.id, third, uuid4())

    visit = appointments.find_by_code(session, clerk, ticket)

    assert visit.id == last.appointment_id
    bookings.cancel(session, clerk, last.id)
    visit = appointments.find_by_code(session, clerk, ticket)
    assert (visit.id, visit.status) == (first.appointment_id, VisitStatus.CANCELLED)


def test_a_visit_does_not_run_out(session, clerk, slot, patient, other):
    held = hold(session, clerk, slot, patient.id)
    bookings.confirm(session, clerk, held.id)
    let_pass(session, held, 121)

    with pytest.raises(SlotTaken):
        hold(session, clerk, slot, other.id)


def test_confirming_twice_makes_one_visit(session, clerk, slot, patient):
    held = hold(session, clerk, slot, patient.id)
    first = bookings.confirm(session, clerk, held.id)

    again = bookings.confirm(session, clerk, held.id, note="Something else")

    assert again == first
    assert count(session, Appointment) == 1
    assert count(session, VisitNotification) == 1
    assert len(events_of(session, "booking:confirm")) == 1


@pytest.mark.parametrize(("age", "is_too_late"), [(115, False), (120.1, True)])
def test_a_hold_is_confirmed_in_two_minutes_or_not(
    desk, slot, patient, age, is_too_late
):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    let_pass(session, held, age)

    if not is_too_late:
        confirmed = bookings.confirm(session, clerk, held.id)
        assert confirmed.status is BookingStatus.CONFIRMED
        return
    with pytest.raises(HoldExpired):
        bookings.confirm(session, clerk, held.id)
    assert count(session, Appointment) == 0


def test_what_was_taken_over_cannot_be_confirmed(session, clerk, slot, patient, other):
    first = hold(session, clerk, slot, patient.id)
    let_pass(session, first, 121)
    second = hold(session, clerk, slot, other.id)

    with pytest.raises(HoldExpired):
        bookings.confirm(session, clerk, first.id)
    assert holders(session, slot) == [second.id]


def test_what_was_lost_or_cancelled_cannot_be_confirmed(
    session, clerk, slot, patient, other
):
    held = hold(session, clerk, slot, patient.id)
    lost = bookings.hold(session, clerk, samples.wanting(slot, other.id))
    bookings.cancel(session, clerk, held.id)

    with pytest.raises(SlotTaken):
        bookings.confirm(session, clerk, lost.id)
    with pytest.raises(BookingOver):
        bookings.confirm(session, clerk, held.id)


def test_a_note_fits_when_it_is_confirmed(session, clerk, slot, patient):
    held = hold(session, clerk, slot, patient.id)

    with pytest.raises(InvalidInput):
        bookings.confirm(session, clerk, held.id, note="x" * 501)


def test_a_patient_archived_meanwhile_gets_no_visit(session, clerk, slot, patient):
    held = hold(session, clerk, slot, patient.id)
    session.execute(
        update(Patient).where(Patient.id == patient.id).values(deleted_at=func.now())
    )

    with pytest.raises(PatientArchived):
        bookings.confirm(session, clerk, held.id)


def test_a_patient_who_died_meanwhile_gets_no_visit(session, clerk, slot, patient):
    held = hold(session, clerk, slot, patient.id)
    session.execute(
        update(Patient).where(Patient.id == patient.id).values(deceased_on=func.now())
    )

    with pytest.raises(PatientDeceased, match="no visit can be booked"):
        bookings.confirm(session, clerk, held.id)


def test_the_doctor_treats_whom_they_will_see(session, clerk, dora, slot, patient):
    clinician = cast.add_account(session, Role.CLINICIAN)
    session.execute(
        update(Doctor).where(Doctor.id == dora.id).values(user_id=clinician.id)
    )
    for number in (0, 1):
        chosen = slot if number == 0 else samples.slot(session, dora, 1)
        bookings.confirm(session, clerk, hold(session, clerk, chosen, patient.id).id)

    care = session.scalars(
        select(CareRelationship.patient_id).where(
            CareRelationship.clinician_id == clinician.id
        )
    ).all()
    assert care == [patient.id]


def test_a_renewed_hold_lasts_two_minutes_from_then(session, clerk, slot, patient):
    held = hold(session, clerk, slot, patient.id)
    let_pass(session, held, 60)

    renewed = bookings.renew(session, clerk, held.id)

    assert 60 < renewed.seconds_left <= 120
    assert renewed.renewals == 1
    assert _kept_until(session, held.id) == renewed.expires_at


def test_a_hold_is_renewed_once(session, clerk, slot, patient):
    held = hold(session, clerk, slot, patient.id)
    bookings.renew(session, clerk, held.id)

    with pytest.raises(AlreadyRenewed):
        bookings.renew(session, clerk, held.id)


@pytest.mark.parametrize(("age", "is_too_late"), [(115, False), (120.1, True)])
def test_a_hold_is_renewed_before_it_runs_out(desk, slot, patient, age, is_too_late):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    let_pass(session, held, age)

    if not is_too_late:
        assert bookings.renew(session, clerk, held.id).renewals == 1
        return
    with pytest.raises(HoldExpired):
        bookings.renew(session, clerk, held.id)


def test_a_visit_is_not_renewed(session, clerk, slot, patient):
    held = hold(session, clerk, slot, patient.id)
    bookings.confirm(session, clerk, held.id)

    with pytest.raises(AlreadyConfirmed):
        bookings.renew(session, clerk, held.id)


def _kept_until(session, booking_id: UUID):
    rows = select(BookingSlot.expires_at, Booking.expires_at).join(
        Booking, Booking.id == BookingSlot.booking_id
    )
    slot, booking = session.execute(rows.where(Booking.id == booking_id)).one()
    assert slot == booking
    return slot
