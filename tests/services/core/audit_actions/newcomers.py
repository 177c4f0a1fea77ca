"""Actions on bookings of people who are not patients yet."""

from services.core.audit import Action
from services.visits import newcomers
from services.visits.newcomers import NewcomerRecord
from tests.kit import cast
from tests.services.core.audit_actions.world import ActionCall, World, prepares
from tests.services.visits.booking.bookings import samples
from tests.services.visits.newcomers import newcomer_samples as kit


def _held(w: World) -> NewcomerRecord:
    slot_id = samples.slot(w.session, cast.add_doctor(w.session))
    return kit.hold(w.session, slot_id)


def _booked(w: World) -> NewcomerRecord:
    return kit.confirm(w.session, _held(w).id)


@prepares(Action.NEWCOMER_HOLD)
def newcomer_hold(w: World) -> ActionCall:
    slot_id = samples.slot(w.session, cast.add_doctor(w.session))
    return lambda: kit.hold(w.session, slot_id)


@prepares(Action.NEWCOMER_LOSE)
def newcomer_lose(w: World) -> ActionCall:
    wish = kit.wanting(_held(w).slot_id)
    return lambda: newcomers.hold(w.session, wish, kit.CODE, key=kit.KEY)


@prepares(Action.NEWCOMER_CONFIRM)
def newcomer_confirm(w: World) -> ActionCall:
    held = _held(w)
    return lambda: kit.confirm(w.session, held.id)


@prepares(Action.NEWCOMER_MOVE)
def newcomer_move(w: World) -> ActionCall:
    booked = _booked(w)
    slot_id = samples.slot(w.session, cast.add_doctor(w.session))
    return lambda: newcomers.move(w.session, booked.id, slot_id, notice_hours=1)


@prepares(Action.NEWCOMER_CANCEL)
def newcomer_cancel(w: World) -> ActionCall:
    booked = _booked(w)
    return lambda: newcomers.cancel(w.session, booked.id, notice_hours=1)


@prepares(Action.NEWCOMER_EXPIRE)
def newcomer_expire(w: World) -> ActionCall:
    kit.let_pass(w.session, _held(w).id)
    return lambda: newcomers.expire_due(w.session)


@prepares(Action.NEWCOMER_LIST)
def newcomer_list(w: World) -> ActionCall:
    booked = _booked(w)
    given = (w.session, w.clerk, booked.starts_at, booked.ends_at)
    return lambda: newcomers.list_between(*given)


@prepares(Action.NEWCOMER_REGISTER)
def newcomer_register(w: World) -> ActionCall:
    given = (w.session, w.clerk, _booked(w).id, w.patient.id)
    return lambda: newcomers.register(*given)


@prepares(Action.NEWCOMER_FORGET)
def newcomer_forget(w: World) -> ActionCall:
    kit.let_visit_pass(w.session, _booked(w).id, days=31)
    return lambda: newcomers.forget(w.session)
