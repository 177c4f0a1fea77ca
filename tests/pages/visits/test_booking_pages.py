"""Visits on pages: a time chosen, held, confirmed, moved, cancelled, lost."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from streamlit.proto.SelectWidgetFilterMode_pb2 import FILTER_MODE_PREFIX
from streamlit.testing.v1 import AppTest

from dashboard.ui.clock import in_zone, today
from dashboard.ui.record_table import TableEvent
from dashboard.visits.appointments import visits_table
from dashboard.visits.booking import any_doctor, browsing, repeating
from dashboard.visits.booking.times import when
from db.cluster.site_position import SitePosition, SiteReader
from db.models.booking import Appointment
from db.models.doctor import Doctor
from services.core.actors import Role
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.visits.booking import bookings, waitlist
from services.visits.booking.bookings import BookingRecord, BookingStatus
from services.visits.booking.waitlist import WaitRequest
from services.visits.schedule.plans import Calendar
from tests.kit import cast
from tests.pages.conftest import Clinic, markdown_of, rows_of
from tests.pages.document_samples import said, shown
from tests.services.visits import visit_samples
from tests.services.visits.booking.bookings import samples

MINUTES = timedelta(minutes=samples.MINUTES)


@dataclass(frozen=True)
class Practice:
    """A doctor with six free slots in a row."""

    id: UUID
    slots: list[UUID]


@pytest.fixture
def dora(clinic: Clinic) -> Practice:
    def add(session: Session) -> Practice:
        doctor = cast.add_doctor(session)
        return Practice(doctor.id, [samples.slot(session, doctor, n) for n in range(6)])

    return clinic.write(add)


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Callable[[AppTest, UUID], AppTest]:
    """Choose a time in the calendar, which AppTest cannot draw."""

    def choose(app: AppTest, slot_id: UUID) -> AppTest:
        chosen = [str(slot_id)]

        def calendar(payload: bytes, *, key: str) -> str | None:
            real(payload, key=key)
            return chosen.pop() if chosen else None

        real = browsing.slot_calendar
        with monkeypatch.context() as patch:
            patch.setattr(browsing, "slot_calendar", calendar)
            return app.run()

    return choose


def held_by(clinic: Clinic, slot_id: UUID, patient_id: UUID) -> BookingRecord:
    """Hold a slot as at another desk."""
    return clinic.write(lambda s: samples.hold(s, clinic.clerk, slot_id, patient_id))


def booked(
    clinic: Clinic, slot_id: UUID, patient_id: UUID, *, note: str = ""
) -> BookingRecord:
    """Book a slot as at another desk."""
    held = held_by(clinic, slot_id, patient_id)
    return clinic.write(lambda s: bookings.confirm(s, clinic.clerk, held.id, note=note))


def stored(clinic: Clinic, booking: BookingRecord) -> BookingRecord:
    return clinic.write(lambda s: bookings.get(s, clinic.clerk, booking.id))


def latest(clinic: Clinic, patient_id: UUID) -> BookingRecord:
    """Return the patient's latest booking."""
    bookings_of_patient = clinic.write(
        lambda s: bookings.list_of_patient(s, clinic.clerk, patient_id)
    )
    return max(bookings_of_patient, key=lambda booking: booking.created_at)


def states(app: AppTest, dora: Practice) -> list[str]:
    """Return the states of the doctor's times in the calendar, in their order."""
    days = shown(app, f"doctor_calendar_{dora.id}")["days"]
    return [time["state"] for day in days for time in day["times"]]


def cancel(
    app: AppTest,
    monkeypatch: pytest.MonkeyPatch,
    booking: BookingRecord,
    reason: str = "",
) -> None:
    """Cancel the visit of a booking in the table, which AppTest cannot draw."""

    def table(*columns_and_rows: Any, key: str, **options: Any) -> TableEvent:
        real(*columns_and_rows, key=key, **options)
        is_ahead = key == "visits_ahead"
        return TableEvent(
            action=(str(booking.appointment_id), "cancel") if is_ahead else None
        )

    real = visits_table.record_table
    with monkeypatch.context() as patch:
        patch.setattr(visits_table, "record_table", table)
        app.run()
        key = f"visits_cancel_{booking.appointment_id}_reason"
        app.text_input(key=key).set_value(reason)
        app.button(key="visits_cancel_confirm").click().run()


