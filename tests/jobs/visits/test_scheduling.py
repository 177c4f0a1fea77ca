"""The worker makes the slots of the days that come within the horizon."""

from sqlalchemy import func, select

from db.models.booking import Slot
from db.postgres import SYSTEM
from jobs.visits import scheduling
from services.visits.schedule.plans import Calendar
from services.visits.schedule.plans.weeks import replace_week
from tests.kit import cast
from tests.services.visits.schedule.plans.samples import MORNING


def _count(database):
    counted = select(func.count()).select_from(Slot).where(Slot.withdrawn_at.is_(None))
    return database.read_latest(lambda s: s.scalar(counted), identity=SYSTEM).value


def test_every_doctors_plan_reaches_as_far_as_people_may_book(database):
    def settle(session):
        for draft in (cast.DOCTOR_DORA, cast.DOCTOR_EMIL):
            doctor = cast.add_doctor(session, draft, slot_minutes=30)
            replace_week(session, doctor.id, MORNING)

    database.write(settle, identity=SYSTEM)
    scheduling.extend(database, Calendar("Europe/Berlin", 2))
    before = _count(database)

    scheduling.extend(database, Calendar("Europe/Berlin", 3))
    scheduling.extend(database, Calendar("Europe/Berlin", 3))

    assert _count(database) == before + 8
