"""Everybody sees which times are free; nobody sees whose the others are."""

from datetime import time, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select, update

from db.models.audit import AuditEvent
from db.models.booking import Slot
from db.models.doctor import Doctor
from db.postgres import SYSTEM
from services.core.errors import NotAllowed
from services.visits import calendar
from services.visits.schedule import plans, slots
from services.visits.schedule.plans import weeks
from tests.kit import cast
from tests.services.visits.schedule.plans.samples import (
    BERLIN,
    FORTNIGHT,
    MORNING,
    doctor,
    next_day,
    slots_of,
    take,
    tomorrow,
)


def _whole_day():
    return tomorrow(), tomorrow() + timedelta(days=1)


@pytest.fixture(scope="module")
def day(clinic):
    """A morning: Ada has booked the first slot, Grace holds the second."""

    def settle(session):
        dora = doctor(session)
        weeks.change_week(session, clinic.cleo, dora, MORNING, FORTNIGHT)
        first, second, third, last = slots_of(session, dora, next_day())
        booked = take(session, first, clinic.ada)
        held = take(session, second, clinic.grace, seconds=600)
        take(session, third, clinic.grace, seconds=-0.1)
        ada = cast.add_patient_actor(session, clinic.ada)
        ids = [slot.id for slot in (first, second, third, last)]
        return SimpleNamespace(dora=dora, booked=booked, held=held, ada=ada, ids=ids)

    return clinic.database.write(settle, identity=SYSTEM).value


def _listed(clinic, day, actor, **whose):
    return clinic.read(
        actor, lambda s: slots.list_slots(s, actor, day.dora, *_whole_day(), **whose)
    )


@pytest.mark.parametrize("who", ["cleo", "dora", "emil", "ana", "ines"])
def test_what_is_taken_is_seen_and_by_whom_is_not(clinic, day, who):
    listed = _listed(clinic, day, getattr(clinic, who))

    assert [slot.state for slot in listed] == ["booked", "held", "free", "free"]
    assert [slot.id for slot in listed] == day.ids
    assert listed[1].held_until is not None
    assert {slot.own_booking_id for slot in listed} == {None}


def test_patients_recognise_their_own_without_being_asked(clinic, day):
    listed = _listed(clinic, day, day.ada)

    assert [slot.own_booking_id for slot in listed] == [day.booked, None, None, None]


def test_the_desk_recognises_what_the_patient_at_it_holds(clinic, day):
    listed = _listed(clinic, day, clinic.cleo, patient_id=clinic.grace.id)

    assert [slot.own_booking_id for slot in listed] == [None, day.held, None, None]


@pytest.mark.parametrize("who", ["ana", "ines"])
def test_who_books_for_nobody_is_not_told_what_a_patient_has(clinic, day, who):
    with pytest.raises(NotAllowed, match="book visits"):
        _listed(clinic, day, getattr(clinic, who), patient_id=clinic.ada.id)


def test_a_patient_is_not_told_what_another_has(clinic, day):
    with pytest.raises(NotAllowed):
        _listed(clinic, day, day.ada, patient_id=clinic.grace.id)


@pytest.mark.parametrize("who", ["cleo", "dora", "ana", "ines"])
def test_the_next_free_ones_leave_out_what_is_taken(clinic, day, who):
    actor = getattr(clinic, who)

    free = clinic.read(
        actor, lambda s: slots.next_free(s, actor, doctor_id=day.dora, limit=3)
    )

    later = [slot for slot in free if slot.starts_at >= _whole_day()[0]]
    assert [slot.id for slot in later][:2] == day.ids[2:][: len(later)]


@pytest.fixture
def dora(session, clerk):
    kept = doctor(session)
    weeks.change_week(session, clerk, kept, MORNING, FORTNIGHT)
    return kept


def test_that_somebody_saw_a_patients_times_is_written_down(session, clerk, dora):
    ada = cast.add_patient(session)
    take(session, slots_of(session, dora, next_day())[0], ada)

    slots.list_slots(session, clerk, dora, *_whole_day(), patient_id=ada.id)

    read = select(AuditEvent.patient_id).where(AuditEvent.action == "booking:read")
    assert session.scalars(read).all() == [ada.id]


def test_any_doctor_of_a_speciality_may_be_next(session, clerk, dora):
    emil = doctor(session, name=cast.DOCTOR_EMIL.name, speciality="cardiology")
    weeks.change_week(session, clerk, emil, MORNING, FORTNIGHT)

    free = slots.next_free(
        session, clerk, speciality="Cardiology", after=tomorrow(time(9)), limit=2
    )

    assert {slot.doctor_id for slot in free} == {dora, emil}
    assert {slot.starts_at for slot in free} == {tomorrow(time(9))}
    assert not slots.next_free(session, clerk, speciality="Neurology")


@pytest.mark.parametrize(
    "values",
    [{"is_active": False}, {"deleted_at": func.now()}],
    ids=["inactive", "left"],
)
def test_who_cannot_be_booked_is_not_next(session, clerk, dora, values):
    session.execute(update(Doctor).values(values))

    assert not slots.next_free(session, clerk)


def test_an_extra_slot_is_free_only_while_its_doctor_can_be_booked(session, clerk):
    dora, begins = doctor(session), tomorrow(time(19))
    ends, why = begins + timedelta(minutes=30), "An evening for late visits"
    extra = plans.add_extra(session, clerk, dora, begins, ends, reason=why)
    session.execute(update(Doctor).where(Doctor.id == dora).values(is_active=False))

    assert not slots.list_slots(session, clerk, dora, *_whole_day())
    period = calendar.read_period(session, clerk, *_whole_day(), doctor_ids=[dora])
    assert not period.slots
    session.execute(update(Doctor).where(Doctor.id == dora).values(is_active=True))
    (again,) = slots.list_slots(session, clerk, dora, *_whole_day())
    assert (again.id, again.state) == (extra.id, "free")


def test_a_scratch_slot_is_offered_to_nobody(session, clerk, dora):
    session.execute(update(Slot).values(origin="proof"))

    assert not slots.next_free(session, clerk)


def test_what_has_begun_is_not_free(session, clerk, dora):
    first = slots_of(session, dora, next_day())[0]
    now = func.clock_timestamp()
    began = {"starts_at": now - timedelta(minutes=10), "ends_at": now}
    session.execute(update(Slot).where(Slot.id == first.id).values(began))
    today = first.starts_at.astimezone(BERLIN) - timedelta(days=2)

    listed = slots.list_slots(session, clerk, dora, today, _whole_day()[1])

    assert first.id not in {slot.id for slot in listed}


def test_a_slot_that_leaves_the_plan_is_free_for_nobody(session, clerk, dora):
    session.execute(update(Slot).values(is_leaving=True))

    assert not slots.next_free(session, clerk)
    assert not slots.list_slots(session, clerk, dora, *_whole_day())