def test_a_time_that_is_chosen_is_held_and_confirmed_with_what_it_is_about(
    clinic: Clinic, dora: Practice, choose
):
    patient = clinic.register()
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    choose(app, dora.slots[1])

    held = latest(clinic, patient.id)
    assert held.status is BookingStatus.PENDING
    assert shown(app, f"booking_countdown_{held.id}_0")["seconds_left"] > 100
    assert states(app, dora)[:3] == ["free", "own_hold", "free"]

    app.text_input(key=f"booking_note_{held.id}").set_value("A cough")
    app.button(key=f"booking_confirm_{held.id}").click().run()

    kept = stored(clinic, held)
    assert (kept.status, kept.note) == (BookingStatus.CONFIRMED, "A cough")
    assert states(app, dora)[:3] == ["free", "own_visit", "free"]
    assert "Dora Doctor" in markdown_of(app)
    assert app.button(key="booked_visits")


def test_what_a_page_shows_at_a_standby_site_is_of_the_older_of_its_two_times(
    clinic: Clinic, dora: Practice, monkeypatch: pytest.MonkeyPatch
):
    at = datetime.now(UTC)
    site = SitePosition("north", (), at, at - timedelta(minutes=3, seconds=1))
    monkeypatch.setattr(SiteReader, "position", lambda _: site)

    app = clinic.open("doctor", doctor=dora.id, patient=clinic.register().id)

    captions = [caption.value for caption in app.caption]
    as_of = f":{site.as_of:%M:%S} at the main site, standby site north"
    assert any(as_of in caption for caption in captions)


def test_what_others_hold_says_when_it_may_be_free(clinic: Clinic, dora: Practice):
    held_by(clinic, dora.slots[0], clinic.register().id)
    booked(clinic, dora.slots[1], clinic.register().id)

    app = clinic.open("doctor", doctor=dora.id, patient=clinic.register().id)

    times = shown(app, f"doctor_calendar_{dora.id}")["days"]
    first, second, third = [time for day in times for time in day["times"]][:3]
    assert first["state"] == "held"
    assert first["note"].startswith("being booked, free at ")
    assert 60 < first["frees_in"] <= 120
    assert (second["state"], third["state"]) == ("booked", "free")


def test_who_comes_too_late_is_told_and_shown_the_next_free_times(
    clinic: Clinic, dora: Practice, choose
):
    patient = clinic.register()
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    held_by(clinic, dora.slots[0], clinic.register().id)
    booked(clinic, dora.slots[1], clinic.register().id)
    clinic.catch_up(app)

    choose(app, dora.slots[0])

    assert "was just taken" in markdown_of(app)
    assert "It may be free again at" in markdown_of(app)
    assert latest(clinic, patient.id).status is BookingStatus.FAILED
    app.button(key=f"booking_next_{dora.slots[2]}").click().run()
    taken = latest(clinic, patient.id)
    assert (taken.slot_id, taken.status) == (dora.slots[2], BookingStatus.PENDING)
    assert "was just taken" not in markdown_of(app)


def test_a_hold_is_extended_once_and_given_back(clinic: Clinic, dora: Practice, choose):
    patient = clinic.register()
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    choose(app, dora.slots[0])
    held = latest(clinic, patient.id)

    app.button(key=f"booking_renew_{held.id}").click().run()

    assert stored(clinic, held).renewals == 1
    assert f"booking_renew_{held.id}" not in {element.key for element in app.button}
    app.text_input(key=f"booking_renew_reason_{held.id}").set_value("He looks it up")
    app.button(key=f"booking_renew_anyway_{held.id}").click().run()
    assert clinic.audit("booking:renew")[-1].reason == "He looks it up"
    app.button(key=f"booking_cancel_{held.id}").click().run()
    assert states(app, dora)[0] == "free"
    assert not app.warning


def test_a_hold_that_ran_out_is_said_and_cannot_be_confirmed(
    clinic: Clinic, dora: Practice, choose
):
    patient = clinic.register()
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    choose(app, dora.slots[0])
    held = latest(clinic, patient.id)
    clinic.write(lambda s: samples.let_pass(s, held, 121))
    clinic.catch_up(app)

    app.button(key=f"booking_confirm_{held.id}").click().run()

    assert "has expired" in said(app)
    assert states(app, dora)[0] == "free"
    assert stored(clinic, held).status is BookingStatus.EXPIRED


