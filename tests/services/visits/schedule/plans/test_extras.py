"""Slots outside the plan: added for a reason, listed, and withdrawn while free."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from db.models.audit import AuditEvent
from db.models.booking import Slot
from services.core.errors import InvalidInput
from services.visits.schedule import plans, slots
from services.visits.schedule.plans import ExceptionDraft, ExceptionKind, weeks
from services.visits.schedule.plans.errors import NoSuchExtra, SlotInUse
from tests.kit import cast
from tests.services.visits.schedule.plans.samples import (
    FORTNIGHT,
    MORNING,
    doctor,
    next_day,
    slots_of,
    take,
    tomorrow,
)

_HALF_AN_HOUR = timedelta(minutes=30)
_WHY = "A patient in great need"


@pytest.fixture
def dora(session):
    return doctor(session)


@pytest.fixture
def add(session, clerk, dora):
    def add(at: datetime, ends_at: datetime | None = None, reason: str = _WHY):
        until = ends_at or at + _HALF_AN_HOUR
        return plans.add_extra(session, clerk, dora, at, until, reason=reason)

    return add


def test_an_extra_slot_stands_beside_the_plan(session, clerk, dora, add):
    weeks.change_week(session, clerk, dora, MORNING, FORTNIGHT)

    extra = add(tomorrow(time(20)))
    plans.extend(session, [dora], FORTNIGHT)

    assert slots_of(session, dora, next_day())[-1].id == extra.id
    assert plans.list_extras(session, clerk, dora) == (extra,)
    plans.withdraw_extra(session, clerk, extra.id)
    assert slots_of(session, dora, next_day())[-1].id != extra.id
    assert plans.list_extras(session, clerk, dora) == ()


def test_why_there_is_an_extra_slot_is_kept(session, add):
    extra = add(tomorrow(time(20)), reason=f" {_WHY} ")

    event = session.scalars(
        select(AuditEvent).where(AuditEvent.subject_id == str(extra.id))
    ).one()
    assert (event.action, event.reason) == ("slot:add", _WHY)


def test_a_blocked_time_is_booked_by_an_extra_slot(session, clerk, dora, add):
    weeks.change_week(session, clerk, dora, MORNING, FORTNIGHT)
    day_off = ExceptionDraft(
        ExceptionKind.BLOCKED, tomorrow(), tomorrow(time(23)), dora
    )
    plans.add_exception(session, clerk, day_off, FORTNIGHT)

    extra = add(tomorrow(time(9)))
    plans.extend(session, [dora], FORTNIGHT)

    midnight = tomorrow(time())
    (free, *_) = slots.next_free(session, clerk, doctor_id=dora, after=midnight)
    assert free.id == extra.id


@pytest.mark.parametrize(
    ("begins", "ends", "reason", "said"),
    [
        (time(20), time(20), _WHY, "must last 5 to 480 minutes"),
        (time(20), time(19), _WHY, "must last 5 to 480 minutes"),
        (time(8), time(16, 1), _WHY, "must last 5 to 480 minutes"),
        (time(20), time(21), "Because", "at least 10"),
    ],
    ids=["no time at all", "backwards", "too long", "no reason"],
)
def test_what_is_no_slot_is_refused(add, begins, ends, reason, said):
    with pytest.raises(InvalidInput, match=said):
        add(tomorrow(begins), tomorrow(ends), reason)


def test_what_is_over_is_not_added(add):
    with pytest.raises(InvalidInput, match="has passed"):
        add(datetime.now(UTC) - timedelta(minutes=1))


def test_an_extra_slot_does_not_overlap_with_another(session, clerk, dora, add):
    weeks.change_week(session, clerk, dora, MORNING, FORTNIGHT)

    with pytest.raises(SlotInUse, match="another slot"):
        add(tomorrow(time(9, 15)))


def test_an_extra_slot_that_somebody_has_is_not_withdrawn(session, clerk, dora, add):
    extra = add(tomorrow(time(9)))
    take(session, slots_of(session, dora, next_day())[0], cast.add_patient(session))

    with pytest.raises(SlotInUse, match="Somebody has this slot"):
        plans.withdraw_extra(session, clerk, extra.id)
    assert plans.list_extras(session, clerk, dora)[0].state == "booked"


def test_a_slot_of_the_plan_is_not_withdrawn_as_an_extra_one(session, clerk, dora):
    weeks.change_week(session, clerk, dora, MORNING, FORTNIGHT)

    with pytest.raises(NoSuchExtra):
        plans.withdraw_extra(session, clerk, slots_of(session, dora, next_day())[0].id)
    assert plans.list_extras(session, clerk, dora) == ()


def test_an_extra_slot_that_has_begun_is_not_listed(session, clerk, dora, add):
    extra = add(tomorrow(time(20)))
    begun = datetime.now(UTC) - timedelta(minutes=1)
    session.execute(update(Slot).where(Slot.id == extra.id).values(starts_at=begun))

    assert plans.list_extras(session, clerk, dora) == ()
