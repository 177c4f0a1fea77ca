"""A slot's number and time of changes are the same before and after a clean-up."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from db.models.booking import Booking
from db.models.doctor import Doctor
from services.core.actors import Actor
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingStatus, tidying
from services.visits.booking.bookings.errors import SlotTaken
from services.visits.schedule import slots
from services.visits.schedule.slots.records import SlotRecord
from tests.kit import cast
from tests.services.visits.booking.bookings.samples import hold, let_pass, slot

Read = Callable[[], tuple[str, int, datetime]]


@pytest.fixture
def slot_id(session) -> UUID:
    return slot(session, cast.add_doctor(session))


@pytest.fixture
def patient_id(session) -> UUID:
    patient_id: UUID = cast.add_patient(session).id
    return patient_id


@pytest.fixture
def read(session, clerk: Actor, slot_id) -> Read:
    """Reads the data of the slot that is shown to others."""

    def look() -> tuple[str, int, datetime]:
        slot: SlotRecord = slots.get_slot(session, clerk, slot_id)
        assert slot.changed_at is not None
        return slot.state, slot.version, slot.changed_at

    return look


def test_a_hold_that_ran_out_has_freed_the_slot_then_and_tidying_changes_nothing(
    session, clerk, slot_id, patient_id, read
):
    held = hold(session, clerk, slot_id, patient_id)
    let_pass(session, held, 130)

    before = read()
    tidying.expire_due(session)

    assert before[:2] == ("free", 3)
    assert before[2] == bookings.get(session, clerk, held.id).ended_at
    assert read() == before


def test_a_hold_that_ran_out_has_changed_then_itself(
    session, clerk, slot_id, patient_id
):
    held = hold(session, clerk, slot_id, patient_id)
    before = timedelta(minutes=5)
    for row, name in ((Booking, "created_at"), (Doctor, "updated_at")):
        session.execute(update(row).values({name: getattr(row, name) - before}))
    let_pass(session, held, 130)

    over = bookings.get(session, clerk, held.id)

    assert over.status is BookingStatus.EXPIRED
    assert over.changed_at == over.ended_at == over.expires_at


def test_who_takes_over_a_hold_that_ran_out_makes_two_versions_of_the_slot(
    session, clerk, slot_id, patient_id, read
):
    let_pass(session, hold(session, clerk, slot_id, patient_id), 130)
    freed = read()

    hold(session, clerk, slot_id, cast.add_patient(session, cast.GRACE).id)

    state, version, changed_at = read()
    assert (state, version) == ("held", freed[1] + 1)
    assert changed_at > freed[2]


def test_a_hold_that_lasts_longer_is_the_same_slot(
    session, clerk, slot_id, patient_id, read
):
    held = hold(session, clerk, slot_id, patient_id)
    before = read()

    bookings.renew(session, clerk, held.id)

    assert read() == before


def test_who_loses_a_slot_changes_nothing_of_it(
    session, clerk, slot_id, patient_id, read
):
    hold(session, clerk, slot_id, patient_id)
    before = read()

    with pytest.raises(SlotTaken):
        hold(session, clerk, slot_id, cast.add_patient(session, cast.GRACE).id)

    assert read() == before