def test_a_hold_that_cannot_be_confirmed_can_be_released(
    clinic: Clinic, dora: Practice, choose
):
    patient = clinic.register()
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    choose(app, dora.slots[0])
    held = latest(clinic, patient.id)
    clinic.write(
        lambda s: patients.archive(s, clinic.clerk, patient.id, version=patient.version)
    )

    app.button(key=f"booking_confirm_{held.id}").click().run()

    assert "archived" in app.error[0].value
    app.button(key=f"booking_cancel_{held.id}").click().run()
    assert states(app, dora)[0] == "free"


def test_leaving_the_page_frees_what_was_held_there(
    clinic: Clinic, dora: Practice, choose
):
    patient = clinic.register()
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    choose(app, dora.slots[0])
    held = latest(clinic, patient.id)

    app.switch_page("../pages/home.py").run()

    assert stored(clinic, held).status is not BookingStatus.PENDING
    assert "free again" in app.toast[0].value


def test_a_second_time_takes_the_place_of_the_first(
    clinic: Clinic, dora: Practice, choose
):
    patient = clinic.register()
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)

    choose(app, dora.slots[0])
    first = latest(clinic, patient.id)
    choose(app, dora.slots[2])

    second = latest(clinic, patient.id)
    assert second.slot_id == dora.slots[2]
    assert second.status is BookingStatus.PENDING
    assert stored(clinic, first).status is BookingStatus.CANCELLED
    assert states(app, dora)[:3] == ["free", "free", "own_hold"]
    assert not app.warning


def test_what_was_typed_goes_along_to_another_time_of_the_same_patient(
    clinic: Clinic, dora: Practice, choose
):
    patient, other = clinic.register(), clinic.register()
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    choose(app, dora.slots[0])
    first = latest(clinic, patient.id)
    app.text_input(key=f"booking_note_{first.id}").set_value("A cough").run()

    choose(app, dora.slots[2])

    second = latest(clinic, patient.id)
    assert app.text_input(key=f"booking_note_{second.id}").value == "A cough"
    app.button(key=f"booking_confirm_{second.id}").click().run()
    assert stored(clinic, second).note == "A cough"
    app.query_params["patient"] = str(other.id)
    choose(app, dora.slots[0])
    of_another = latest(clinic, other.id)
    assert app.text_input(key=f"booking_note_{of_another.id}").value == ""


def test_a_time_that_is_in_the_way_of_the_next_one_is_exchanged_for_it(
    clinic: Clinic, dora: Practice, choose
):
    patient = clinic.register()
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    choose(app, dora.slots[0])
    beside = clinic.write(_same_time)

    app.query_params["doctor"] = str(beside.id)
    choose(app, beside.slots[0])

    taken = latest(clinic, patient.id)
    assert (taken.slot_id, taken.status) == (beside.slots[0], BookingStatus.PENDING)
    assert "another visit at that time" not in markdown_of(app)


def test_who_was_too_late_keeps_the_time_they_had(
    clinic: Clinic, dora: Practice, choose
):
    patient = clinic.register()
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    choose(app, dora.slots[0])
    first = latest(clinic, patient.id)
    booked(clinic, dora.slots[1], clinic.register(**cast.identity_of(cast.GRACE)).id)

    choose(app, dora.slots[1])

    assert "was just taken" in markdown_of(app)
    assert stored(clinic, first).status is BookingStatus.PENDING


def test_staff_book_against_a_rule_for_a_reason(clinic: Clinic, dora: Practice, choose):
    patient = clinic.register()
    other = clinic.write(_same_time)
    booked(clinic, other.slots[0], patient.id)
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)

    choose(app, dora.slots[0])

    assert "another visit at that time" in markdown_of(app)
    app.text_area(key="booking_override_reason").set_value("Two doctors at one bed")
    app.button(key="booking_override_confirm").click().run()
    taken = latest(clinic, patient.id)
    assert (taken.slot_id, taken.status) == (dora.slots[0], BookingStatus.PENDING)
    assert clinic.audit("booking:hold")[-1].reason == "Two doctors at one bed"


def _same_time(session: Session) -> Practice:
    doctor = cast.add_doctor(session, cast.DOCTOR_EMIL)
    return Practice(doctor.id, [samples.slot(session, doctor, 0)])


