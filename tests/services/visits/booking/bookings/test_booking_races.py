"""Many at once, with real transactions: the database decides, and once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Event
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from db.models.booking import Appointment, Booking, BookingSlot
from db.models.patient import Patient
from db.postgres import SYSTEM, Database
from services.core.errors import Conflict, ServiceError
from services.patients.records.refusals import PatientArchived
from services.visits.booking import bookings, waitlist
from services.visits.booking.bookings import BookingStatus
from services.visits.booking.bookings.errors import (
    AlreadyRenewed,
    AttemptKeyReused,
    HoldExpired,
    PatientBusy,
)
from services.visits.booking.waitlist import EntryIdTaken, WaitRequest
from services.visits.newcomers import holding as holding_of_newcomers
from services.visits.newcomers.errors import TooManyPending, TooManyVisits
from tests.kit import cast
from tests.kit.waiting import await_blocked
from tests.services.patients.duplicates.merge_samples import merge, register_pair
from tests.services.visits.booking.bookings import samples
from tests.services.visits.booking.bookings.samples import (
    FIRST,
    count,
    let_pass,
    wanting,
)
from tests.services.visits.newcomers import newcomer_samples

CLERK = cast.act_as(cast.CLEO)


@pytest.fixture
def database(endpoints):
    with closing(Database(endpoints, pool_size=20)) as database:
        yield database


def write(database, operation):
    return database.write(operation, identity=SYSTEM).value


def settle(database, people: int, slots: int = 1):
    """Return slots of one doctor, and patients."""

    def make(session):
        doctor = cast.add_doctor(session)
        return (
            [samples.slot(session, doctor, number) for number in range(slots)],
            [cast.add_patient(session).id for _ in range(people)],
        )

    return write(database, make)


def at_once(database, *actions, identity=CLERK.database_identity):
    """Run all actions as the clerk or another, begun together; return the results."""
    ready = Barrier(len(actions))

    def run(action):
        ready.wait(timeout=30)
        try:
            return database.write(action, identity=identity).value
        except ServiceError as refusal:
            return refusal

    with ThreadPoolExecutor(len(actions)) as threads:
        return list(threads.map(run, actions))


def holding(slot_id, patient_id, **values):
    request = wanting(slot_id, patient_id, **values)
    return lambda session: bookings.hold(session, CLERK, request)


def held(outcomes):
    return [
        outcome
        for outcome in outcomes
        if not isinstance(outcome, ServiceError)
        and outcome.status is BookingStatus.PENDING
    ]


@pytest.mark.parametrize("was_held", [False, True], ids=["free", "run out"])
def test_of_forty_who_want_a_slot_one_gets_it(database, was_held):
    (slot,), people = settle(database, 41)
    if was_held:
        first = write(database, holding(slot, people[-1]))
        write(database, lambda session: let_pass(session, first, 121))

    outcomes = at_once(database, *[holding(slot, patient) for patient in people[:40]])

    assert len(held(outcomes)) == 1
    statuses = sorted(booking.status for booking in outcomes)
    assert statuses == ["failed"] * 39 + ["pending"]


def test_one_attempt_sent_many_times_at_once_is_one_booking(database):
    (slot,), (patient,) = settle(database, 1)

    outcomes = at_once(database, *[holding(slot, patient, attempt=uuid4())] * 8)

    assert len({booking.id for booking in outcomes}) == 1
    assert {booking.status for booking in outcomes} == {BookingStatus.PENDING}


def test_one_attempt_for_two_patients_at_once_is_one_booking_and_one_refusal(database):
    (slot,), (ann, ben) = settle(database, 2)
    attempt = uuid4()

    outcomes = at_once(
        database,
        holding(slot, ann, attempt=attempt),
        holding(slot, ben, attempt=attempt),
    )

    assert len(held(outcomes)) == 1
    assert sum(isinstance(outcome, AttemptKeyReused) for outcome in outcomes) == 1


def test_in_two_windows_one_patient_has_one_slot(database):
    (slot,), (patient,) = settle(database, 1)

    outcomes = at_once(database, *[holding(slot, patient) for _ in range(8)])

    assert sorted(booking.status for booking in outcomes) == ["failed"] * 7 + [
        "pending"
    ]


def test_a_patient_is_not_held_in_two_places_at_once(database):
    (first,), (patient,) = settle(database, 1)
    (second,), _ = settle(database, 0)

    outcomes = at_once(database, holding(first, patient), holding(second, patient))

    assert len(held(outcomes)) == 1
    assert sum(isinstance(outcome, PatientBusy) for outcome in outcomes) == 1


# The time left when both begin, in milliseconds: none, some, plenty.
@pytest.mark.parametrize("left", [0, 5, 10, 20, 40, 60_000])
def test_who_confirms_in_the_last_moment_or_takes_over_is_decided_by_the_end(
    database, left
):
    (slot,), (first, second) = settle(database, 2)
    holder = write(database, holding(slot, first))
    write(database, lambda s: let_pass(s, holder, 120 - left / 1000))
    ends_at = write(database, lambda s: s.get_one(Booking, holder.id).expires_at)

    confirmed, other = at_once(
        database,
        lambda s: bookings.confirm(s, CLERK, holder.id),
        holding(slot, second),
    )

    is_kept = not isinstance(confirmed, ServiceError)
    came_late = other.created_at >= ends_at
    # A slot that was not confirmed in time goes to the one who came after the end, and
    # to nobody else: one who came before it has lost, whatever happens to the hold.
    is_taken = came_late and not is_kept
    assert is_kept or isinstance(confirmed, HoldExpired)
    assert (other.status is BookingStatus.PENDING) == is_taken
    rows = write(database, lambda s: s.get_one(BookingSlot, slot))
    assert rows.booking_id == (other.id if is_taken else holder.id)
    assert rows.status == ("booked" if is_kept else "held")
    if left == 0:
        assert is_taken
    if left == 60_000:
        assert is_kept


def test_a_hold_that_runs_out_while_it_is_confirmed_is_not_confirmed(database):
    (slot,), (patient,) = settle(database, 1)
    holder = write(database, holding(slot, patient))
    write(database, lambda s: let_pass(s, holder, 119))
    is_waiting = Event()

    def keep_waiting(session):
        # Like a merge, for which the confirmation waits until the hold has run out.
        session.execute(
            select(Patient.id).where(Patient.id == patient).with_for_update()
        )
        is_waiting.set()
        session.execute(text("SELECT pg_sleep(1.2)"))

    def confirm(session):
        is_waiting.wait(timeout=30)
        return bookings.confirm(session, CLERK, holder.id)

    _, confirmed = at_once(database, keep_waiting, confirm)

    assert isinstance(confirmed, HoldExpired)


def test_a_hold_confirmed_many_times_at_once_is_one_visit(database):
    (slot,), (patient,) = settle(database, 1)
    holder = write(database, holding(slot, patient))

    outcomes = at_once(
        database, *[lambda s: bookings.confirm(s, CLERK, holder.id) for _ in range(6)]
    )

    assert {booking.status for booking in outcomes} == {BookingStatus.CONFIRMED}
    assert write(database, lambda session: count(session, Appointment)) == 1


def test_two_extend_a_hold_once(database):
    (slot,), (patient,) = settle(database, 1)
    holder = write(database, holding(slot, patient))

    outcomes = at_once(
        database, *[lambda s: bookings.renew(s, CLERK, holder.id) for _ in range(4)]
    )

    assert sum(isinstance(outcome, AlreadyRenewed) for outcome in outcomes) == 3


def test_two_who_change_places_do_not_wait_for_each_other(database):
    (first, second), people = settle(database, 2, slots=2)
    visits = []
    for slot, patient in zip((first, second), people, strict=True):
        holder = write(database, holding(slot, patient))
        visits.append(
            write(database, lambda s, b=holder: bookings.confirm(s, CLERK, b.id))
        )

    outcomes = at_once(
        database,
        lambda s: samples.move(s, CLERK, visits[0].id, second, uuid4()),
        lambda s: samples.move(s, CLERK, visits[1].id, first, uuid4()),
    )

    assert [booking.status for booking in outcomes] == [BookingStatus.FAILED] * 2
    booked = (BookingSlot.status == "booked",)
    assert write(database, lambda session: count(session, BookingSlot, *booked)) == 2


def test_a_move_confirmed_many_times_at_once_is_one_move(database):
    slots, (patient,) = settle(database, 1, slots=2)
    holder = write(database, holding(slots[0], patient))
    visit = write(database, lambda s: bookings.confirm(s, CLERK, holder.id))
    moving = write(database, holding(slots[1], patient, replaces_id=visit.id))

    outcomes = at_once(
        database, *[lambda s: bookings.confirm(s, CLERK, moving.id) for _ in range(6)]
    )

    assert [outcome.id for outcome in outcomes] == [moving.id] * 6
    assert {outcome.status for outcome in outcomes} == {BookingStatus.CONFIRMED}


def test_two_who_move_the_same_visit_at_once_do_not_make_two_of_it(database):
    slots, (patient,) = settle(database, 1, slots=3)
    holder = write(database, holding(slots[0], patient))
    visit = write(database, lambda s: bookings.confirm(s, CLERK, holder.id))

    outcomes = at_once(
        database,
        *[
            lambda s, there=there: samples.move(s, CLERK, visit.id, there, uuid4())
            for there in slots[1:]
        ],
    )

    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
    booked = (BookingSlot.status == "booked",)
    assert write(database, lambda session: count(session, BookingSlot, *booked)) == 1


def test_tidying_and_taking_over_at_once_is_one_hold(database):
    slots, people = settle(database, 8, slots=4)
    for slot, patient in zip(slots, people[:4], strict=True):
        holder = write(database, holding(slot, patient))
        write(database, lambda session, b=holder: let_pass(session, b, 121))

    outcomes = at_once(
        database,
        *[
            holding(slot, patient)
            for slot, patient in zip(slots, people[4:], strict=True)
        ],
        lambda session: bookings.current_holds(session, CLERK),
    )
    write(database, bookings.expire_due)

    assert len(held(outcomes[:4])) == 4
    expired = (Booking.status == "expired",)
    assert write(database, lambda session: count(session, Booking, *expired)) == 4


def test_whoever_joins_the_waiting_list_during_a_merge_learns_of_it(database):
    """A place of the merged record would never be offered anything."""
    today = date(2026, 3, 14)
    pair = write(database, lambda s: register_pair(s, CLERK, today))
    doctor = write(database, lambda s: cast.add_doctor(s).id)
    wish = WaitRequest(
        pair[1].id,
        FIRST - timedelta(days=1),
        FIRST + timedelta(days=1),
        doctor_id=doctor,
    )

    with ThreadPoolExecutor(1) as threads:
        with database.writing(identity=CLERK.database_identity) as merging:
            merge(merging, CLERK, pair, today)
            joining = threads.submit(
                at_once, database, lambda s: waitlist.join(s, CLERK, wish)
            )
            await_blocked(merging, joining)

        assert isinstance(joining.result()[0], PatientArchived)


def test_one_key_sent_at_once_for_two_patients_makes_one_place(database):
    _, patients = settle(database, 2)
    doctor = write(database, lambda s: cast.add_doctor(s).id)
    wish = WaitRequest(
        patients[0],
        FIRST - timedelta(days=1),
        FIRST + timedelta(days=1),
        doctor_id=doctor,
        entry_id=uuid4(),
    )
    other = replace(wish, patient_id=patients[1])

    outcomes = at_once(
        database,
        *[lambda s, w=each: waitlist.join(s, CLERK, w) for each in (wish, other, wish)],
    )

    places = [each for each in outcomes if not isinstance(each, Exception)]
    refused = [each for each in outcomes if isinstance(each, EntryIdTaken)]
    assert len({place.id for place in places}) == 1
    assert len(places) + len(refused) == len(outcomes)
    assert refused


def test_a_flood_of_newcomers_at_once_keeps_a_bounded_number_of_slots(
    database, monkeypatch
):
    monkeypatch.setattr(holding_of_newcomers, "MOST_PENDING", 2)
    slots, _ = settle(database, 0, slots=8)

    outcomes = at_once(
        database,
        *[lambda s, i=slot: newcomer_samples.hold(s, i) for slot in slots],
        identity=SYSTEM,
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, TooManyPending)]
    assert len(refused) == 6


def test_an_address_has_three_visits_ahead_at_most_also_if_confirmed_at_once(database):
    slots, _ = settle(database, 0, slots=6)
    held = [write(database, lambda s, i=i: newcomer_samples.hold(s, i)) for i in slots]

    outcomes = at_once(
        database,
        *[lambda s, n=n: newcomer_samples.confirm(s, n.id) for n in held],
        identity=SYSTEM,
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, TooManyVisits)]
    assert len(refused) == 3
