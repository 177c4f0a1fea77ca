"""Holding: who has a slot, and for how long."""

import pytest

from services import bookings
from services.bookings import BookingStatus
from tests.services.bookings.samples import (
    hold,
    holders,
    wanting,
)


def test_a_hold_lasts_two_minutes(session, clerk, slot, patient):
    booking = hold(session, clerk, slot, patient.id)

    assert booking.status is BookingStatus.PENDING
    assert booking.seconds_left == 120
    assert (booking.expires_at - booking.created_at).total_seconds() == 120


def test_of_two_who_want_a_slot_the_second_is_told(
    session, clerk, slot, patient, other
):
    first = hold(session, clerk, slot, patient.id)

    lost = bookings.hold(session, clerk, wanting(slot, other.id))

    assert lost.status is BookingStatus.FAILED
    with pytest.raises(bookings.SlotTaken, match="Slot already booked") as refused:
        bookings.require_held(lost)
    assert refused.value.free_at == first.expires_at
    assert holders(session, slot) == [first.id]
