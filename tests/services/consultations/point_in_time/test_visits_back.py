"""Visits of an earlier time come back by the desk's rules, with a reason, or stay."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, update

from db.models.audit import AuditEvent
from db.models.booking import Appointment, BookingSlot, Slot, VisitNotification
from services.consultations import notes, point_in_time
from services.consultations.notes.errors import StaleNotes, VisitDidNotTakePlace
from services.consultations.point_in_time import (
    NotesCopy,
    NothingToRestore,
    RestoreAction,
    TimeNotFree,
    VisitChange,
    VisitCopy,
)
from services.core.errors import InvalidInput, NotAllowed
from services.visits.booking import bookings
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import (
    StaleVisit,
    StepNotPossible,
    VisitStatus,
)
from tests.kit import cast
from tests.services.consultations.notes import samples as written
from tests.services.visits import visit_samples
from tests.services.visits.booking.bookings import samples

REASON = "Cancelled the wrong Ada"


@pytest.fixture
def dora(session):
    return cast.add_doctor(session)


@pytest.fixture
def slot(session, dora) -> UUID:
    return samples.slot(session, dora)


@pytest.fixture
def booked(session, clerk, slot, patient):
    """A booking for next week, about a cough."""
    held = samples.hold(session, clerk, slot, patient.id, note="A cough")
    return bookings.confirm(session, clerk, held.id)


@pytest.fixture
def then(session, clerk, booked):
    """The booking's visit, as of the earlier time."""
    return appointments.get(session, clerk, booked.appointment_id)


def compare(session, actor, then):
    [compared] = point_in_time.compare_today(session, actor, [then])
    return compared


def copy_of(compared, reason=REASON):
    revision = compared.today.revision if compared.today else None
    return VisitCopy(compared.then, revision, written.NOON, reason, uuid4())


def book_again(session, actor, then, **changes):
    copy = replace(copy_of(compare(session, actor, then)), **changes)
    booked = point_in_time.book_again(session, actor, copy, now=datetime.now(UTC))
    return bookings.require_held(booked)


def set_back(session, actor, then, **changes):
    copy = replace(copy_of(compare(session, actor, then)), **changes)
    return point_in_time.set_status_back(session, actor, copy, now=datetime.now(UTC))


def brought(session) -> AuditEvent:
    return session.scalars(
        select(AuditEvent).where(AuditEvent.action == "past:copy-visit")
    ).one()


def letters(session) -> list[str]:
    kinds = select(VisitNotification.kind).order_by(VisitNotification.id)
    return list(session.scalars(kinds))


def test_a_cancelled_visit_to_come_is_booked_again_with_a_letter(
    session, clerk, then, booked
):
    bookings.cancel(session, clerk, booked.id)
    assert (
        compare(session, clerk, then).restore_action(datetime.now(UTC))
        is RestoreAction.BOOK
    )

    again = book_again(session, clerk, then)

    visit = appointments.get(session, clerk, again.appointment_id)
    assert visit.id != then.id
    assert (visit.starts_at, visit.doctor_id) == (then.starts_at, then.doctor_id)
    assert (visit.note, visit.status) == ("A cough", VisitStatus.SCHEDULED)
    assert letters(session)[-1] == "confirmed"
    event = brought(session)
    assert (event.reason, event.patient_id) == (REASON, then.patient_id)
    assert event.subject_id == str(visit.id)
    assert (event.details["was"], event.details["as_of"]) == (
        "cancelled",
        written.NOON.isoformat(),
    )


def test_one_that_was_booked_again_has_nothing_to_bring_back(
    session, clerk, then, booked
):
    bookings.cancel(session, clerk, booked.id)
    again = book_again(session, clerk, then)

    compared = compare(session, clerk, then)

    assert compared.change is VisitChange.REBOOKED
    assert compared.current.id == again.appointment_id
    with pytest.raises(NothingToRestore):
        book_again(session, clerk, then)


def test_a_visit_at_that_time_with_somebody_else_is_not_the_same(
    session, clerk, then, booked
):
    bookings.cancel(session, clerk, booked.id)
    elsewhere = samples.slot(session, cast.add_doctor(session))
    held = samples.hold(session, clerk, elsewhere, then.patient_id)
    bookings.confirm(session, clerk, held.id)

    assert compare(session, clerk, then).change is VisitChange.CANCELLED


