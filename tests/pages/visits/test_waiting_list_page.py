"""The waiting list at the front desk: read, narrowed, booked from, left."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, update
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from dashboard.ui.record_table import TableEvent
from dashboard.visits.front_desk import waiting_patients
from db.models.booking import Booking, WaitlistEntry
from db.models.doctor import Doctor
from services.core.actors import Role
from services.patients.care import care
from services.visits.booking import bookings, waitlist
from services.visits.booking.waitlist import WaitRecord, WaitRequest
from tests.kit import cast
from tests.kit.german_pages import left_english, said
from tests.pages.conftest import Clinic, rows_of
from tests.pages.document_samples import shown
from tests.services.visits.booking.bookings import samples

PAGE, TABLE = "waiting_list", "waiting_patients"


def nobody_waits(session: Session) -> None:
    session.execute(update(Booking).values(waitlist_id=None))
    ended = {"status": "left", "ended_at": func.now()}
    session.execute(update(WaitlistEntry).values(ended))


@pytest.fixture
def dora(clinic: Clinic) -> Doctor:
    """A doctor; nobody waits for anybody."""

    def begin(session):
        nobody_waits(session)
        return cast.add_doctor(session)

    return clinic.write(begin)


@pytest.fixture
def join(clinic: Clinic, dora: Doctor) -> Callable[..., WaitRecord]:
    """Put a new patient on the list for the doctor, or for a speciality."""

    def put(*, speciality: str | None = None, **fields: object) -> WaitRecord:
        patient = clinic.register(**fields)
        wish = WaitRequest(
            patient.id,
            samples.FIRST,
            samples.FIRST + timedelta(days=2),
            doctor_id=None if speciality else dora.id,
            speciality=speciality,
        )
        return clinic.write(lambda s: waitlist.join(s, clinic.clerk, wish))

    return put


@pytest.fixture
def do(monkeypatch: pytest.MonkeyPatch) -> Callable[[AppTest, TableEvent], AppTest]:
    """Do something in the table, which AppTest cannot draw, in this and later runs."""
    real = waiting_patients.record_table

    def act(app: AppTest, event: TableEvent) -> AppTest:
        def table(*columns_and_rows: Any, key: str, **options: Any) -> TableEvent:
            real(*columns_and_rows, key=key, **options)
            return event

        monkeypatch.setattr(waiting_patients, "record_table", table)
        return app.run()

    return act


@pytest.fixture
def went(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """The pages that were gone to, with their addresses' queries."""
    pages: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(
        waiting_patients, "go", lambda page, **query: pages.append((page, query))
    )
    return pages


def test_nobody_waits(clinic: Clinic, dora: Doctor):
    assert "Nobody is on the waiting list." in said(clinic.open(PAGE))


def test_who_waits_is_listed_with_a_number_and_narrowed_to_one_doctor(
    clinic: Clinic, join, dora: Doctor
):
    join(first_name="Ada", phone_number="01632960001", email=None)
    join(first_name="Bea", speciality="Cardiology")

    app = clinic.open(PAGE)
    ada, bea = rows_of(app, TABLE)
    text = said(app)
    app.selectbox(key="waiting_for").set_value(dora.name).run()

    assert "Ada" in ada[0]
    assert ada[1:3] == ["01632960001", dora.name]
    assert bea[2] == "Any doctor, Cardiology"
    assert "**2 patients are waiting**" in text
    assert rows_of(app, TABLE) == [ada]


def test_who_waits_for_a_doctor_who_left_is_marked_and_booked_with_another(
    clinic: Clinic, join, do, went, dora: Doctor
):
    place = join()
    left = update(Doctor).where(Doctor.id == dora.id).values(is_active=False)
    clinic.write(lambda s: s.execute(left))

    app = clinic.open(PAGE)
    rows = str(shown(app, TABLE)["rows"])
    do(app, TableEvent(action=(str(place.id), "book")))

    assert "Cannot be booked at the moment" in rows
    assert went[0] == ("visits/book.py", {"patient": str(place.patient_id)})