def test_a_patient_is_told_of_the_rule_and_nothing_else(
    clinic: Clinic, dora: Practice, choose
):
    mine = clinic.cast[Role.PATIENT].patient_id
    other = clinic.write(_same_time)
    booked(clinic, other.slots[0], mine)
    app = clinic.open("doctor", Role.PATIENT, doctor=dora.id)

    choose(app, dora.slots[0])

    assert "another visit at that time" in said(app)
    assert not app.text_area


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_who_books_nothing_sees_times_and_can_choose_none(
    clinic: Clinic, dora: Practice, role: Role
):
    app = clinic.open("doctor", role, doctor=dora.id)

    assert set(states(app, dora)) == {"free"}
    assert shown(app, f"doctor_calendar_{dora.id}")["action"] == ""


def test_the_desk_says_for_whom_before_it_books(clinic: Clinic, dora: Practice):
    app = clinic.open("doctor", doctor=dora.id)

    assert shown(app, f"doctor_calendar_{dora.id}")["action"] == ""
    (picker,) = (
        str(part.key)
        for part in app.get("bidi_component")
        if str(part.key).endswith("_patient_search")
    )
    assert "Select a patient to book" in shown(app, picker)["advice"]


def test_a_visit_is_moved_and_stays_until_the_new_time_is_confirmed(
    clinic: Clinic, dora: Practice, choose
):
    patient = clinic.register()
    old = booked(clinic, dora.slots[0], patient.id, note="A cough")
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id, moves=old.id)
    # A visit that is moved gets a single new time.
    assert not [box for box in app.selectbox if box.key == "doctor_weeks"]
    assert "You are moving the visit" in markdown_of(app)

    choose(app, dora.slots[3])

    new = latest(clinic, patient.id)
    assert stored(clinic, old).status is BookingStatus.CONFIRMED
    assert app.text_input(key=f"booking_note_{new.id}").value == "A cough"
    app.button(key=f"booking_confirm_{new.id}").click().run()
    assert stored(clinic, new).note == "A cough"
    assert stored(clinic, old).status is BookingStatus.CANCELLED
    assert states(app, dora)[:4] == ["free", "free", "free", "own_visit"]
    assert "You are moving" not in markdown_of(app)


def test_choosing_another_patient_books_instead_of_moving(
    clinic: Clinic, dora: Practice, choose
):
    of_one = booked(clinic, dora.slots[0], clinic.register().id)
    other = clinic.register()

    app = clinic.open("doctor", doctor=dora.id, patient=other.id, moves=of_one.id)
    is_moving = "You are moving" in markdown_of(app)
    choose(app, dora.slots[3])

    assert not is_moving
    assert latest(clinic, other.id).replaces_id is None


def test_a_visit_of_a_doctor_who_left_is_moved_to_another(clinic: Clinic, choose):
    patient = clinic.register()
    gone = clinic.write(lambda s: cast.add_doctor(s, name="Gwen Gone"))
    other = clinic.write(lambda s: cast.add_doctor(s, name="Olga Other"))
    slot_id, new_slot_id = (
        clinic.write(lambda s, whose=whose: samples.slot(s, whose, 0))
        for whose in (gone, other)
    )
    old = booked(clinic, slot_id, patient.id)
    left = update(Doctor).where(Doctor.id == gone.id).values(is_active=False)
    clinic.write(lambda s: s.execute(left))
    app = clinic.open("doctor", doctor=gone.id, patient=patient.id, moves=old.id)
    assert "cannot be booked at the moment" in said(app)

    doctors = app.selectbox(key=f"doctor_moved_to_{gone.id}")
    doctors.set_value("Olga Other, Cardiology, room 12").run()
    choose(app, new_slot_id)
    new = latest(clinic, patient.id)
    app.button(key=f"booking_confirm_{new.id}").click().run()

    assert stored(clinic, new).doctor_id == other.id
    assert stored(clinic, old).status is BookingStatus.CANCELLED


def test_a_doctor_without_times_leads_whoever_may_to_their_hours(clinic: Clinic):
    doctor = clinic.write(lambda s: cast.add_doctor(s).id)
    staff = clinic.open("doctor", doctor=doctor)
    patient = clinic.open("doctor", Role.PATIENT, doctor=doctor)

    staff.button(key="doctor_hours").click().run()

    assert staff.button(key="doctor_plan_week")
    assert "has no free times at the moment" in markdown_of(patient)
    assert "doctor_hours" not in {button.key for button in patient.button}


