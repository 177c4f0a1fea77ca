"""Whom the demo's clinician treats."""

import pytest
from sqlalchemy import func, insert, select, update

from db.models.audit import AuditEvent
from db.models.care import CareRelationship
from db.models.patient import Patient
from db.models.user import User
from services.demo.care import ensure_demo_care
from services.people.accounts import demo_accounts
from tests.kit import cast

SEEDED = 50


@pytest.fixture
def demo(session):
    """The demo's cast, and some invented patients."""
    demo_accounts.ensure_demo_people(session)
    rows = [
        cast.identity_of(cast.ADA) | {"source": "seed 1", "source_id": f"{number:08}"}
        for number in range(SEEDED)
    ]
    session.execute(insert(Patient), rows)
    return session


def treated(session) -> int:
    return session.scalar(select(func.count()).select_from(CareRelationship))


def test_the_clinician_treats_most_patients_but_not_all(demo):
    ensure_demo_care(demo)

    assert SEEDED / 2 < treated(demo) < SEEDED


def test_they_are_given_once(demo):
    first, second = ensure_demo_care(demo), ensure_demo_care(demo)

    assert (first > 0, second) == (True, 0)
    assert treated(demo) == first


def test_a_treatment_that_was_ended_stays_ended(demo):
    ensure_demo_care(demo)
    demo.execute(update(CareRelationship).values(ended_at=func.now()))

    assert ensure_demo_care(demo) == 0


def test_the_demos_own_patient_is_among_them(demo):
    ensure_demo_care(demo)

    maya = select(Patient.id).where(Patient.source == "demo")
    is_hers = CareRelationship.patient_id.in_(maya)
    assert demo.scalar(select(func.count()).where(is_hers)) == 1


def test_nobody_of_a_real_clinic_is_given_invented_patients(demo):
    demo.execute(update(User).values(is_demo=False))

    assert ensure_demo_care(demo) == 0


def test_it_is_written_down_as_one_deed(demo):
    given = ensure_demo_care(demo)

    details = demo.scalars(
        select(AuditEvent.details).where(AuditEvent.action == "care:assign")
    ).one()
    assert details == {"source": "seed 1", "new": given}
