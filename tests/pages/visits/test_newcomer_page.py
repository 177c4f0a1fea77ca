"""Newcomers at the desk on screen: listed, registered, found among the patients."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from dashboard.ui.clock import midnight, today
from db.models.booking import Appointment, BookingSlot, Newcomer, Slot
from db.models.patient import Patient
from services.core.actors import Role
from services.documents.forms import Clinic as Sender
from services.visits import calendar
from services.visits.calendar import day_list_pdf
from services.visits.newcomers import NewcomerRecord
from tests.kit import cast
from tests.pages.conftest import rows_of
from tests.services.visits import visit_samples
from tests.services.visits.newcomers import newcomer_samples as kit

BORN = "4 May 1980"


@pytest.fixture
def booked(clinic) -> NewcomerRecord:
    """Nora, who comes today to the doctor as whom the clinician signs in."""

    def book(session):
        doctor = cast.add_doctor(session)
        slot_id = visit_samples.slot(session, doctor.id, visit_samples.soon(90))
        booked = kit.book(session, slot_id, email=f"{uuid4().hex}@example.org")
        # At noon today, whatever the time is now: a slot that has begun cannot be
        # booked.
        begins = midnight(today()) + timedelta(hours=12)
        times = {"starts_at": begins, "ends_at": begins + timedelta(minutes=20)}
        for table, key in ((Slot, Slot.id), (BookingSlot, BookingSlot.slot_id)):
            session.execute(update(table).where(key == slot_id).values(**times))
        return replace(booked, **times)

    return clinic.write(book)


def _visits_of(clinic, booked) -> list[UUID]:
    """Return the patients of the visits at the booked time."""
    at = select(Appointment.patient_id).where(
        Appointment.doctor_id == booked.doctor_id,
        Appointment.starts_at == booked.starts_at,
    )
    return clinic.write(lambda session: list(session.scalars(at)))


def _open(clinic, booked):
    return clinic.open("newcomer", newcomer=str(booked.id))


def _messages(app) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption))


def test_the_desk_lists_who_is_not_registered_yet(clinic, booked):
    app = clinic.open("desk")

    rows = rows_of(app, "desk_newcomers")
    assert [kit.NAME, "12:00"] in [row[:2] for row in rows]


def test_the_form_begins_with_what_was_booked_with(clinic, booked):
    app = _open(clinic, booked)

    typed = [
        app.text_input(key=f"newcomer_{name}").value
        for name in ("first_name", "last_name", "email", "date_of_birth")
    ]
    assert typed == ["Nora", "Newman", booked.email, ""]


def test_registered_the_visit_is_the_new_patients(clinic, booked):
    app = _open(clinic, booked)
    # Like no patient whom another test has registered.
    app.text_input(key="newcomer_first_name").set_value("Ottilie")
    app.text_input(key="newcomer_last_name").set_value(f"Berg {uuid4().hex[:6]}")
    app.text_input(key="newcomer_date_of_birth").set_value("9 June 1971")

    app.button(key="newcomer_submit").click().run()

    (patient_id,) = _visits_of(clinic, booked)
    email = clinic.write(
        lambda session: session.scalar(
            select(Patient.email).where(Patient.id == patient_id)
        )
    )
    assert email == booked.email
    assert app.title[0].value == "Front desk"


def test_what_is_missing_is_said_and_nothing_is_registered(clinic, booked):
    app = _open(clinic, booked)

    app.button(key="newcomer_submit").click().run()

    assert "Date of birth is missing" in _messages(app)
    assert _visits_of(clinic, booked) == []


def test_who_is_in_the_register_already_is_offered_first(clinic, booked):
    known = clinic.register(
        first_name="Nora",
        last_name="Newman",
        date_of_birth=date(1980, 5, 4),
        email=booked.email,
    )
    app = _open(clinic, booked)
    app.text_input(key="newcomer_date_of_birth").set_value(BORN)
    app.button(key="newcomer_submit").click().run()
    assert "Nothing is saved yet" in app.warning[0].value

    app.button(key=f"newcomer_candidate_{known.id}").click().run()

    assert _visits_of(clinic, booked) == [known.id]


def test_a_patient_who_is_chosen_gets_the_visit(clinic, booked):
    known = clinic.register(**cast.identity_of(cast.GRACE))
    app = _open(clinic, booked)
    app.session_state["newcomer_patient"] = known.id
    app.run()

    app.button(key="newcomer_known").click().run()

    assert _visits_of(clinic, booked) == [known.id]


def test_a_visit_is_cancelled_for_the_clinic(clinic, booked):
    app = _open(clinic, booked)
    app.button(key="newcomer_cancel").click().run()

    # The dialog stays open in a browser; here the button that opens it is clicked
    # again.
    app.button(key="newcomer_cancel").click()
    app.button(key="newcomer_cancel_sure").click().run()

    status = select(Newcomer.status).where(Newcomer.id == booked.id)
    assert clinic.write(lambda session: session.scalar(status)) == "cancelled"


@pytest.mark.parametrize("named", ["", "x", str(uuid4())], ids=["no", "junk", "other"])
def test_who_is_not_there_is_told_in_a_sentence(clinic, named):
    app = clinic.open("newcomer", newcomer=named)

    assert "There is no such booking" in app.warning[0].value


def test_the_printed_day_has_them_too(clinic, booked):
    def listed(session):
        day, zone = booked.starts_at.date(), booked.starts_at.tzinfo
        return calendar.list_to_print(session, clinic.clerk, day, zone)

    _, unregistered = clinic.write(listed)

    assert booked.id in {newcomer.id for newcomer in unregistered}
    made = day_list_pdf(
        unregistered,
        booked.starts_at.date(),
        clinic=Sender("Clinic", "", ""),
        now=booked.starts_at,
    )
    assert made.startswith(b"%PDF")


@pytest.mark.parametrize("role", [Role.STAFF, Role.CLINICIAN])
def test_the_calendar_shows_them_to_those_who_see_visits(clinic, booked, role):
    def look(session):
        return calendar.read_period(
            session,
            clinic.cast[role],
            booked.starts_at,
            booked.ends_at,
            doctor_ids=[booked.doctor_id],
        )

    period = clinic.write(look)

    assert [newcomer.id for newcomer in period.newcomers] == [booked.id]


def test_a_newcomers_visit_to_move_says_once_that_nobody_is_registered(clinic, booked):
    leaving = update(Slot).where(Slot.id == booked.slot_id).values(is_leaving=True)
    later = update(Slot).where(Slot.id == booked.slot_id)
    clinic.write(lambda s: s.execute(leaving) and None)
    ends = midnight(today()) + timedelta(days=1)
    clinic.write(lambda s: s.execute(later.values(ends_at=ends)) and None)

    app = clinic.open("doctor_plan", doctor=booked.doctor_id)

    (row,) = rows_of(app, "doctor_visits_to_move")
    assert row[2] == f"{kit.NAME} (not registered yet)"
