"""The day's list on paper, for the desk."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from db.models.audit import AuditEvent
from db.postgres import SYSTEM
from services.core.actors import Role
from tests.api.conftest import NEWEST
from tests.kit import cast
from tests.services.documents.forms.samples import words_of
from tests.services.visits import visit_samples

ROUTE = "/files/day-list.pdf"


@pytest.fixture
def day(application) -> datetime:
    """A noon without visits of other tests: Ada sees Emil, Grace sees Dora."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    noon += timedelta(days=400)

    def add(session) -> None:
        for draft, name in ((cast.GRACE, "Dora List"), (cast.ADA, "Emil List")):
            doctor = cast.add_doctor(session, name=name).id
            patient = cast.add_patient(session, draft).id
            visit_samples.visit(session, doctor, patient, noon, note="Secret cough")
            visit_samples.visit(
                session,
                doctor,
                patient,
                noon + timedelta(hours=1),
                status="cancelled",
                cancelled_at=noon,
            )

    application.database.write(add, identity=SYSTEM)
    return noon


def doctor_named(application, name: str) -> UUID:
    from db.models.doctor import Doctor

    wanted = select(Doctor.id).where(Doctor.name == name).order_by(Doctor.id.desc())
    return application.database.write(
        lambda session: session.scalars(wanted).first(), identity=SYSTEM
    ).value


def test_a_list_of_the_day_names_each_doctors_patients_with_birth_and_phone(
    application, as_role, day
):
    doctor = doctor_named(application, "Dora List")
    answer = as_role(Role.STAFF).get(
        ROUTE, params={"day": str(day.date()), "doctor": str(doctor)}, headers=NEWEST
    )

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    words = " ".join(words_of(answer.content))
    for shown in ("Dora List, room 12", "Grace Hopper", "9 Dec 1976", "12:00"):
        assert shown in words
    assert cast.GRACE.phone_number in words
    for hidden in ("Emil List", "Secret", "13:00"):
        assert hidden not in words


def test_all_doctors_are_on_it_and_that_it_was_printed_is_written_down(
    application, as_role, day
):
    answer = as_role(Role.STAFF).get(
        ROUTE, params={"day": str(day.date())}, headers=NEWEST
    )

    words = " ".join(words_of(answer.content))
    assert "Dora List" in words
    assert "Emil List" in words
    event = application.database.write(
        lambda session: session.scalars(
            select(AuditEvent)
            .where(AuditEvent.action == "visit:list")
            .order_by(AuditEvent.position.desc())
        ).first(),
        identity=SYSTEM,
    ).value
    assert event.details["printed"] is True
    assert len(event.details["patients"]) >= 2


def test_a_day_without_visits_says_so(as_role):
    answer = as_role(Role.STAFF).get(
        ROUTE, params={"day": "2031-01-01"}, headers=NEWEST
    )

    assert "None are booked." in " ".join(words_of(answer.content))