def test_a_visit_that_is_gone_is_booked_again(session, clerk, then, slot):
    session.execute(delete(BookingSlot).where(BookingSlot.slot_id == slot))
    session.execute(delete(Appointment).where(Appointment.id == then.id))

    again = book_again(session, clerk, then)

    assert (again.slot_id, again.note) == (slot, "A cough")
    assert brought(session).details["was"] == "gone"


def test_one_whose_time_is_anothers_is_not_booked(session, clerk, then, booked, slot):
    bookings.cancel(session, clerk, booked.id)
    samples.hold(session, clerk, slot, cast.add_patient(session, cast.GRACE).id)

    with pytest.raises(TimeNotFree):
        book_again(session, clerk, then)


def test_a_moved_visit_is_moved_back_and_there_is_one(
    session, clerk, then, booked, dora
):
    for number in (1, 2):
        other = samples.slot(session, dora, number)
        booked = samples.move(session, clerk, booked.id, other, uuid4())
    compared = compare(session, clerk, then)
    assert compared.change is VisitChange.MOVED
    assert compared.moved_to.id == booked.appointment_id

    again = book_again(session, clerk, then)

    kept = select(Appointment.id, Appointment.starts_at).where(
        Appointment.status == "scheduled"
    )
    assert session.execute(kept).all() == [(again.appointment_id, then.starts_at)]
    assert letters(session)[-1] == "moved"
    assert brought(session).details["was"] == "moved"


def test_one_that_was_moved_and_cancelled_then_is_cancelled(
    session, clerk, then, booked, dora
):
    other = samples.slot(session, dora, 1)
    moved = samples.move(session, clerk, booked.id, other, uuid4())
    bookings.cancel(session, clerk, moved.id)

    assert compare(session, clerk, then).change is VisitChange.CANCELLED
    assert book_again(session, clerk, then).starts_at == then.starts_at


def test_a_visit_that_is_over_is_not_booked(session, clerk, then, booked):
    bookings.cancel(session, clerk, booked.id)
    over = replace(then, starts_at=datetime.now(UTC) - timedelta(minutes=1))

    assert compare(session, clerk, over).restore_action(datetime.now(UTC)) is None
    with pytest.raises(NothingToRestore):
        book_again(session, clerk, over)


STATES = [each for each in VisitStatus if each is not VisitStatus.CANCELLED]
CORRECTED = [
    pytest.param(current, wanted, id=f"{current} to {wanted}")
    for current in STATES
    for wanted in STATES
    if current is not wanted
]


@pytest.mark.parametrize(("current", "wanted"), CORRECTED)
def test_each_state_is_set_back_to_each(session, clerk, booked, current, wanted):
    samples.begin(session, booked)
    if current is not VisitStatus.SCHEDULED:
        session.execute(states(booked.appointment_id)[current])
    visit = appointments.get(session, clerk, booked.appointment_id)
    then = replace(visit, status=wanted)

    visit = set_back(session, clerk, then)

    assert visit.status is wanted
    assert appointments.get(session, clerk, then.id).status is wanted
    assert brought(session).details["was"] == "in another state"


def states(visit_id):
    """Return the functions that bring a visit's row into each state."""
    now = datetime.now(UTC)
    came = {"status": "checked-in", "checked_in_at": now - timedelta(minutes=3)}
    values = {
        VisitStatus.CHECKED_IN: came,
        VisitStatus.IN_ROOM: came | {"called_in_at": now},
        VisitStatus.COMPLETED: came | {"status": "completed", "completed_at": now},
        VisitStatus.NO_SHOW: {"status": "no-show"},
    }
    is_it = Appointment.id == visit_id
    return {
        status: update(Appointment)
        .where(is_it)
        .values(**given)
        .execution_options(synchronize_session=False)
        for status, given in values.items()
    }


