"""The effect of an exception on visits is shown beforehand."""

from dataclasses import replace
from datetime import time

import pytest
from sqlalchemy import func, select

from db.models.audit import AuditEvent
from db.models.booking import Slot
from db.models.doctor import ScheduleException
from services.core.errors import InvalidInput
from services.visits.schedule import plans
from services.visits.schedule.plans import ExceptionDraft, ExceptionKind, weeks
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


@pytest.fixture
def dora(session, clerk):
    """A doctor with four slots each morning."""
    doctor_id = doctor(session)
    weeks.change_week(session, clerk, doctor_id, MORNING, FORTNIGHT)
    return doctor_id


def closing(doctor_id, kind=ExceptionKind.BLOCKED, until=time(12)) -> ExceptionDraft:
    return ExceptionDraft(kind, tomorrow(time(9)), tomorrow(until), doctor_id)


def preview(session, actor, draft):
    return plans.preview_exception(session, actor, draft, FORTNIGHT)


def test_the_visits_in_a_time_to_be_blocked_are_listed(session, clerk, dora):
    first, second, third, _ = slots_of(session, dora, next_day())
    ada, grace = cast.add_patient(session), cast.add_patient(session, cast.GRACE)
    booking_id = take(session, first, ada)
    take(session, second, grace, seconds=60)
    take(session, third, cast.add_patient(session), seconds=-1)

    visits = preview(session, clerk, closing(dora))

    assert [(visit.listed_name, visit.is_booked) for visit in visits] == [
        ("Lovelace, Ada", True),
        ("Hopper, Grace", False),
    ]
    assert [visit.phone for visit in visits] == [
        cast.ADA.phone_number,
        cast.GRACE.phone_number,
    ]
    assert (visits[0].booking_id, visits[0].doctor_name) == (booking_id, "Dora Doctor")


def test_looking_blocks_nothing(session, clerk, dora):
    take(session, slots_of(session, dora, next_day())[0], cast.add_patient(session))

    assert preview(session, clerk, closing(dora))

    count = select(func.count())
    assert session.scalar(count.select_from(ScheduleException)) == 0
    assert session.scalar(count.select_from(Slot).where(Slot.is_leaving)) == 0
    assert len(slots_of(session, dora, next_day())) == 4
    assert plans.list_visits_to_move(session, clerk, dora) == ()


def test_that_somebody_looked_is_kept_and_no_change_that_was_none(session, clerk, dora):
    booking_id = take(
        session, slots_of(session, dora, next_day())[0], cast.add_patient(session)
    )
    upto = session.scalar(select(func.max(AuditEvent.position)))

    preview(session, clerk, closing(dora))

    since = select(AuditEvent).where(AuditEvent.position > upto)
    events = session.scalars(since.order_by(AuditEvent.position))
    assert [(event.action, event.subject_id) for event in events] == [
        ("booking:read", str(booking_id))
    ]


def test_only_what_the_exception_itself_closes_is_listed(session, clerk, dora):
    first, _, _, last = slots_of(session, dora, next_day())
    take(session, first, cast.add_patient(session))
    take(session, last, cast.add_patient(session, cast.GRACE))
    plans.add_exception(session, clerk, closing(dora, until=time(10)), FORTNIGHT)

    (visit,) = preview(session, clerk, closing(dora))

    assert visit.slot_id == last.id


@pytest.mark.parametrize("kind", [ExceptionKind.BLOCKED, ExceptionKind.HOLIDAY])
def test_a_closed_time_reports_no_slots_of_a_day_that_can_be_booked_since(
    session, clerk, dora, kind
):
    a_day_later = replace(FORTNIGHT, days=FORTNIGHT.days + 1)

    result = plans.add_exception(session, clerk, closing(dora, kind), a_day_later)

    assert (result.added, result.withdrawn) == (0, 4)


def test_special_hours_list_what_they_leave_out(session, clerk, dora):
    first, _, _, last = slots_of(session, dora, next_day())
    take(session, first, cast.add_patient(session))
    take(session, last, cast.add_patient(session))

    (visit,) = preview(session, clerk, closing(dora, ExceptionKind.HOURS, time(10)))

    assert visit.slot_id == last.id


def test_a_holiday_of_the_clinic_lists_the_visits_of_all_doctors(session, clerk, dora):
    other = doctor(session, name=cast.DOCTOR_EMIL.name)
    weeks.change_week(session, clerk, other, MORNING, FORTNIGHT)
    for whom in (dora, other):
        take(session, slots_of(session, whom, next_day())[0], cast.add_patient(session))

    visits = preview(session, clerk, closing(None, ExceptionKind.HOLIDAY))

    assert sorted(visit.doctor_name for visit in visits) == [
        "Dora Doctor",
        "Emil Eager",
    ]


def test_administrators_learn_how_many_visits_there_are_and_no_names(
    session, clerk, admin, dora
):
    take(session, slots_of(session, dora, next_day())[0], cast.add_patient(session))

    (visit,) = preview(session, admin, closing(dora))

    assert (visit.patient_id, visit.patient_name, visit.booking_id) == (None,) * 3
    assert visit.phone is None


def test_what_cannot_be_kept_is_refused_before(session, clerk, dora):
    with pytest.raises(InvalidInput, match="not after"):
        preview(session, clerk, closing(dora, until=time(8)))
