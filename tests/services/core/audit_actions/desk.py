"""Actions of the front desk, and notifications about visits."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from db.models.booking import Appointment
from services.consultations.point_in_time import VisitCopy, set_status_back
from services.core.audit import Action
from services.visits.front_desk import appointments, notifications
from services.visits.front_desk.appointments import phoning
from services.visits.front_desk.appointments.records import CallOutcome
from services.visits.front_desk.notifications import NotificationKind, SenderDetails
from tests.kit import cast
from tests.services.core.audit_actions.world import ActionCall, World, prepares
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon


def _visit(world: World) -> UUID:
    doctor = cast.add_doctor(world.session).id
    return visit_samples.visit(world.session, doctor, world.patient.id, soon(-5))


def _settle_next(world: World) -> None:
    claimed = notifications.claim_next(world.session, SenderDetails())
    assert claimed
    notifications.settle(world.session, claimed, is_sent=True)


def _notification(world: World) -> None:
    booking_id = world.session.get_one(Appointment, _visit(world)).booking_id
    notifications.write(world.session, NotificationKind.CONFIRMED, booking_id)


@prepares(Action.VISIT_LIST)
def list_day(world: World) -> ActionCall:
    _visit(world)
    given = (world.session, world.clerk, datetime.now(UTC).date(), UTC)
    return lambda: appointments.list_of_day(*given)


@prepares(Action.VISIT_READ)
def read(world: World) -> ActionCall:
    visit_id = _visit(world)
    return lambda: appointments.get(world.session, world.clerk, visit_id)


@prepares(Action.VISIT_CHECK_IN)
def check_in(world: World) -> ActionCall:
    visit_id = _visit(world)
    return lambda: appointments.check_in(world.session, world.clerk, visit_id)


@prepares(Action.VISIT_UNDO_CHECK_IN)
def undo_check_in(world: World) -> ActionCall:
    visit_id = _visit(world)
    appointments.check_in(world.session, world.clerk, visit_id)
    return lambda: appointments.undo_check_in(world.session, world.clerk, visit_id)


@prepares(Action.POINT_IN_TIME_COPY_VISIT)
def point_in_time_copy_visit(world: World) -> ActionCall:
    then = appointments.get(world.session, world.clerk, _visit(world))
    now = appointments.check_in(world.session, world.clerk, then.id)
    reason = "Checked in the wrong one"
    copy = VisitCopy(then, now.revision, datetime.now(UTC), reason, uuid4())
    given = (world.session, world.clerk, copy)
    return lambda: set_status_back(*given, now=datetime.now(UTC))


@prepares(Action.VISIT_CALL_IN)
def call_in(world: World) -> ActionCall:
    visit_id = _visit(world)
    appointments.check_in(world.session, world.clerk, visit_id)
    return lambda: appointments.call_in(world.session, world.clerk, visit_id)


@prepares(Action.VISIT_UNDO_CALL_IN)
def undo_call_in(world: World) -> ActionCall:
    visit_id = _visit(world)
    appointments.check_in(world.session, world.clerk, visit_id)
    appointments.call_in(world.session, world.clerk, visit_id)
    return lambda: appointments.undo_call_in(world.session, world.clerk, visit_id)


@prepares(Action.VISIT_COMPLETE)
def complete(world: World) -> ActionCall:
    visit_id = _visit(world)
    appointments.check_in(world.session, world.clerk, visit_id)
    return lambda: appointments.complete(world.session, world.clerk, visit_id)


@prepares(Action.VISIT_REOPEN)
def reopen(world: World) -> ActionCall:
    visit_id = _visit(world)
    appointments.check_in(world.session, world.clerk, visit_id)
    appointments.complete(world.session, world.clerk, visit_id)
    return lambda: appointments.reopen(world.session, world.clerk, visit_id)


@prepares(Action.VISIT_MISS)
def miss(world: World) -> ActionCall:
    visit_id = _visit(world)
    return lambda: appointments.miss(world.session, world.clerk, visit_id)


@prepares(Action.VISIT_PHONE)
def note_call(world: World) -> ActionCall:
    visit_id = _visit(world)
    return lambda: phoning.note_call(
        world.session, world.clerk, visit_id, CallOutcome.REACHED, last_call_at=None
    )


@prepares(Action.VISIT_UNDO_PHONE)
def undo_call(world: World) -> ActionCall:
    given = (world.session, world.clerk, _visit(world))
    noted = phoning.note_call(*given, CallOutcome.NO_ANSWER, last_call_at=None)
    assert noted.call
    at = noted.call.at
    return lambda: phoning.undo_call(*given, last_call_at=at)


@prepares(Action.NOTIFICATION_SEND)
def send(world: World) -> ActionCall:
    _notification(world)
    return lambda: _settle_next(world)


@prepares(Action.NOTIFICATION_READ)
def look(world: World) -> ActionCall:
    _notification(world)
    given = (world.session, world.boss.actor, SenderDetails())
    return lambda: notifications.read_outbox(*given)
