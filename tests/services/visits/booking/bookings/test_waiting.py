"""The waiting list: who is asked when a slot becomes free."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from db.models.booking import Booking, VisitNotification, WaitlistEntry
from db.models.patient import Patient
from db.models.user import UserNotification
from services.core.errors import InvalidInput, NotFound
from services.patients.records.refusals import NoSuchPatient, PatientArchived
from services.visits.booking import bookings, waitlist
from services.visits.booking.bookings import BookingStatus
from services.visits.booking.waitlist import WaitRequest, WaitStatus, reading
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.visits.booking.bookings import samples
from tests.services.visits.booking.bookings.samples import FIRST, hold, let_pass


def waiting_for(patient, doctor=None, **values) -> WaitRequest:
    wish = WaitRequest(
        patient.id,
        FIRST - timedelta(days=1),
        FIRST + timedelta(days=1),
        doctor_id=doctor.id if doctor else None,
    )
    return replace(wish, **values)


def offer_to(session, patient):
    """Return the hold that the waiting list made for the patient, if any."""
    rows = select(Booking.id).where(
        Booking.patient_id == patient.id, Booking.waitlist_id.is_not(None)
    )
    return session.scalar(rows)


def state(session, clerk, patient) -> WaitStatus:
    (place,) = waitlist.list_of_patient(session, clerk, patient.id)
    return place.status


def test_who_is_offered_a_slot_and_signs_in_finds_it_in_their_notifications(
    desk, dora, slot, patient, other
):
    session, clerk = desk
    hers, _ = (cast.add_patient_actor(session, who) for who in (other, patient))
    held = hold(session, clerk, slot, patient.id)
    waitlist.join(session, clerk, waiting_for(other, dora))

    bookings.cancel(session, clerk, held.id)

    (notification,) = session.scalars(select(UserNotification))
    assert (notification.user_id, notification.topic) == (hers.id, "offer")
    assert notification.subject_id == offer_to(session, other)
    assert notification.mail_at is None


def test_a_slot_that_frees_up_is_held_for_the_first_in_line(
    desk, dora, slot, patient, other
):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    waitlist.join(session, clerk, waiting_for(other, dora))

    bookings.cancel(session, clerk, held.id)

    offered = bookings.get(session, clerk, offer_to(session, other))
    assert (offered.slot_id, offered.status) == (slot, BookingStatus.PENDING)
    assert 120 < offered.seconds_left <= 900
    notification = session.scalars(select(VisitNotification)).one()
    assert (notification.kind, notification.patient_id) == ("offer", other.id)
    assert state(session, clerk, other) is WaitStatus.OFFERED


def test_a_speciality_that_is_spelt_otherwise_is_waited_for_as_well(
    desk, slot, patient, other
):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    waitlist.join(session, clerk, waiting_for(other, speciality="CARDIOLOGY"))

    bookings.cancel(session, clerk, held.id)

    assert state(session, clerk, other) is WaitStatus.OFFERED


def test_whoever_books_what_they_are_offered_waits_no_longer(
    desk, dora, slot, patient, other
):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    waitlist.join(session, clerk, waiting_for(other, dora))
    bookings.cancel(session, clerk, held.id)

    bookings.confirm(session, clerk, offer_to(session, other))

    assert state(session, clerk, other) is WaitStatus.BOOKED


def test_an_offer_is_renewed_by_two_minutes(desk, dora, slot, patient, other):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    waitlist.join(session, clerk, waiting_for(other, dora))
    bookings.cancel(session, clerk, held.id)
    offered = bookings.get(session, clerk, offer_to(session, other))

    renewed = bookings.renew(session, clerk, offered.id)

    assert renewed.expires_at - offered.expires_at == timedelta(minutes=2)


def booked(session, actor, slot, patient, **values):
    held = hold(session, actor, slot, patient.id, **values)
    return bookings.confirm(session, actor, held.id)


@pytest.mark.parametrize("speciality", [None, "CARDIOLOGY"])
def test_who_is_booked_what_they_wait_for_waits_no_longer(
    desk, dora, slot, patient, speciality
):
    session, clerk = desk
    doctor = None if speciality else dora
    wish = waiting_for(patient, doctor, speciality=speciality)
    place = waitlist.join(session, clerk, wish)

    visit = booked(session, clerk, slot, patient)

    assert visit.ended_waits == (place.id,)
    assert state(session, clerk, patient) is WaitStatus.BOOKED
    (event,) = events_of(session, "waitlist:leave")
    assert (event.subject_id, event.details) == (
        str(place.id),
        {"booking": str(visit.id)},
    )


@pytest.mark.parametrize(
    "values",
    [
        {"from_at": FIRST + timedelta(minutes=1)},
        {"until_at": FIRST + timedelta(minutes=19)},
        {"doctor_id": None, "speciality": "Dermatology"},
    ],
    ids=["too early", "too late", "another speciality"],
)
def test_who_is_booked_something_else_goes_on_waiting(
    desk, dora, slot, patient, values
):
    session, clerk = desk
    cast.add_doctor(session, speciality="Dermatology")
    waitlist.join(session, clerk, replace(waiting_for(patient, dora), **values))

    assert booked(session, clerk, slot, patient).ended_waits == ()

    assert state(session, clerk, patient) is WaitStatus.WAITING


def test_a_booking_ends_nobody_elses_wait(desk, dora, slot, patient, other):
    session, clerk = desk
    waitlist.join(session, clerk, waiting_for(other, dora))

    booked(session, clerk, slot, patient)

    assert state(session, clerk, other) is WaitStatus.WAITING


def test_a_visit_moved_to_what_its_patient_waits_for_ends_the_wait(
    desk, dora, slot, patient
):
    session, clerk = desk
    late = samples.slot(session, dora, starts_at=FIRST + timedelta(days=9))
    visit = booked(session, clerk, late, patient)
    waitlist.join(session, clerk, waiting_for(patient, dora))

    booked(session, clerk, slot, patient, replaces_id=visit.id)

    assert state(session, clerk, patient) is WaitStatus.BOOKED


@pytest.fixture
def pair(patient, other):
    return patient, other


@pytest.mark.parametrize("how", ["moved", "cancelled"])
def test_nobody_is_offered_the_time_that_they_have_just_given_back(
    desk, dora, slot, pair, how
):
    (session, clerk), (patient, other) = desk, pair
    visit = bookings.confirm(session, clerk, hold(session, clerk, slot, patient.id).id)
    for person in (patient, other):
        waitlist.join(session, clerk, waiting_for(person, dora))

    if how == "moved":
        there = samples.slot(session, dora, 5)
        samples.move(session, clerk, visit.id, there, uuid4())
    else:
        bookings.cancel(session, clerk, visit.id)

    assert offer_to(session, patient) is None
    assert state(session, clerk, patient) is WaitStatus.WAITING
    assert state(session, clerk, other) is WaitStatus.OFFERED


def test_who_waits_after_giving_a_time_back_may_get_it(desk, dora, slot, patient):
    session, clerk = desk
    visit = bookings.confirm(session, clerk, hold(session, clerk, slot, patient.id).id)
    bookings.cancel(session, clerk, visit.id)
    waitlist.join(session, clerk, waiting_for(patient, dora))
    # A transaction has one time, and this is later.
    session.execute(update(WaitlistEntry).values(created_at=func.clock_timestamp()))

    assert bookings.offer(session, slot)


@pytest.mark.parametrize("how", ["declined", "ran out"])
def test_then_it_is_the_next_ones_turn(desk, dora, slot, patient, how):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    people = [cast.add_patient(session) for _ in range(2)]
    for person in people:
        waitlist.join(session, clerk, waiting_for(person, dora))
    bookings.confirm(session, clerk, held.id)
    bookings.cancel(session, clerk, held.id)
    first = bookings.get(session, clerk, offer_to(session, people[0]))

    if how == "declined":
        bookings.cancel(session, clerk, first.id)
    else:
        let_pass(session, first, 901)
        bookings.expire_due(session)

    assert offer_to(session, people[1])
    assert state(session, clerk, people[0]) is WaitStatus.PASSED


def test_a_time_that_made_room_for_another_is_offered_as_well(
    desk, dora, slot, patient, other
):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    waitlist.join(session, clerk, waiting_for(other, dora))
    let_pass(session, held, 121)
    # Before anybody has tidied up, the hold that ran out is gone.
    hold(session, clerk, samples.slot(session, dora, 1), patient.id)

    bookings.expire_due(session)

    offered = bookings.get(session, clerk, offer_to(session, other))
    assert (offered.slot_id, offered.status) == (slot, BookingStatus.PENDING)


def test_an_offer_that_ran_out_is_for_whoever_asks(desk, dora, slot, patient, other):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    waitlist.join(session, clerk, waiting_for(other, dora))
    bookings.cancel(session, clerk, held.id)
    offered = bookings.get(session, clerk, offer_to(session, other))
    let_pass(session, offered, 901)

    assert hold(session, clerk, slot, patient.id)

    bookings.expire_due(session)
    assert state(session, clerk, other) is WaitStatus.PASSED


def test_any_of_a_speciality_will_do(desk, slot, patient, other):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    waitlist.join(session, clerk, waiting_for(other, None, speciality="Cardiology"))

    bookings.cancel(session, clerk, held.id)

    assert offer_to(session, other)


@pytest.mark.parametrize(
    "values",
    [
        {"from_at": FIRST + timedelta(minutes=1)},
        {"until_at": FIRST + timedelta(minutes=19)},
        {"doctor_id": None, "speciality": "Dermatology"},
    ],
    ids=["too early", "too late", "another speciality"],
)
def test_nobody_is_asked_for_what_they_do_not_want(desk, dora, slot, patient, values):
    session, clerk = desk
    cast.add_doctor(session, speciality="Dermatology")
    held = hold(session, clerk, slot, patient.id)
    person = cast.add_patient(session)
    waitlist.join(session, clerk, replace(waiting_for(person, dora), **values))

    bookings.cancel(session, clerk, held.id)

    assert offer_to(session, person) is None


def test_who_is_elsewhere_then_keeps_waiting(desk, dora, slot, patient, other):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    waitlist.join(session, clerk, waiting_for(other, dora))
    elsewhere = samples.slot(session, cast.add_doctor(session))
    hold(session, clerk, elsewhere, other.id)

    bookings.cancel(session, clerk, held.id)

    assert offer_to(session, other) is None
    assert state(session, clerk, other) is WaitStatus.WAITING


def test_what_begins_soon_is_offered_to_nobody(session, clerk, dora, patient, other):
    soon = datetime.now(UTC) + timedelta(minutes=20)
    held = hold(session, clerk, samples.slot(session, dora, starts_at=soon), patient.id)
    waitlist.join(session, clerk, waiting_for(other, dora, from_at=datetime.now(UTC)))

    bookings.cancel(session, clerk, held.id)

    assert offer_to(session, other) is None


def test_what_a_moved_visit_leaves_is_offered(desk, dora, slot, patient, other):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    bookings.confirm(session, clerk, held.id)
    waitlist.join(session, clerk, waiting_for(other, dora))
    there = samples.slot(session, dora, 5)

    moving = hold(session, clerk, there, patient.id, replaces_id=held.id)
    bookings.confirm(session, clerk, moving.id)

    assert offer_to(session, other)


def test_patients_wait_for_themselves(session, herself, dora, other):
    with pytest.raises(NoSuchPatient):
        waitlist.join(session, herself, waiting_for(other, dora))


def test_nobody_waits_under_a_record_that_is_archived_or_never_was(
    session, clerk, dora, patient
):
    unknown = replace(waiting_for(patient, dora), patient_id=uuid4())
    with pytest.raises(NoSuchPatient):
        waitlist.join(session, clerk, unknown)
    session.execute(update(Patient).values(deleted_at=func.now()))

    with pytest.raises(PatientArchived):
        waitlist.join(session, clerk, waiting_for(patient, dora))


def test_a_patient_whose_record_is_archived_learns_who_restores_it(
    session, herself, dora, patient
):
    session.execute(update(Patient).values(deleted_at=func.now()))

    with pytest.raises(PatientArchived, match="ask the front desk"):
        waitlist.join(session, herself, waiting_for(patient, dora))


def test_nobody_waits_twice_for_the_same(session, herself, dora, patient):
    waitlist.join(session, herself, waiting_for(patient, dora))

    with pytest.raises(waitlist.WaitsAlready):
        waitlist.join(session, herself, waiting_for(patient, dora))


def test_a_speciality_that_is_spelt_otherwise_is_not_waited_for_twice(
    session, herself, dora, patient
):
    waitlist.join(session, herself, waiting_for(patient, speciality="Cardiology"))

    with pytest.raises(waitlist.WaitsAlready):
        waitlist.join(session, herself, waiting_for(patient, speciality="cardiology"))


def test_a_patient_waits_for_five_things_at_most(session, herself, patient):
    for _ in range(5):
        doctor = cast.add_doctor(session)
        waitlist.join(session, herself, waiting_for(patient, doctor))

    with pytest.raises(waitlist.TooManyPlaces):
        waitlist.join(session, herself, waiting_for(patient, cast.add_doctor(session)))


def test_who_leaves_is_not_asked(desk, dora, slot, patient, other):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    place = waitlist.join(session, clerk, waiting_for(other, dora))
    waitlist.leave(session, clerk, place.id)

    bookings.cancel(session, clerk, held.id)

    assert offer_to(session, other) is None
    with pytest.raises(waitlist.NotWaiting, match="has already ended"):
        waitlist.leave(session, clerk, place.id)


def test_nobody_leaves_while_they_are_asked(desk, dora, slot, patient, other):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    place = waitlist.join(session, clerk, waiting_for(other, dora))
    bookings.cancel(session, clerk, held.id)

    with pytest.raises(waitlist.NotWaiting, match="confirm or release it"):
        waitlist.leave(session, clerk, place.id)


def test_nobody_leaves_anothers_place(session, herself, clerk, dora, other):
    place = waitlist.join(session, clerk, waiting_for(other, dora))

    with pytest.raises(waitlist.NoSuchEntry):
        waitlist.leave(session, herself, place.id)


@pytest.mark.parametrize(
    "values",
    [
        {"doctor_id": None},
        {"speciality": "Cardiology"},
        {"until_at": FIRST - timedelta(days=2)},
        {"from_at": FIRST - timedelta(days=90), "until_at": FIRST - timedelta(days=80)},
    ],
    ids=["nothing", "two things", "backwards", "over"],
)
def test_what_is_waited_for_makes_sense(session, clerk, dora, patient, values):
    with pytest.raises(InvalidInput):
        waitlist.join(session, clerk, replace(waiting_for(patient, dora), **values))


def test_nobody_waits_for_who_is_not_there(session, clerk, dora, patient):
    dora.is_active = False
    session.flush()

    with pytest.raises(NotFound):
        waitlist.join(session, clerk, waiting_for(patient, dora))


def test_joining_leaving_and_asking_are_recorded(desk, dora, slot, patient, other):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    place = waitlist.join(session, clerk, waiting_for(other, dora))
    bookings.cancel(session, clerk, held.id)

    joined, offered = (
        events_of(session, "waitlist:join"),
        events_of(session, "waitlist:offer"),
    )
    assert [event.subject_id for event in joined] == [str(place.id)]
    assert [event.patient_id for event in offered] == [other.id]


def names(listed: waitlist.WaitingList) -> list[str]:
    return [each.patient_name for each in listed.waiting]


def test_the_desk_sees_who_waits_the_longest_first_and_how_to_reach_them(
    desk, dora, slot, patient, other
):
    session, clerk = desk
    waitlist.join(session, clerk, waiting_for(other, dora))
    waitlist.join(session, clerk, waiting_for(patient, speciality="Cardiology"))
    earlier = update(WaitlistEntry).where(WaitlistEntry.patient_id == patient.id)
    session.execute(earlier.values(created_at=func.now() - timedelta(days=1)))

    listed = waitlist.list_everybody(session, clerk)

    first, second = listed.waiting
    assert (first.patient_id, first.speciality, first.doctor_name) == (
        patient.id,
        "Cardiology",
        None,
    )
    assert (second.patient_id, second.doctor_id, second.doctor_name) == (
        other.id,
        dora.id,
        dora.name,
    )
    assert second.phone == other.phone_number
    assert second.listed_name == f"{other.last_name}, {other.first_name}"
    assert second.date_of_birth == other.date_of_birth
    assert (second.held_until, listed.count) == (None, 2)


def test_a_time_that_is_held_shows_until_when(desk, dora, slot, patient, other):
    session, clerk = desk
    held = hold(session, clerk, slot, patient.id)
    waitlist.join(session, clerk, waiting_for(other, dora))
    bookings.cancel(session, clerk, held.id)

    [offered] = waitlist.list_everybody(session, clerk).waiting
    until = bookings.get(session, clerk, offer_to(session, other)).expires_at
    bookings.confirm(session, clerk, offer_to(session, other))

    assert offered.held_until == until
    assert waitlist.list_everybody(session, clerk).waiting == ()


@pytest.mark.parametrize(
    "change",
    [
        update(Patient).values(deleted_at=func.now()),
        update(Patient).values(deceased_on=func.current_date()),
        update(WaitlistEntry).values(
            from_at=func.now() - timedelta(days=2),
            until_at=func.now() - timedelta(days=1),
        ),
        update(WaitlistEntry).values(status="left", ended_at=func.now()),
        update(WaitlistEntry).values(status="offered", offered_at=func.now()),
    ],
    ids=["archived", "dead", "the days are over", "left", "offer ran out"],
)
def test_who_can_be_offered_nothing_is_not_listed(desk, dora, other, change):
    session, clerk = desk
    waitlist.join(session, clerk, waiting_for(other, dora))
    assert names(waitlist.list_everybody(session, clerk)) == ["Grace Hopper"]

    session.execute(change.execution_options(synchronize_session=False))

    assert waitlist.list_everybody(session, clerk) == waitlist.WaitingList((), 0)


def test_of_a_long_list_those_are_shown_who_have_waited_longest(
    desk, dora, patient, other, monkeypatch
):
    session, clerk = desk
    monkeypatch.setattr(reading, "MOST_LISTED", 1)
    for person in (other, patient):
        waitlist.join(session, clerk, waiting_for(person, dora))
    earlier = update(WaitlistEntry).where(WaitlistEntry.patient_id == other.id)
    session.execute(earlier.values(created_at=func.now() - timedelta(days=1)))

    listed = waitlist.list_everybody(session, clerk)

    assert ([each.patient_id for each in listed.waiting], listed.count) == (
        [other.id],
        2,
    )


def test_a_look_at_the_list_is_recorded_with_those_who_are_new_on_it(
    desk, dora, patient, other
):
    session, clerk = desk
    waitlist.join(session, clerk, waiting_for(other, dora))
    first = waitlist.list_everybody(session, clerk)
    shown = {each.patient_id for each in first.waiting}
    waitlist.list_everybody(session, clerk, shown_before=shown)
    waitlist.join(session, clerk, waiting_for(patient, dora))

    waitlist.list_everybody(session, clerk, shown_before=shown)

    looks = [event.details["patients"] for event in events_of(session, "waitlist:read")]
    assert looks == [[str(other.id)], [str(patient.id)]]
