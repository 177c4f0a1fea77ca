"""The demo's clinician has patients waiting from the start."""

import pytest
from sqlalchemy import select

from db.models.booking import Appointment
from db.models.doctor import Doctor
from services.demo import care
from services.demo.plans import ensure_demo_plans
from services.demo.seeding.visits import ensure_demo_visits
from services.people.accounts import demo_accounts
from services.visits.schedule.plans import Calendar


@pytest.fixture
def opened(session):
    demo_accounts.ensure_demo_people(session)
    care.ensure_demo_care(session)
    ensure_demo_plans(session, Calendar("Europe/Berlin", 8))
    return session


def _statuses(session):
    visits = select(Appointment.status).order_by(Appointment.starts_at)
    return session.scalars(visits).all()


def test_a_clinic_with_one_patient_has_one_visit(opened):
    assert ensure_demo_visits(opened) == 1


def test_visits_are_made_once(opened):
    ensure_demo_visits(opened)

    assert ensure_demo_visits(opened) == 0
    assert len(_statuses(opened)) == 1


def test_without_the_demos_clinician_there_are_no_visits(session):
    assert ensure_demo_visits(session) == 0
    assert session.scalars(select(Doctor)).all() == []
