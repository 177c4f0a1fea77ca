"""Tickets and calendar entries, for the desk and for the patient whose visit it is."""

from uuid import UUID

import pytest
from icalendar import Calendar
from sqlalchemy import update

from db.models.booking import Appointment
from db.postgres import SYSTEM
from services.core.actors import Role
from tests.api.conftest import NEWEST, Client
from tests.kit import cast
from tests.services.documents.forms.samples import words_of
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon


@pytest.fixture
def visit_of(application):
    """Adds a visit of a patient, and returns its id."""

    def make(patient_id: UUID, **values: object) -> UUID:
        def add(session):
            doctor = cast.add_doctor(session).id
            return visit_samples.visit(session, doctor, patient_id, soon(60), **values)

        return application.database.write(add, identity=SYSTEM).value

    return make


@pytest.fixture
def own(application) -> UUID:
    """The id of the patient whose token the role of patients has."""
    return application.people[Role.PATIENT].patient_id


def ask(client: Client, visit_id: UUID, what: str):
    return client.get(f"/api/appointments/{visit_id}/{what}", headers=NEWEST)


def test_a_patient_takes_the_ticket_of_their_own_visit(as_role, visit_of, own):
    visit_id = visit_of(own, code="7K1MD0QX4T")

    answer = ask(as_role(Role.PATIENT), visit_id, "ticket")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="visit.pdf"'
    words = " ".join(words_of(answer.content))
    assert "7K1MD-0QX4T" in words
    assert "Harbour Clinic" in words


@pytest.mark.parametrize("what", ["ticket", "calendar"])
def test_what_a_patient_takes_along_is_in_the_language_asked_for(
    as_role, visit_of, own, what
):
    german = ask(as_role(Role.PATIENT), visit_of(own), f"{what}?language=de")

    content = german.content
    said = " ".join(words_of(content)) if what == "ticket" else content.decode()
    assert ("Ihr Termin" if what == "ticket" else "SUMMARY:Termin: ") in said


def test_a_patient_puts_their_own_visit_into_a_calendar(as_role, visit_of, own):
    answer = ask(as_role(Role.PATIENT), visit_of(own), "calendar")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event["URL"] == "https://clinic.example/visits"


@pytest.mark.parametrize("what", ["ticket", "calendar"])
def test_a_patient_gets_nothing_of_somebody_elses_visit(as_role, visit_of, ada, what):
    visit_id = visit_of(UUID(ada["uuid"]))

    assert ask(as_role(Role.PATIENT), visit_id, what).status_code == 404
    assert ask(as_role(Role.STAFF), visit_id, what).status_code == 200
    assert ask(as_role(Role.ADMIN), visit_id, what).status_code == 403


def test_a_cancelled_visit_has_no_ticket_but_tells_the_calendar(
    client, application, visit_of, ada
):
    visit_id = visit_of(UUID(ada["uuid"]))
    cancelled = (
        update(Appointment)
        .where(Appointment.id == visit_id)
        .values(status="cancelled", cancelled_at=soon(0))
    )
    application.database.write(lambda s: s.execute(cancelled) and None, identity=SYSTEM)

    refused = ask(client, visit_id, "ticket")
    calendar = ask(client, visit_id, "calendar")

    assert refused.status_code == 409
    assert "no longer has a ticket" in refused.json()["detail"]
    (event,) = Calendar.from_ical(calendar.content).walk("VEVENT")
    assert event["STATUS"] == "CANCELLED"
