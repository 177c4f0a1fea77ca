"""Actions on bookings and the waiting list."""

from datetime import timedelta
from uuid import UUID

from services.core.audit import Action
from services.visits.booking import bookings, proving, waitlist
from services.visits.booking.bookings import BookingRecord, freeing
from services.visits.booking.waitlist import WaitRecord, WaitRequest
from tests.kit import cast
from tests.services.core.audit_actions.world import ActionCall, World, prepares
from tests.services.visits.booking.bookings import samples


def _slot(w: World, number: int = 0) -> UUID:
    slot_id: UUID = samples.slot(w.session, cast.add_doctor(w.session), number)
    return slot_id


def _held(w: World) -> BookingRecord:
    held: BookingRecord = samples.hold(w.session, w.clerk, _slot(w), w.patient.id)
    return held


def _booked(w: World) -> BookingRecord:
    return bookings.confirm(w.session, w.clerk, _held(w).id)


def _waiting(w: World, doctor_id: UUID) -> WaitRecord:
    wish = WaitRequest(
        cast.add_patient(w.session).id,
        samples.FIRST - timedelta(days=1),
        samples.FIRST + timedelta(days=1),
        doctor_id=doctor_id,
    )
    return waitlist.join(w.session, w.clerk, wish)


@prepares(Action.BOOKING_HOLD)
def booking_hold(w: World) -> ActionCall:
    given = (w.session, w.clerk, samples.wanting(_slot(w), w.patient.id))
    return lambda: bookings.hold(*given)


@prepares(Action.BOOKING_LOSE)
def booking_lose(w: World) -> ActionCall:
    wish = samples.wanting(_held(w).slot_id, cast.add_patient(w.session).id)
    return lambda: bookings.hold(w.session, w.clerk, wish)


@prepares(Action.BOOKING_RENEW)
def booking_renew(w: World) -> ActionCall:
    held = _held(w)
    return lambda: bookings.renew(w.session, w.clerk, held.id)


@prepares(Action.BOOKING_CONFIRM)
def booking_confirm(w: World) -> ActionCall:
    held = _held(w)
    return lambda: bookings.confirm(w.session, w.clerk, held.id)


@prepares(Action.BOOKING_MOVE)
def booking_move(w: World) -> ActionCall:
    before = _booked(w)
    wish = samples.wanting(_slot(w, 5), w.patient.id, replaces_id=before.id)
    moving = bookings.hold(w.session, w.clerk, wish)
    return lambda: bookings.confirm(w.session, w.clerk, moving.id)


@prepares(Action.BOOKING_CANCEL)
def booking_cancel(w: World) -> ActionCall:
    booked = _booked(w)
    return lambda: bookings.cancel(w.session, w.clerk, booked.id)


@prepares(Action.BOOKING_EXPIRE)
def booking_expire(w: World) -> ActionCall:
    samples.let_pass(w.session, _held(w), 121)
    return lambda: bookings.expire_due(w.session)


@prepares(Action.BOOKING_READ)
def booking_read(w: World) -> ActionCall:
    booked = _booked(w)
    return lambda: bookings.get(w.session, w.clerk, booked.id)


@prepares(Action.BOOKING_PROVE)
def booking_prove(w: World) -> ActionCall:
    scratch = proving.create_scratch(w.session, 1)
    proof = proving.evaluate(w.session, scratch, (), processes=1, seconds=0.1)
    boss = w.boss.actor
    return lambda: proving.clear(w.session, scratch, proof, boss)


@prepares(Action.WAITLIST_JOIN)
def waitlist_join(w: World) -> ActionCall:
    doctor, clerk = cast.add_doctor(w.session), w.clerk
    return lambda: (clerk, _waiting(w, doctor.id))


@prepares(Action.WAITLIST_LEAVE)
def waitlist_leave(w: World) -> ActionCall:
    place = _waiting(w, cast.add_doctor(w.session).id)
    return lambda: waitlist.leave(w.session, w.clerk, place.id)


@prepares(Action.WAITLIST_READ)
def waitlist_read(w: World) -> ActionCall:
    place = _waiting(w, cast.add_doctor(w.session).id)
    given = (w.session, w.clerk, place.patient_id)
    return lambda: waitlist.list_of_patient(*given)


@prepares(Action.WAITLIST_OFFER)
def waitlist_offer(w: World) -> ActionCall:
    doctor = cast.add_doctor(w.session)
    slot_id = samples.slot(w.session, doctor)
    _waiting(w, doctor.id)
    return lambda: freeing.offer(w.session, slot_id)
