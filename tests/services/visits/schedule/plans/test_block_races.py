"""Of blocking and booking the same time at once, only one succeeds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import time
from threading import Barrier
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from db.models.booking import Slot
from db.postgres import SYSTEM
from services.core.actor_database import ActorDatabase
from services.core.errors import ServiceError
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingRequest
from services.visits.schedule import plans
from services.visits.schedule.plans import ExceptionDraft, ExceptionKind, weeks
from tests.services.patients.clinic_samples import open_clinic
from tests.services.visits.schedule.plans.samples import (
    FORTNIGHT,
    MORNING,
    doctor,
    slots_of,
    tomorrow,
)

_ROUNDS = 8


@pytest.fixture
def clinic(endpoints):
    with open_clinic(endpoints) as clinic:
        yield clinic


def test_a_time_is_either_held_and_leaving_or_withdrawn(clinic):
    def plan(session):
        dora = doctor(session)
        weeks.change_week(session, clinic.cleo, dora, MORNING, FORTNIGHT)
        return dora, slots_of(session, dora, tomorrow().date())[0].id

    for _ in range(_ROUNDS):
        dora, slot_id = clinic.database.write(plan, identity=SYSTEM).value
        at_once = Barrier(2)
        with ThreadPoolExecutor(2) as workers:
            held = workers.submit(_hold, clinic, slot_id, at_once)
            workers.submit(_block, clinic, dora, at_once).result()
        slot = clinic.database.read_latest(
            lambda s: s.scalars(select(Slot).where(Slot.id == slot_id)).one(),  # noqa: B023
            identity=SYSTEM,
        ).value
        is_withdrawn = slot.withdrawn_at is not None
        assert (is_withdrawn, slot.is_leaving) == (not held.result(), held.result())
        free = text("DELETE FROM booking_slots")
        clinic.database.write(lambda s: s.execute(free), identity=SYSTEM)  # noqa: B023


def _hold(clinic, slot_id, at_once):
    """Return whether the slot could be held."""
    cleo = ActorDatabase(clinic.database, clinic.cleo)
    wanted = BookingRequest(slot_id, clinic.ada.id, uuid4())
    at_once.wait()
    try:
        booked = cleo.write(lambda s: bookings.hold(s, clinic.cleo, wanted)).value
    except ServiceError:
        return False
    return booked.status == "pending"


def _block(clinic, dora, at_once):
    draft = ExceptionDraft(
        ExceptionKind.BLOCKED, tomorrow(), tomorrow(time(23)), dora, "Away"
    )
    cleo = ActorDatabase(clinic.database, clinic.cleo)
    at_once.wait()
    cleo.write(lambda s: plans.add_exception(s, clinic.cleo, draft, FORTNIGHT))
