"""People who are not patients yet: they hold, confirm, move and cancel."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from db.models.booking import BookingSlot, Newcomer, Slot, VisitNotification
from services.core.actors import PUBLIC
from services.core.errors import InvalidInput
from services.visits import newcomers
from services.visits.booking import bookings, waitlist
from services.visits.booking.bookings.errors import TooLateToCancel
from services.visits.booking.waitlist import WaitRequest
from services.visits.front_desk import notifications
from services.visits.newcomers import (
    NewcomerStatus,
    holding,
)
from services.visits.newcomers.confirming import MOST_VISITS
from services.visits.newcomers.errors import (
    HoldOver,
    NewcomerOver,
    NotOffered,
    RequestKeyReused,
    SlotGone,
    TooManyPending,
    TooManyVisits,
    WrongCode,
)
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.visits.booking.bookings import samples
from tests.services.visits.newcomers import newcomer_samples as kit


@pytest.fixture
def dora(session):
    return cast.add_doctor(session)


@pytest.fixture
def slot(session, dora):
    return samples.slot(session, dora)


@pytest.fixture
def booked(session, slot):
    return kit.book(session, slot)


def test_a_hold_waits_ten_minutes_for_its_code(session, slot):
    held = kit.hold(session, slot)

    assert held.status is NewcomerStatus.PENDING
    lasts = (held.expires_at - held.created_at).total_seconds()
    assert lasts == pytest.approx(600, abs=1)


def test_a_patient_does_not_get_what_a_newcomer_holds(session, clerk, slot, patient):
    kit.hold(session, slot)

    lost = bookings.hold(session, clerk, samples.wanting(slot, patient.id))

    assert lost.status is bookings.BookingStatus.FAILED


def test_a_newcomer_does_not_get_what_a_patient_holds(session, clerk, slot, patient):
    samples.hold(session, clerk, slot, patient.id)

    with pytest.raises(SlotGone, match="Slot already booked"):
        kit.hold(session, slot)


def test_a_patient_takes_over_what_a_newcomer_let_run_out(
    session, clerk, slot, patient
):
    held = kit.hold(session, slot)
    kit.let_pass(session, held.id)

    taken = samples.hold(session, clerk, slot, patient.id)

    assert samples.holders(session, slot) == [taken.id]
    assert kit.status_of(session, held.id) == "expired"
    with pytest.raises(HoldOver):
        kit.confirm(session, held.id)


def test_a_newcomer_takes_over_what_a_patient_let_run_out(
    session, clerk, slot, patient
):
    before = samples.hold(session, clerk, slot, patient.id)
    samples.let_pass(session, before, 121)

    held = kit.hold(session, slot)

    assert kit.taken_by(session, slot) == held.id
    assert bookings.get(session, clerk, before.id).status == "expired"


def test_the_code_makes_a_visit_and_writes_where_to_change_it(session, slot):
    held = kit.hold(session, slot)

    confirmed = kit.confirm(session, held.id)

    assert confirmed.status is NewcomerStatus.CONFIRMED
    (letter,) = session.scalars(select(VisitNotification)).all()
    assert (letter.kind, letter.to_address) == ("confirmed", kit.EMAIL)
    assert f"<visit {held.id}>" in letter.body
    assert kit.NAME not in letter.body


def test_the_same_code_again_changes_nothing(session, booked):
    again = newcomers.confirm(session, booked.id, kit.CODE, key=kit.KEY)

    assert (again.is_new, again.newcomer) == (False, booked)


def test_a_code_is_good_for_its_own_booking_only(session, dora, slot):
    held = kit.hold(session, slot)
    other, _ = newcomers.hold(
        session, kit.wanting(samples.slot(session, dora, 1)), "654321", key=kit.KEY
    )

    with pytest.raises(WrongCode):
        kit.confirm(session, other.id)

    assert kit.confirm(session, held.id).status is NewcomerStatus.CONFIRMED


def test_after_five_wrong_codes_the_slot_is_free(session, slot):
    held = kit.hold(session, slot)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(WrongCode) as refusal:
            kit.confirm(session, held.id, "000000")
        assert refusal.value.tries_left == left

    with pytest.raises(HoldOver):
        kit.confirm(session, held.id)

    assert kit.taken_by(session, slot) is None
    assert kit.hold(session, slot).status is NewcomerStatus.PENDING


def test_a_code_is_not_tried_for_ever_on_what_is_booked_either(session, booked):
    for _ in range(5):
        newcomers.confirm(session, booked.id, "000000", key=kit.KEY)

    with pytest.raises(WrongCode):
        kit.confirm(session, booked.id)

    assert kit.status_of(session, booked.id) == "confirmed"


def test_a_code_that_comes_too_late_is_refused(session, slot):
    held = kit.hold(session, slot)
    kit.let_pass(session, held.id)

    with pytest.raises(HoldOver):
        kit.confirm(session, held.id)


def test_the_same_request_again_is_the_same_booking_and_sends_no_code(session, slot):
    wish = kit.wanting(slot)
    first, is_new = newcomers.hold(session, wish, kit.CODE, key=kit.KEY)

    again, is_again_new = newcomers.hold(session, wish, "999999", key=kit.KEY)

    assert (is_new, is_again_new, again) == (True, False, first)
    assert kit.confirm(session, first.id).status is NewcomerStatus.CONFIRMED


def test_another_wish_under_the_same_key_is_refused(session, slot):
    wish = kit.wanting(slot)
    newcomers.hold(session, wish, kit.CODE, key=kit.KEY)

    with pytest.raises(RequestKeyReused):
        newcomers.hold(
            session, replace(wish, name="Somebody Else"), kit.CODE, key=kit.KEY
        )


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "  "}, "patient_name"),
        ({"name": "x" * 101}, "patient_name"),
        ({"name": "\u202e\u200b"}, "patient_name"),
        ({"email": "nora"}, "patient_email"),
    ],
    ids=["no name", "long name", "invisible name", "no address"],
)
def test_what_is_typed_wrong_names_its_field(session, slot, values, field):
    with pytest.raises(InvalidInput) as refusal:
        kit.hold(session, slot, **values)

    assert refusal.value.property_name == field


def test_what_begins_within_the_hour_is_not_offered(session, dora):
    soon = session.scalars(select(func.now() + timedelta(minutes=55))).one()
    slot = samples.slot(session, dora, starts_at=soon)

    with pytest.raises(NotOffered):
        kit.hold(session, slot)

    assert newcomers.list_free(session, PUBLIC, dora.id, limit=9) == ()


def test_free_times_are_those_that_nobody_has(session, dora, slot):
    free = samples.slot(session, dora, 1)
    kit.hold(session, slot)

    listed = newcomers.list_free(session, PUBLIC, dora.id, limit=9)

    assert [free_slot.id for free_slot in listed] == [free]


def test_a_flood_keeps_a_bounded_number_of_slots(session, dora, slot, monkeypatch):
    monkeypatch.setattr(holding, "MOST_PENDING", 1)
    held = kit.hold(session, slot)
    other = samples.slot(session, dora, 1)

    with pytest.raises(TooManyPending):
        kit.hold(session, other)

    kit.confirm(session, held.id)
    assert kit.hold(session, other).status is NewcomerStatus.PENDING


def test_an_address_has_three_visits_ahead_at_most(session, dora):
    for number in range(MOST_VISITS):
        kit.book(session, samples.slot(session, dora, number))
    held = kit.hold(session, samples.slot(session, dora, 9), email=kit.EMAIL.upper())

    with pytest.raises(TooManyVisits):
        kit.confirm(session, held.id)


def test_a_moved_visit_frees_the_old_time_and_has_the_new_one(session, dora, booked):
    later = samples.slot(session, dora, 3)

    moved = newcomers.move(session, booked.id, later, notice_hours=24)

    assert (moved.slot_id, moved.revision) == (later, booked.revision + 1)
    assert kit.taken_by(session, booked.slot_id) is None
    assert kit.taken_by(session, later) == booked.id
    status = select(BookingSlot.status).where(BookingSlot.slot_id == later)
    assert session.scalar(status) == "booked"


def test_who_has_moved_reads_no_more_of_the_time_before(session, dora, booked):
    earlier = func.now() - timedelta(minutes=5)
    session.execute(update(VisitNotification).values(created_at=earlier))
    elsewhere = samples.slot(session, dora, 3)
    newcomers.move(session, booked.id, elsewhere, notice_hours=24)

    notifications.give_up_stale(session)

    rows = select(VisitNotification.kind, VisitNotification.given_up_at.is_(None))
    assert dict(map(tuple, session.execute(rows))) == {
        "confirmed": False,
        "moved": True,
    }


def test_a_time_that_somebody_has_is_not_moved_to(
    session, clerk, dora, booked, patient
):
    later = samples.slot(session, dora, 3)
    samples.hold(session, clerk, later, patient.id)

    with pytest.raises(SlotGone), session.begin_nested():
        newcomers.move(session, booked.id, later, notice_hours=24)

    assert kit.taken_by(session, booked.slot_id) == booked.id


def test_a_cancelled_visit_is_free_for_others(session, booked):
    cancelled = newcomers.cancel(session, booked.id, notice_hours=24)

    assert cancelled.status is NewcomerStatus.CANCELLED
    assert newcomers.cancel(session, booked.id, notice_hours=24) == cancelled
    assert kit.taken_by(session, booked.slot_id) is None
    with pytest.raises(NewcomerOver):
        newcomers.move(session, booked.id, booked.slot_id, notice_hours=24)


def test_who_waits_is_offered_what_a_newcomer_gives_back(
    session, clerk, dora, booked, patient
):
    around = (samples.FIRST - timedelta(days=1), samples.FIRST + timedelta(days=1))
    wish = WaitRequest(patient.id, *around, doctor_id=dora.id)
    waitlist.join(session, clerk, wish)

    newcomers.cancel(session, booked.id, notice_hours=24)

    (holder,) = samples.holders(session, booked.slot_id)
    assert bookings.get(session, clerk, holder).patient_id == patient.id


def test_too_late_to_change_is_told(session, booked):
    with pytest.raises(TooLateToCancel):
        newcomers.cancel(session, booked.id, notice_hours=24 * 30)


def test_a_hold_that_is_released_is_free_at_once(session, slot):
    held = kit.hold(session, slot)

    newcomers.release(session, held.id)

    assert kit.taken_by(session, slot) is None


def test_a_visit_is_not_released(session, booked):
    newcomers.release(session, booked.id)

    assert kit.status_of(session, booked.id) == "confirmed"


def test_what_ran_out_is_tidied_away_and_told_once(session, slot):
    held = kit.hold(session, slot)
    kit.let_pass(session, held.id)

    assert (newcomers.expire_due(session), newcomers.expire_due(session)) == (1, 0)
    assert kit.taken_by(session, slot) is None
    assert kit.status_of(session, held.id) == "expired"


def test_patients_holds_are_tidied_by_their_own(session, clerk, slot, patient):
    held = samples.hold(session, clerk, slot, patient.id)
    samples.let_pass(session, held, 121)

    assert newcomers.expire_due(session) == 0
    assert bookings.expire_due(session) == 1


def test_a_name_without_a_visit_is_deleted_after_a_day(session, slot):
    held = kit.hold(session, slot)
    newcomers.release(session, held.id)
    assert newcomers.forget(session) == 0

    session.execute(update(Newcomer).values(ended_at=func.now() - timedelta(hours=25)))

    assert newcomers.forget(session) == 1
    assert kit.status_of(session, held.id) is None


@pytest.mark.parametrize(("days", "deleted"), [(29, 0), (31, 1)])
def test_who_did_not_come_is_deleted_after_thirty_days(session, booked, days, deleted):
    kit.let_visit_pass(session, booked.id, days=days)

    assert newcomers.forget(session) == deleted

    assert samples.count(session, Newcomer) == 1 - deleted
    assert samples.count(session, VisitNotification) == 1 - deleted
    assert samples.count(session, Slot, Slot.id == booked.slot_id) == 1


def test_no_event_tells_name_or_address(session, booked):
    newcomers.cancel(session, booked.id, notice_hours=24)

    events = [str(vars(event)) for event in events_of(session)]

    assert events
    assert not [line for line in events if "Nora" in line or "nora" in line]
