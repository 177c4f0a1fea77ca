"""People who work with visits and have chosen German find no English sentence there."""

import re
from datetime import datetime, time, timedelta
from typing import get_args
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, update
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from dashboard.ui.clock import calendar, midnight, today, zone
from dashboard.ui.language import GERMAN, using_language
from dashboard.visits.calendar.time_grid import EntryKind
from db.models.booking import Appointment, Slot
from db.models.doctor import Doctor
from db.models.user import User
from jobs.visits import booking_proof
from services.core.actors import Role
from services.visits.schedule import plans
from services.visits.schedule.plans import ExceptionDraft, ExceptionKind, Hours, weeks
from tests.kit import cast
from tests.kit.german_pages import english, texts_of
from tests.pages.conftest import Clinic
from tests.pages.visits.test_desk_pages import do_in, scan
from tests.pages.visits.test_statistics_page import HELD
from tests.services.visits import visit_samples
from tests.services.visits.newcomers import newcomer_samples
from tests.services.visits.visit_samples import soon

_WEEK = [Hours(day, time(15), time(17)) for day in range(1, 7)]
_STATES: dict[str, dict[str, datetime]] = {
    "checked-in": {"checked_in_at": soon(-40)},
    "scheduled": {},
    "completed": {"checked_in_at": soon(-60), "completed_at": soon(-30)},
    "no-show": {},
    "cancelled": {"cancelled_at": soon(-30)},
}


@pytest.fixture(scope="module")
def german(clinic: Clinic) -> Clinic:
    """A clinic whose people have all chosen German."""
    clinic.write(lambda session: session.execute(update(User).values(language=GERMAN)))
    return clinic


@pytest.fixture(scope="module")
def doctor_id(german: Clinic) -> UUID:
    """The id of a doctor with a week and exceptions from it."""

    def keep(session: Session) -> UUID:
        session.execute(update(Slot).values(withdrawn_at=func.now()))
        session.execute(
            update(Appointment).values(starts_at=soon(-90_000), ends_at=soon(-89_000))
        )
        session.execute(update(Doctor).values(user_id=None))
        doctor = cast.add_doctor(session, user_id=german.cast[Role.CLINICIAN].id)
        weeks.change_week(session, german.clerk, doctor.id, _WEEK, calendar())
        for number, kind in enumerate(ExceptionKind, 2):
            day = today() + timedelta(days=number)
            draft = ExceptionDraft(
                kind,
                datetime.combine(day, time(15), zone()),
                datetime.combine(day, time(16), zone()),
                doctor.id,
                "Fortbildung",
            )
            plans.add_exception(session, german.clerk, draft, calendar())
        plans.add_extra(
            session,
            german.clerk,
            doctor.id,
            midnight(today() + timedelta(days=1)) + timedelta(hours=20),
            midnight(today() + timedelta(days=1)) + timedelta(hours=20, minutes=20),
            reason="Zusatz am Abend",
        )
        return doctor.id

    return german.write(keep)


@pytest.fixture(scope="module")
def visits(german: Clinic, doctor_id: UUID) -> list[UUID]:
    """Visits of today, one in each state."""
    made = []
    for hour, (status, at) in enumerate(_STATES.items(), 7):
        patient = german.register(**cast.identity_of(cast.GRACE))
        begins = midnight(today()) + timedelta(hours=hour)
        kept = german.write(
            lambda s, p=patient.id, b=begins, v=status, at=at: visit_samples.visit(
                s, doctor_id, p, b, status=v, note="Husten", **at
            )
        )
        made.append(kept)
    return made


@pytest.fixture(scope="module")
def newcomer_id(german: Clinic) -> UUID:
    """The id of a newcomer who has booked and is not registered yet."""

    def book(session: Session) -> UUID:
        doctor = cast.add_doctor(session)
        slot_id = visit_samples.slot(session, doctor.id, soon(90))
        email = f"{uuid4().hex}@example.org"
        return newcomer_samples.book(session, slot_id, email=email).id

    return german.write(book)


def is_german(app: AppTest) -> str:
    """Return all texts of a page, which has no error and no English on it."""
    said = set(texts_of(app))
    # The kind of an entry of the calendar is a code for its script.
    assert english(said - set(get_args(EntryKind))) == set()
    # A day of the month is an ordinal number: Mo. 23.
    days = re.compile(r"\b(?:Mo|Di|Mi|Do|Fr|Sa|So)\. \d+(?![\d.:])")
    assert [text for text in said if days.search(text)] == []
    return " ".join(said).replace("\\", "")