def test_visits_are_listed_and_one_is_cancelled(
    clinic: Clinic, dora: Practice, monkeypatch: pytest.MonkeyPatch
):
    patient = clinic.register()
    visit = booked(clinic, dora.slots[0], patient.id)
    app = clinic.open("visits", patient=patient.id)
    (row,) = rows_of(app, "visits_ahead")
    assert "Dora Doctor, Cardiology" in row
    assert "Booked" in row

    cancel(app, monkeypatch, visit)

    assert stored(clinic, visit).status is BookingStatus.CANCELLED
    assert not rows_of(app, "visits_ahead")
    (earlier,) = rows_of(app, "visits_earlier")
    assert "Cancelled" in earlier
    # No action is possible, and none is offered.
    assert len(earlier) == len(row) - 1


def test_staff_cancel_what_has_begun_for_a_reason(
    clinic: Clinic, dora: Practice, monkeypatch: pytest.MonkeyPatch
):
    patient = clinic.register(first_name="Ann", last_name="Byron")
    visit = booked(clinic, dora.slots[0], patient.id)
    clinic.write(lambda s: samples.begin(s, visit))
    app = clinic.open("visits", patient=visit.patient_id)

    cancel(app, monkeypatch, visit)

    assert "at least 10 characters" in said(app)
    assert "**Ann Byron**" in markdown_of(app)
    cancel(app, monkeypatch, visit, "The doctor was called away")
    assert stored(clinic, visit).status is BookingStatus.CANCELLED
    assert clinic.audit("booking:cancel")[-1].reason == "The doctor was called away"


def test_what_has_begun_is_moved_and_cancelled_by_the_clinic_only(clinic: Clinic):
    mine = clinic.cast[Role.PATIENT].patient_id
    visit = booked(clinic, clinic.write(_slot_in_an_hour), mine)
    clinic.write(lambda s: samples.begin(s, visit))

    own = clinic.open("visits", Role.PATIENT)
    desk = clinic.open("visits", patient=mine)

    assert _actions(own, visit) == ["ticket", "calendar"]
    assert _actions(desk, visit) == ["ticket", "calendar", "move", "cancel"]


def _actions(app: AppTest, visit: BookingRecord) -> list[str]:
    """Return the names of what is offered for a visit in the table."""
    rows = {row["id"]: row for row in shown(app, "visits_ahead")["rows"]}
    cell = rows[str(visit.appointment_id)]["cells"][-1]
    return [action["name"] for action in cell["actions"]]


def test_who_cancels_a_visit_with_notes_is_asked_first(
    clinic: Clinic, dora: Practice, monkeypatch: pytest.MonkeyPatch
):
    visit = booked(clinic, dora.slots[0], clinic.register().id)
    clinic.write(lambda s: samples.write_notes(s, visit))
    app = clinic.open("visits", patient=visit.patient_id)

    cancel(app, monkeypatch, visit, "Moved away")

    (warning,) = app.warning
    assert "This visit has saved notes" in warning.value
    assert "press *Cancel visit* again" in warning.value
    assert stored(clinic, visit).status is BookingStatus.CONFIRMED
    cancel(app, monkeypatch, visit, "Moved away")
    assert stored(clinic, visit).status is BookingStatus.CANCELLED