@pytest.mark.parametrize("is_active", [True, False])
def test_on_the_patients_own_visits_it_is_said_that_nobody_can_be_booked(
    clinic: Clinic, join, dora: Doctor, is_active: bool
):
    place = join()
    row = update(Doctor).where(Doctor.id == dora.id).values(is_active=is_active)
    clinic.write(lambda s: s.execute(row))

    app = clinic.open("visits", patient=place.patient_id)

    captions = [caption.value for caption in app.caption]
    assert ("Cannot be booked at the moment" in captions) is not is_active


def test_one_is_taken_off_the_list_once_that_is_confirmed(clinic: Clinic, join, do):
    place = join()
    app = do(clinic.open(PAGE), TableEvent(action=(str(place.id), "remove")))
    assert "can only join it again at its end" in said(app)
    assert len(rows_of(app, TABLE)) == 1

    app.button(key="waiting_remove").click().run()

    assert clinic.audit("waitlist:leave")[-1].subject_id == str(place.id)
    assert "is no longer on the waiting list" in said(app)
    assert "Nobody is on the waiting list." in said(clinic.open(PAGE))


@pytest.mark.parametrize("speciality", [None, "Cardiology"])
def test_booking_begins_with_the_patient_and_whom_they_wait_for(
    clinic: Clinic, join, do, went, speciality
):
    place, app = join(speciality=speciality), clinic.open(PAGE)

    do(app, TableEvent(action=(str(place.id), "book")))
    do(app, TableEvent(opened=str(place.id)))

    patient = {"patient": str(place.patient_id)}
    doctor = {"doctor": str(place.doctor_id)} | patient
    times = ("visits/book.py", patient) if speciality else ("visits/doctor.py", doctor)
    assert went[0] == times
    assert went[-1] == ("visits/visits.py", patient)


def test_a_time_that_is_held_for_somebody_is_not_booked_again_here(
    clinic: Clinic, join, dora: Doctor
):
    place = join()
    slot_id = clinic.write(lambda s: samples.slot(s, s.merge(dora)))
    clinic.write(lambda s: bookings.offer(s, slot_id))

    app = clinic.open(PAGE)

    [row] = rows_of(app, TABLE)
    assert row[4].startswith("Held until ")
    assert "a time is held for 1 of them" in said(app)
    assert waiting_patients._actions(_only(clinic)) == ()
    assert place.patient_id == _only(clinic).patient_id


def _only(clinic: Clinic) -> waitlist.WaitingPatient:
    [only] = clinic.read(lambda s: waitlist.list_everybody(s, clinic.clerk)).waiting
    return only


def test_clinicians_see_whom_they_treat(clinic: Clinic, join):
    hers, other = join(first_name="Hers"), join(first_name="Theirs")
    doctor = clinic.cast[Role.CLINICIAN]
    clinic.write(lambda s: care.assign(s, clinic.clerk, hers.patient_id, doctor.id))

    app = clinic.open(PAGE, Role.CLINICIAN)

    [row] = rows_of(app, TABLE)
    assert "Hers" in row[0]
    assert "Only patients whom you treat are listed." in said(app)
    assert other.patient_id


def test_a_list_that_is_left_open_is_one_look_an_hour(clinic: Clinic, join):
    place = join()
    app = clinic.open(PAGE)
    before = len(clinic.audit("waitlist:read"))

    app.run()

    looks = clinic.audit("waitlist:read")
    assert len(looks) == before
    assert looks[-1].details["patients"] == [str(place.patient_id)]


def test_the_page_is_german(clinic: Clinic, join, do):
    place = join(speciality="Cardiology")
    clinic.speak_german(Role.STAFF)

    app = do(clinic.open(PAGE), TableEvent(action=(str(place.id), "remove")))

    assert left_english(app) == set()
    assert "**1 Patient wartet**" in said(app)
    assert "Alle Ärzte, Cardiology" in said(app)
    clinic.write(nobody_waits)
    assert left_english(clinic.open(PAGE)) == set()
