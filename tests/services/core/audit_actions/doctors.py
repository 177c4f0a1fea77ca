"""Actions on doctors and their plans."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from services.core.audit import Action
from services.visits.schedule import doctors, plans
from services.visits.schedule.doctors import DoctorRecord
from services.visits.schedule.plans import HORIZON, Hours, weeks
from tests.kit import cast
from tests.services.core.audit_actions.world import ActionCall, World, prepares

# A doctor who cannot be booked has no slots, whatever the plan: no other action
# follows.
_DRAFT = replace(cast.DOCTOR_DORA, is_active=False)
_BEGINS = datetime.now(UTC) + timedelta(days=1)
_ENDS = _BEGINS + timedelta(hours=1)
_WHY = "A patient in great need"


def _doctor(w: World) -> DoctorRecord:
    return doctors.add_doctor(w.session, w.clerk, _DRAFT)


@prepares(Action.DOCTOR_ADD)
def doctor_add(w: World) -> ActionCall:
    clerk = w.clerk
    return lambda: doctors.add_doctor(w.session, clerk, _DRAFT)


@prepares(Action.DOCTOR_CHANGE)
def doctor_change(w: World) -> ActionCall:
    kept, named = _doctor(w), replace(_DRAFT, name=cast.DOCTOR_EMIL.name)
    given = (w.session, w.clerk, kept.id, named, HORIZON)
    return lambda: doctors.change_doctor(*given, revision=kept.revision)


@prepares(Action.SCHEDULE_READ)
def schedule_read(w: World) -> ActionCall:
    given = (w.session, w.clerk, _doctor(w).id)
    return lambda: plans.list_exceptions(*given)


@prepares(Action.SCHEDULE_CHANGE)
def schedule_change(w: World) -> ActionCall:
    given = (w.session, w.clerk, _doctor(w).id)
    week = [Hours(1, time(9), time(10))]
    return lambda: weeks.change_week(*given, week, HORIZON)


@prepares(Action.SLOT_ADD)
def slot_add(w: World) -> ActionCall:
    given = (w.session, w.clerk, _doctor(w).id, _BEGINS, _ENDS)
    return lambda: plans.add_extra(*given, reason=_WHY)


@prepares(Action.SLOT_WITHDRAW)
def slot_withdraw(w: World) -> ActionCall:
    doctor_id = _doctor(w).id
    given = (w.session, w.clerk, doctor_id, _BEGINS, _ENDS)
    slot = plans.add_extra(*given, reason=_WHY)
    clerk = w.clerk
    return lambda: plans.withdraw_extra(w.session, clerk, slot.id)