def test_a_patient_is_told_to_call_about_a_visit_that_is_near(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    mine = clinic.cast[Role.PATIENT].patient_id
    visit = booked(clinic, clinic.write(_slot_in_an_hour), mine)
    app = clinic.open("visits", Role.PATIENT)
    desk = clinic.open("visits", patient=mine)

    assert _actions(app, visit) == ["ticket", "calendar"]
    assert any("please call the clinic" in caption.value for caption in app.caption)
    assert _actions(desk, visit) == ["ticket", "calendar", "move", "cancel"]
    assert not any("call the clinic" in caption.value for caption in desk.caption)
    # On a page that was drawn earlier, both are still offered.
    cancel(app, monkeypatch, visit)
    assert any("Call the clinic" in error.value for error in app.error)
    assert stored(clinic, visit).status is BookingStatus.CONFIRMED


def _slot_in_an_hour(session: Session) -> UUID:
    doctor = cast.add_doctor(session)
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    return samples.slot(session, doctor, starts_at=begins)


def test_the_same_time_every_week_is_held_where_it_is_free_and_confirmed_at_once(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    patient = clinic.register()
    dora = clinic.write(lambda s: _weekly(s, 3))
    booked(clinic, dora.slots[1], clinic.register().id)
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    app.selectbox(key="doctor_weeks").set_value(4).run()

    with monkeypatch.context() as patch:
        patch.setattr(browsing, "slot_calendar", lambda *_, **__: str(dora.slots[0]))
        app.run()
        labels = [box.label for box in app.checkbox]
        app.button(key="series_hold").click().run()
    app.run()

    assert [label.rpartition(": ")[2] for label in labels[1::2]] == [
        "taken",
        "no time that day",
    ]
    first = min(_held(clinic, patient.id), key=lambda booking: booking.starts_at)
    assert [booking.slot_id for booking in _held(clinic, patient.id)] == [
        dora.slots[2],
        dora.slots[0],
    ]
    app.button(key=f"booking_confirm_{first.id}").click().run()
    assert not _held(clinic, patient.id)
    assert markdown_of(app).count("Dora Doctor") > 1
    # Both in one transaction, and therefore with the same time.
    made = clinic.write(lambda s: _made_at(s, patient.id))
    assert (len(made), len(set(made))) == (2, 1)


def test_weeks_that_are_not_open_yet_are_said_to_be_that(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    patient = clinic.register()
    dora = clinic.write(lambda s: _weekly(s, 1))
    first_day = in_zone(samples.FIRST).date()
    horizon = Calendar("UTC", (first_day - today()).days + 8)
    monkeypatch.setattr(repeating, "calendar", lambda: horizon)
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    app.selectbox(key="doctor_weeks").set_value(3).run()

    monkeypatch.setattr(browsing, "slot_calendar", lambda *_, **__: str(dora.slots[0]))
    app.run()

    assert [box.label.rpartition(": ")[2] for box in app.checkbox[1:]] == [
        "no time that day",
        "cannot be booked yet",
    ]


def test_twelve_weeks_can_be_typed_without_choosing_one_or_two(
    clinic: Clinic, dora: Practice
):
    patient = clinic.register()

    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)

    assert app.selectbox(key="doctor_weeks").proto.filter_mode == FILTER_MODE_PREFIX


def test_who_has_no_address_is_phoned_about_a_time_from_the_waiting_list(
    clinic: Clinic, dora: Practice
):
    patient = clinic.register(email=None, phone_number="01632960003")
    offer = clinic.write(lambda s: _offered_by_a_colleague(s, clinic, dora, patient.id))
    desk = clinic.open("desk")

    [line_shown] = [
        line for line in markdown_of(desk).splitlines() if ":material/call:" in line
    ]
    recorded = clinic.audit("waitlist:read")[-1].details["patients"]
    desk.button(key=f"desk_offer_{offer}").click().run()
    visits = clinic.open("visits", patient=patient.id)
    visits.button(key=f"booking_confirm_{offer}").click().run()

    assert "01632960003" in line_shown
    assert patient.last_name in line_shown
    assert recorded == [str(patient.id)]
    assert latest(clinic, patient.id).status is BookingStatus.CONFIRMED
    assert f"desk_offer_{offer}" not in str(clinic.open("desk").button)


def _offered_by_a_colleague(
    session: Session, clinic: Clinic, dora: Practice, patient_id: UUID
) -> UUID:
    """Offer a freed time to somebody whom a colleague put on the waiting list."""
    until = samples.FIRST + timedelta(days=1)
    wish = WaitRequest(patient_id, samples.FIRST, until, doctor_id=dora.id)
    waitlist.join(session, replace(clinic.clerk, id=uuid4()), wish)
    offer = bookings.offer(session, dora.slots[0])
    assert offer is not None
    return offer.id


def test_a_series_that_cannot_be_held_says_in_which_week(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    patient = clinic.register()
    dora = clinic.write(lambda s: _weekly(s, 3))
    elsewhere = clinic.write(
        lambda s: samples.slot(
            s, cast.add_doctor(s), starts_at=samples.FIRST + timedelta(weeks=1)
        )
    )
    there = booked(clinic, elsewhere, patient.id)
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    app.selectbox(key="doctor_weeks").set_value(3).run()

    with monkeypatch.context() as patch:
        patch.setattr(browsing, "slot_calendar", lambda *_, **__: str(dora.slots[0]))
        app.run()
        app.button(key="series_hold").click().run()

    [refused] = [error.value for error in app.error]
    assert refused.startswith(f"**{when(there.starts_at)}**: There is another visit")
    assert not _held(clinic, patient.id)


def _made_at(session: Session, patient_id: UUID) -> list[datetime]:
    visits = select(Appointment.created_at).where(Appointment.patient_id == patient_id)
    return list(session.scalars(visits))


def _weekly(session: Session, count: int) -> Practice:
    doctor = cast.add_doctor(session)
    weeks = [samples.FIRST + timedelta(weeks=number) for number in range(count)]
    return Practice(
        doctor.id,
        [samples.slot(session, doctor, starts_at=week) for week in weeks],
    )


def _held(clinic: Clinic, patient_id: UUID) -> list[BookingRecord]:
    bookings_of_patient = clinic.write(
        lambda s: bookings.list_of_patient(s, clinic.clerk, patient_id)
    )
    return [
        booking
        for booking in bookings_of_patient
        if booking.status is BookingStatus.PENDING
    ]


def test_one_line_more_than_may_be_is_joined_for_a_reason(
    clinic: Clinic, dora: Practice
):
    patient = clinic.register()
    for _ in range(waitlist.MOST_PLACES):
        clinic.write(lambda s: _join_another(s, clinic, patient.id))
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    app.button(key="waiting_join").click().run()

    app.text_input(key="waiting_override_reason").set_value("Sent by three others")
    app.button(key="waiting_join").click()
    app.button(key="waiting_join_confirm").click().run()

    assert clinic.audit("waitlist:join")[-1].reason == "Sent by three others"


def _join_another(session: Session, clinic: Clinic, patient_id: UUID) -> None:
    until = samples.FIRST + MINUTES
    doctor = cast.add_doctor(session)
    wish = WaitRequest(patient_id, samples.FIRST, until, doctor_id=doctor.id)
    waitlist.join(session, clinic.clerk, wish)


def test_who_waited_for_what_is_booked_is_told_to_be_off_the_waiting_list(
    clinic: Clinic, dora: Practice, choose
):
    patient = clinic.register()
    wish = WaitRequest(
        patient.id, samples.FIRST, samples.FIRST + timedelta(days=1), doctor_id=dora.id
    )
    clinic.write(lambda s: waitlist.join(s, clinic.clerk, wish))
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    choose(app, dora.slots[0])

    app.button(key=f"booking_confirm_{latest(clinic, patient.id).id}").click().run()

    assert any("off the waiting list" in caption.value for caption in app.caption)


def test_any_doctor_of_a_speciality_is_booked_at_a_free_time(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    patient = clinic.register()
    dora = clinic.write(
        lambda s: _slots(s, cast.add_doctor(s, speciality="Hepatology"), 1)
    )
    app = clinic.open("book", patient=patient.id)
    app.pills(key="book_speciality").set_value("Hepatology").run()
    (day,) = shown(app, "book_calendar")["days"]
    time = day["times"][0]["id"]

    _choose_of_any(app, monkeypatch, time)

    assert latest(clinic, patient.id).slot_id == dora.slots[0]
    assert latest(clinic, patient.id).status is BookingStatus.PENDING


def test_a_time_of_any_doctor_that_is_gone_is_said_on_top_with_what_is_free_next(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    patient = clinic.register()
    paul = clinic.write(
        lambda s: _slots(s, cast.add_doctor(s, speciality="Proctology"), 2)
    )
    app = clinic.open("book", patient=patient.id)
    app.pills(key="book_speciality").set_value("Proctology").run()
    (day,) = shown(app, "book_calendar")["days"]
    time = day["times"][0]["id"]
    booked(clinic, paul.slots[0], clinic.register().id)

    _choose_of_any(app, monkeypatch, time)

    assert "was just taken" in markdown_of(app)
    assert [b.key for b in app.button if b.key.startswith("booking_next_")] == [
        f"booking_next_{paul.slots[1]}"
    ]
    app.button(key=f"booking_next_{paul.slots[1]}").click().run()
    assert latest(clinic, patient.id).slot_id == paul.slots[1]


def _choose_of_any(app: AppTest, monkeypatch: pytest.MonkeyPatch, time: str) -> None:
    """Choose a time in the calendar of a specialty, which AppTest cannot draw."""
    chosen = [time]
    with monkeypatch.context() as patch:
        patch.setattr(
            any_doctor,
            "slot_calendar",
            lambda *_, **__: chosen.pop() if chosen else None,
        )
        app.run()


def _slots(session: Session, doctor: Doctor, number: int) -> Practice:
    return Practice(
        doctor.id, [samples.slot(session, doctor, n) for n in range(number)]
    )


def test_a_patient_joins_the_waiting_list_and_leaves_it(clinic: Clinic, dora: Practice):
    patient = clinic.register()
    app = clinic.open("doctor", doctor=dora.id, patient=patient.id)
    app.button(key="waiting_join").click().run()
    app.button(key="waiting_join").click()
    app.button(key="waiting_join_confirm").click().run()
    assert app.toast[0].value == "The patient is on the waiting list."

    app = clinic.open("visits", patient=patient.id)
    assert ":material/hourglass_top: **Dora Doctor**, " in markdown_of(app)
    (leave,) = [element for element in app.button if element.label == "Leave the list"]
    leave.click().run()

    assert "Dora Doctor" not in markdown_of(app)


def offered(clinic: Clinic, dora: Practice) -> PatientRecord:
    """Return a patient for whom the waiting list holds a time that was given back."""
    patient = clinic.register()
    visit = booked(clinic, dora.slots[0], clinic.register().id)
    ahead = samples.FIRST - timedelta(days=1), samples.FIRST + timedelta(days=1)
    wish = WaitRequest(patient.id, *ahead, doctor_id=dora.id)
    clinic.write(lambda s: waitlist.join(s, clinic.clerk, wish))
    clinic.write(lambda s: bookings.cancel(s, clinic.clerk, visit.id))
    return patient


def test_an_offer_from_the_waiting_list_stands_among_the_visits_and_stays_on_leaving(
    clinic: Clinic, dora: Practice
):
    patient = offered(clinic, dora)

    app = clinic.open("visits", patient=patient.id)
    (offer,) = _held(clinic, patient.id)
    assert "From the waiting list: " in markdown_of(app)
    countdown = shown(app, f"booking_countdown_{offer.id}_0")
    assert 800 < countdown["seconds_left"] <= 900
    assert countdown["leaving"] == []
    app.switch_page("../pages/home.py").run()
    assert stored(clinic, offer).status is BookingStatus.PENDING

    app.switch_page("../pages/visits/visits.py").run()
    app.button(key=f"booking_confirm_{offer.id}").click().run()
    assert len(rows_of(app, "visits_ahead")) == 1


def test_an_offer_that_ran_out_while_it_was_looked_at_is_said(
    clinic: Clinic, dora: Practice
):
    patient = offered(clinic, dora)
    app = clinic.open("visits", patient=patient.id)
    (offer,) = _held(clinic, patient.id)
    clinic.write(lambda s: samples.let_pass(s, offer, 901))
    clinic.catch_up(app)

    app.button(key=f"booking_confirm_{offer.id}").click().run()

    assert "from the waiting list has expired" in said(app)
    assert stored(clinic, offer).status is BookingStatus.EXPIRED
    assert not app.exception


def test_a_patients_page_shows_the_next_visit(clinic: Clinic, dora: Practice):
    patient = clinic.register()
    booked(clinic, dora.slots[0], patient.id)

    app = clinic.open("patient", patient=patient.id, part="visits")

    assert len(rows_of(app, "patient_visits")) == 1


@pytest.mark.parametrize("page", ["patient", "visits"])
@pytest.mark.parametrize(
    ("status", "said"),
    [("checked-in", "Checked in, waiting 0 min"), ("scheduled", "Booked")],
)
def test_who_waits_or_is_late_still_has_a_visit(
    clinic: Clinic, dora: Practice, page, status, said
):
    patient = clinic.register()
    # Its time is over, but its day is not.
    timestamp = datetime.now(UTC)
    midnight = timestamp.replace(hour=0, minute=0, second=0, microsecond=0)
    begun = max(timestamp - timedelta(hours=2), midnight)
    values = {"status": status}
    if status == "checked-in":
        values["checked_in_at"] = timestamp
    clinic.write(lambda s: visit_samples.visit(s, dora.id, patient.id, begun, **values))

    app = clinic.open(page, patient=patient.id, part="visits")

    (row,) = rows_of(app, "patient_visits" if page == "patient" else "visits_ahead")
    assert said in str(row)
    assert not any("No visit is booked" in shown.value for shown in app.caption)


@pytest.mark.parametrize(
    ("page", "query", "role", "title"),
    [
        ("visits", {}, Role.STAFF, "Patients"),
        ("book", {"patient": "no-id"}, Role.STAFF, "Patients"),
        ("visit", {"visit": "no-id"}, Role.CLINICIAN, "Your day"),
    ],
    ids=["visits", "book", "visit"],
)
def test_an_address_that_names_nobody_says_so_and_leads_to_the_list(
    clinic: Clinic, page, query, role, title
):
    app = clinic.open(page, role, **query)
    assert "matches this address" in app.warning[0].value

    app.button(key="navigation_list").click().run()

    assert app.title[0].value == title
