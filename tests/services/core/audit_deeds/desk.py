"""Deeds of the front desk, and letters about visits."""

from datetime import UTC, datetime
from uuid import UUID

from db.models import Appointment
from services.core.audit import Action
from services.messaging.mail import Email
from services.visits.front_desk import appointments, notifications
from services.visits.front_desk.notifications import Letterhead, LetterKind
from tests.services.core.audit_deeds.world import Deed, World, deed
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon


class _Mailer:
    """Takes every letter."""

    def send(self, letter: Email) -> None:
        """Throw it away."""


def _visit(world: World) -> UUID:
    doctor = visit_samples.doctor(world.session)
    return visit_samples.visit(world.session, doctor, world.patient.id, soon(-5))


def _letter(world: World) -> None:
    booking_id = world.session.get_one(Appointment, _visit(world)).booking_id
    notifications.write(world.session, LetterKind.CONFIRMED, booking_id)


@deed(Action.VISIT_LIST)
def list_day(world: World) -> Deed:
    _visit(world)
    given = (world.session, world.clerk, datetime.now(UTC).date(), UTC)
    return lambda: appointments.list_of_day(*given)


@deed(Action.VISIT_READ)
def read(world: World) -> Deed:
    visit_id = _visit(world)
    return lambda: appointments.get(world.session, world.clerk, visit_id)


@deed(Action.VISIT_CHECK_IN)
def check_in(world: World) -> Deed:
    visit_id = _visit(world)
    return lambda: appointments.check_in(world.session, world.clerk, visit_id)


@deed(Action.VISIT_UNDO_CHECK_IN)
def undo_check_in(world: World) -> Deed:
    visit_id = _visit(world)
    appointments.check_in(world.session, world.clerk, visit_id)
    return lambda: appointments.undo_check_in(world.session, world.clerk, visit_id)


@deed(Action.VISIT_COMPLETE)
def complete(world: World) -> Deed:
    visit_id = _visit(world)
    appointments.check_in(world.session, world.clerk, visit_id)
    return lambda: appointments.complete(world.session, world.clerk, visit_id)


@deed(Action.VISIT_MISS)
def miss(world: World) -> Deed:
    visit_id = _visit(world)
    return lambda: appointments.miss(world.session, world.clerk, visit_id)


@deed(Action.LETTER_SEND)
def send(world: World) -> Deed:
    _letter(world)
    return lambda: notifications.send_next(world.session, _Mailer(), Letterhead())


@deed(Action.LETTER_READ)
def look(world: World) -> Deed:
    _letter(world)
    given = (world.session, world.boss.actor, Letterhead())
    return lambda: notifications.look(*given)