@pytest.mark.parametrize(
    ("page", "role"),
    [
        ("home", Role.STAFF),
        ("home", Role.CLINICIAN),
        ("home", Role.ANALYST),
        ("day", Role.CLINICIAN),
        ("desk", Role.STAFF),
        ("calendar", Role.STAFF),
        ("calendar", Role.CLINICIAN),
        ("doctors", Role.STAFF),
        ("doctors", Role.ANALYST),
        ("outbox", Role.ADMIN),
        ("statistics", Role.ADMIN),
        ("book", Role.STAFF),
    ],
)
@pytest.mark.usefixtures("visits", "newcomer_id")
def test_a_page_is_german(german: Clinic, page: str, role: Role) -> None:
    is_german(german.open(page, role))


def test_a_doctors_plan_is_german(german: Clinic, doctor_id: UUID) -> None:
    app = german.open("doctor_plan", doctor=doctor_id)
    said = is_german(app)

    [signs_in_as] = [
        each for each in app.selectbox if each.label == "Meldet sich an als"
    ]
    assert signs_in_as.placeholder == "Niemand"
    assert "Urlaub oder Feiertag" in said
    assert "Montag, Vormittag, von" in said
    assert "In einer Woche buchbar" in said
    is_german(german.open("doctor_plan"))


def test_who_is_registered_or_looked_at_is_asked_for_in_german(
    german: Clinic, newcomer_id: UUID, doctor_id: UUID
) -> None:
    patient = german.register()

    assert "Schon als Patient bekannt?" in is_german(
        german.open("newcomer", newcomer=newcomer_id)
    )
    is_german(german.open("doctor", doctor=doctor_id, patient=patient.id))
    is_german(german.open("visits", patient=patient.id))


def test_a_week_without_hours_is_refused_in_german(
    german: Clinic, doctor_id: UUID
) -> None:
    app = german.open("doctor_plan", doctor=doctor_id)
    toggle = next(each for each in app.toggle if each.label == "Sonntag geschlossen")
    # The test itself fills in a choice.
    with using_language(GERMAN):
        toggle.set_value(False).run()
        (until,) = [f for f in app.selectbox if f.label == "Sonntag, Vormittag, bis"]
        until.set_value(None).run()
        app.button(key="doctor_plan_week").click().run()

    assert app.error[0].value == (
        "Sonntag, Vormittag: Das Ende fehlt. Wählen Sie es, oder leeren Sie beide "
        "Zeiten."
    )
    is_german(app)


@pytest.mark.parametrize("view", ["Rooms", "Week"])
@pytest.mark.usefixtures("visits")
def test_a_view_of_the_calendar_is_german(german: Clinic, view: str) -> None:
    app = german.open("calendar")
    with using_language(GERMAN):
        app.segmented_control(key="calendar_view").set_value(view).run()

    said = is_german(app)
    assert {"Rooms": "Raum 12", "Week": "Vorige Woche"}[view] in said


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("visit", "Termin absagen…"),
        ("move", "hat einen Termin"),
        ("cancel", "Diesen Termin absagen?"),
    ],
)
def test_a_dialog_of_a_visit_is_german(
    german: Clinic, visits: list[UUID], question: str, words: str
) -> None:
    app = german.at_page(german.browser(), "calendar")
    app.session_state["calendar_asked"] = (question, visits[1], None)

    assert words in is_german(app.run())


def test_blocking_a_time_is_german(german: Clinic, doctor_id: UUID) -> None:
    app = german.open("calendar", doctor=doctor_id)
    app.button(key="calendar_block_open").click().run()

    assert "Grund (nichts über Patienten)" in is_german(app)


def test_what_the_desk_did_is_said_in_german(
    german: Clinic, visits: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = german.open("desk")

    do_in(app, "desk_waiting", visits[0], "call_in", monkeypatch)
    said = is_german(app)
    scan(app, "no code")

    assert "Zurücknehmen: wartet wieder" in said
    assert app.error[0].value.startswith("Das ist nicht der Code eines Terminzettels")
    is_german(app)


def test_the_proof_is_german(
    german: Clinic, monkeypatch: pytest.MonkeyPatch, doctor_id: UUID
) -> None:
    monkeypatch.setattr(booking_proof, "prove", lambda *_: HELD)
    app = german.open("statistics", Role.ADMIN)
    with using_language(GERMAN):
        app.button(key="statistics_prove").click().run()
        app.radio(key="statistics_period").set_value("Other days").run()
        said = is_german(app)
        app.date_input(key="statistics_from").set_value("2026-03-31")
        app.date_input(key="statistics_to").set_value("2026-03-01").run()

    assert "Die Buchung hält." in said
    assert "2,3 s" in said
    refusal = "Der erste Tag liegt nach dem letzten; tauschen Sie die beiden."
    assert app.error[0].value == refusal
    is_german(app)
