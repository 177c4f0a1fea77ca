"""The demo's doctors work from the start, and its clinician is one of them."""

import pytest
from sqlalchemy import delete, func, select, update

from db.models.booking import Slot
from db.models.doctor import Doctor, WorkingHours
from db.models.user import User
from services.demo.plans import ensure_demo_plans
from services.demo.seeding import staff
from services.demo.seeding.clinic import _ACTOR
from services.people.accounts import demo_accounts
from services.visits.schedule import doctors, slots
from services.visits.schedule.plans import Calendar

_WEEK = Calendar("Europe/Berlin", 8)


@pytest.fixture
def opened(session):
    demo_accounts.ensure_demo_people(session)
    staff.add(session, _ACTOR, seed_number=1)
    ensure_demo_plans(session, _WEEK)
    return session


def test_every_doctor_of_the_demo_can_be_booked(opened, clerk):
    listed = doctors.list_doctors(opened, clerk)

    assert len(listed) == 21
    assert all(doctor.next_free_at and doctor.fee and doctor.room for doctor in listed)
    assert len({doctor.email for doctor in listed}) == 21
    assert len({doctor.license_number for doctor in listed}) == 21


def test_the_demos_clinician_is_a_doctor_and_free_every_day(opened, clerk):
    clinician = opened.scalars(
        select(User).where(User.is_demo, User.role == "clinician")
    ).one()

    own = opened.scalars(select(Doctor).where(Doctor.user_id == clinician.id)).one()

    assert own.name == clinician.name
    free = slots.next_free(opened, clerk, doctor_id=own.id, limit=500)
    assert len({slot.starts_at.date() for slot in free}) >= 7


def test_a_second_start_adds_nothing(opened):
    before = opened.scalar(select(func.count()).select_from(Slot))

    assert ensure_demo_plans(opened, _WEEK) == 0
    assert opened.scalar(select(func.count()).select_from(Slot)) == before


@pytest.mark.parametrize("clinicians", ["DEMO-demo-01", "DEMO-0-00"])
def test_seeds_of_any_number_bring_doctors_with_plans(opened, clinicians):
    own = update(Doctor).where(Doctor.source == "demo")
    opened.execute(own.values(license_number=clinicians))
    for seed_number in (0, 2):
        staff.add(opened, _ACTOR, seed_number=seed_number)

    assert ensure_demo_plans(opened, _WEEK) == 40
    licensed = opened.scalars(select(Doctor.license_number)).all()
    assert len(set(licensed)) == 61


def test_a_plan_that_somebody_has_emptied_stays_empty(opened):
    opened.execute(delete(WorkingHours))
    opened.execute(update(Slot).values(withdrawn_at=func.now()))

    assert ensure_demo_plans(opened, _WEEK) == 0