def test_a_state_of_long_ago_stays(session, clerk, dora, patient):
    begun = datetime.now(UTC) - timedelta(days=2)
    given = session, dora.id, patient.id, begun
    visit_id = visit_samples.visit(*given, status="completed", completed_at=begun)
    then = replace(
        appointments.get(session, clerk, visit_id), status=VisitStatus.SCHEDULED
    )

    assert compare(session, clerk, then).restore_action(datetime.now(UTC)) is None
    with pytest.raises(NothingToRestore):
        set_back(session, clerk, then)


def test_what_says_that_the_patient_was_there_is_not_undone(
    session, clerk, clinician, then, booked
):
    samples.begin(session, booked)
    appointments.check_in(session, clerk, then.id)
    notes.save(session, clinician, then.id, {"complaint": "Cough"}, number=0)

    with pytest.raises(StepNotPossible, match="the patient was there"):
        set_back(session, clerk, then)


def test_whoever_was_faster_is_not_overwritten(session, clerk, then, booked):
    bookings.cancel(session, clerk, booked.id)

    with pytest.raises(StaleVisit):
        book_again(session, clerk, then, revision=then.revision)


def test_it_wants_a_reason(session, clerk, then, booked):
    bookings.cancel(session, clerk, booked.id)

    with pytest.raises(InvalidInput, match="of at least 10 characters"):
        book_again(session, clerk, then, reason="oops")


def bring_notes_back(session, actor, visit, notes_then, number, **changes):
    given = {"as_of": written.NOON, "reason": REASON} | changes
    copy = NotesCopy(visit.id, notes_then, number, **given)
    return point_in_time.bring_notes_back(session, actor, copy)


@pytest.fixture
def of_then(session, clinician, visit):
    """Notes of the earlier time, with a code that no list has today."""
    saved = written.save(session, clinician, visit, complaint="Headache", weight="70")
    coded = notes.Diagnosis("X9", "Ache", "urn:of:then")
    return replace(saved.latest.notes, diagnoses=(coded,))


def test_notes_come_back_word_for_word_as_a_marked_version(
    session, clinician, visit, of_then
):
    written.save(session, clinician, visit, 1, complaint="Overwritten")

    brought_back = bring_notes_back(session, clinician, visit, of_then, 2)

    assert brought_back.latest.notes == of_then
    versions = notes.list_versions(session, clinician, visit.id)
    assert [each.number for each in versions] == [3, 2, 1]
    assert [each.as_of for each in versions] == [written.NOON, None, None]
    assert versions[0].author_id == clinician.id
    event = brought(session)
    assert (event.reason, event.details["was"]) == (REASON, "written otherwise")


def test_notes_that_are_gone_come_back(session, clinician, patient, of_then):
    other = written.visit(session, patient.id, days_ago=1)

    assert bring_notes_back(session, clinician, other, of_then, 0).latest.number == 1


def test_notes_that_read_so_today_make_no_version(session, clinician, visit, of_then):
    bring_notes_back(session, clinician, visit, of_then, 1)

    with pytest.raises(NothingToRestore):
        bring_notes_back(session, clinician, visit, of_then, 2)

    assert len(notes.list_versions(session, clinician, visit.id)) == 2


def test_notes_of_whoever_was_faster_are_not_overwritten(
    session, clinician, visit, of_then
):
    written.save(session, clinician, visit, 1, complaint="Better")

    with pytest.raises(StaleNotes):
        bring_notes_back(session, clinician, visit, of_then, 1)


def test_a_visit_that_was_cancelled_gets_no_notes(session, clinician, visit, of_then):
    visit.status, visit.cancelled_at = "cancelled", written.NOON
    session.flush()

    with pytest.raises(VisitDidNotTakePlace):
        bring_notes_back(session, clinician, visit, of_then, 1)


def test_the_desk_brings_no_notes_back(session, clerk, visit, of_then):
    with pytest.raises(NotAllowed):
        bring_notes_back(session, clerk, visit, of_then, 1)


def test_a_slot_of_then_that_was_withdrawn_is_not_booked(
    session, clerk, then, booked, slot
):
    bookings.cancel(session, clerk, booked.id)
    session.execute(
        update(Slot).where(Slot.id == slot).values(withdrawn_at=datetime.now(UTC))
    )

    with pytest.raises(TimeNotFree):
        book_again(session, clerk, then)
