"""A visit in the consulting room: shown, written, kept, saved, completed."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest
from sqlalchemy import update

from dashboard.consultations.notes.completing import next_of
from dashboard.ui.clock import midnight, today
from db.models.booking import Appointment
from db.models.doctor import Doctor
from db.mongo.draft_store import DraftStore, DraftsUnavailable
from db.postgres import DatabaseUnavailable
from services.consultations import notes as medical_records
from services.consultations.notes import NotesDraft, save_draft
from services.core.actor_database import ActorDatabase
from services.core.actors import Role
from services.patients.care import care
from services.patients.records import patients
from services.visits.booking import bookings
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from tests.kit import cast
from tests.services.visits import visit_samples
from tests.services.visits.booking.bookings import samples

PAGE = "visit"
CLINICIAN = Role.CLINICIAN
BEGAN = datetime.now(UTC).replace(microsecond=0)
_PLACES = count()


@pytest.fixture
def ada(clinic):
    patient = clinic.register(allergies=("Penicillin",), medical_history=("Asthma",))
    clinic.write(
        lambda s: care.assign(s, clinic.clerk, patient.id, clinic.cast[CLINICIAN].id)
    )
    return patient


@pytest.fixture
def visit(clinic, ada, doctor_id):
    return _visit(clinic, ada, doctor_id)


def _visit(clinic, patient, doctor_id, *, days_ago=0, status="checked-in", **values):
    """Add a visit of today or of some days ago, each at a time of its own."""
    # From the end of the day backwards: all are on this day, whatever the time is now.
    latest = midnight(today() - timedelta(days=days_ago)) + timedelta(hours=23.5)
    starts_at = latest - timedelta(minutes=20 * next(_PLACES))
    if status == "checked-in":
        values = {"checked_in_at": datetime.now(UTC)} | values
    return clinic.write(
        lambda s: visit_samples.visit(
            s, doctor_id, patient.id, starts_at, status=status, **values
        )
    )


def opened(clinic, visit_id, role=CLINICIAN):
    return clinic.open(PAGE, role, visit=visit_id)


def field(app, name):
    """Return the widget of a field of the notes."""
    key = f"{PAGE}_field_{name}"
    widgets = (*app.text_area, *app.text_input)
    return next(widget for widget in widgets if widget.key == key)


def type_in(app, **typed):
    for name, text in typed.items():
        field(app, name).set_value(text)
    return app.run()


def press(app, name):
    return app.button(key=f"{PAGE}_{name}").click().run()


def notes_of(clinic, visit_id):
    """Return the saved notes, as the clinician reads them."""
    actor = clinic.cast[CLINICIAN]
    record = clinic.write(lambda s: medical_records.find(s, actor, visit_id))
    return record.latest.notes if record else None


def save_as_another(clinic, visit_id, number=0, **typed):
    """Save notes as a colleague in another room does."""
    colleague = clinic.cast[CLINICIAN]
    return clinic.write(
        lambda s: medical_records.save(s, colleague, visit_id, typed, number=number)
    )


def said(app):
    return " ".join(
        element.value for element in (*app.markdown, *app.caption, *app.text)
    )


def drafts(clinic, visit_id):
    draft_store, actor = clinic.wiring.drafts, clinic.cast[CLINICIAN]
    return [
        record.draft
        for record in medical_records.list_drafts(draft_store, actor, visit_id)
    ]


def test_the_prescription_is_below_the_notes_however_long_the_history_is(clinic, visit):
    app = opened(clinic, visit)

    columns = [[each.value for each in column.subheader] for column in app.columns]
    assert ["Notes", "Prescription"] in columns
    assert ["History"] in columns


def test_allergies_come_first_then_what_is_known_and_why_they_come(
    clinic, ada, doctor_id
):
    visit_id = _visit(clinic, ada, doctor_id, note="Cough for a week")

    app = opened(clinic, visit_id)

    shown = said(app)
    assert shown.index("Penicillin") < shown.index("Born") < shown.index("Asthma")
    assert "Cough for a week" in shown
    assert app.info[0].value.startswith("Checked in, ")


def test_a_long_wait_is_told_in_hours(clinic, ada, doctor_id):
    since = datetime.now(UTC) - timedelta(minutes=72, seconds=5)
    visit_id = _visit(clinic, ada, doctor_id, checked_in_at=since)

    app = opened(clinic, visit_id)

    assert app.info[0].value == "Checked in, waiting for 1 h 12 min."


def test_from_typing_to_a_saved_version(clinic, visit):
    app = opened(clinic, visit)
    type_in(app, complaint="Headache", pulse="72", diagnoses="R51 Headache")

    press(app, "save")

    assert "Version 1 of the notes is saved." in [
        element.value for element in app.toast
    ]
    notes = notes_of(clinic, visit)
    assert (notes.complaint, notes.vitals.pulse) == ("Headache", 72)
    assert notes.diagnoses[0].code == "R51"
    assert field(app, "complaint").value == "Headache"
    assert drafts(clinic, visit) == []


def test_the_form_begins_with_what_is_saved(clinic, visit):
    save_as_another(clinic, visit, complaint="Cough", weight="70.5")

    app = opened(clinic, visit)

    assert field(app, "complaint").value == "Cough"
    assert field(app, "weight").value == "70.5"


def test_what_cannot_be_is_refused_beside_the_field_until_it_is_corrected(
    clinic, visit
):
    app = opened(clinic, visit)
    type_in(app, complaint="Fever", temperature="376", pulse="fast")

    press(app, "save")

    assert app.error[0].value.startswith("Nothing was saved")
    assert "Temperature must be between 25 and 45 °C" in said(app).replace("\\", "")
    assert field(app, "temperature").value == "376"
    type_in(app, temperature="37.6")
    assert "Temperature must" not in said(app)
    assert "Pulse must be a number" in said(app)
    type_in(app, pulse="90")
    press(app, "save")
    assert notes_of(clinic, visit).vitals.temperature == 37.6


def test_what_is_typed_is_kept_and_offered_after_a_new_sign_in(clinic, visit):
    app = opened(clinic, visit)
    type_in(app, complaint="Half a sen", pulse="not yet")
    assert any("Draft saved at" in element.value for element in app.caption)

    again = opened(clinic, visit)
    assert field(again, "complaint").value == ""
    (offer,) = [b for b in again.button if "_continue_" in b.key]
    assert offer.label == "Continue draft from a moment ago"
    offer.click().run()

    assert field(again, "complaint").value == "Half a sen"
    assert field(again, "pulse").value == "not yet"
    assert not [b for b in again.button if "_continue_" in b.key]


def test_what_is_typed_before_a_visit_is_offered_where_it_is_moved_to(
    clinic, ada, doctor_id
):
    first = clinic.write(lambda s: _booked(s, clinic, ada, doctor_id))
    app = opened(clinic, first.appointment_id)
    type_in(app, complaint="To be asked")
    second = clinic.write(lambda s: _moved(s, clinic, first))
    third = clinic.write(lambda s: _moved(s, clinic, second))

    again = opened(clinic, third.appointment_id)
    (offer,) = [b for b in again.button if "_continue_" in b.key]
    offer.click().run()

    assert field(again, "complaint").value == "To be asked"


def _booked(session, clinic, patient, doctor_id):
    slot = samples.slot(session, session.get_one(Doctor, doctor_id))
    held = samples.hold(session, clinic.clerk, slot, patient.id)
    return bookings.confirm(session, clinic.clerk, held.id)


def _moved(session, clinic, visit):
    doctor = session.get_one(Doctor, visit.doctor_id)
    there = samples.slot(session, doctor, starts_at=visit.ends_at)
    return samples.move(session, clinic.clerk, visit.id, there, uuid4())


def test_a_draft_can_be_discarded(clinic, visit):
    type_in(opened(clinic, visit), complaint="Wrong patient")
    app = opened(clinic, visit)

    (offer,) = [b for b in app.button if "_discard_" in b.key]
    offer.click().run()

    assert drafts(clinic, visit) == []
    assert not [b for b in app.button if "_discard_" in b.key]


def test_a_draft_that_was_overtaken_comes_back_beside_what_was_saved(clinic, visit):
    type_in(opened(clinic, visit), complaint="Mine", plan="My plan")
    save_as_another(clinic, visit, complaint="Theirs", findings="Their findings")

    app = opened(clinic, visit)
    next(b for b in app.button if "_continue_" in b.key).click().run()

    assert field(app, "complaint").value == "Mine"
    assert field(app, "plan").value == "My plan"
    assert field(app, "findings").value == "Their findings"
    assert "Theirs" in said(app)
    press(app, "save")
    assert notes_of(clinic, visit).complaint == "Mine"


def test_in_two_tabs_nothing_of_either_is_lost(clinic, visit):
    save_as_another(clinic, visit, complaint="Before", plan="Before")
    first, second = opened(clinic, visit), opened(clinic, visit)
    type_in(first, complaint="First tab", findings="Seen in the first")
    type_in(second, complaint="Second tab", plan="Plan of the second")
    press(first, "save")

    clinic.catch_up(second)
    press(second, "save")

    assert "Nothing you typed is lost" in second.warning[0].value
    assert field(second, "complaint").value == "Second tab"
    assert field(second, "findings").value == "Seen in the first"
    assert "First tab" in said(second)
    press(second, "take_complaint")
    press(second, "save")
    notes = notes_of(clinic, visit)
    assert (notes.complaint, notes.findings, notes.plan) == (
        "First tab",
        "Seen in the first",
        "Plan of the second",
    )


def test_a_field_that_only_one_of_two_changed_raises_no_question(clinic, visit):
    save_as_another(clinic, visit, complaint="Before")
    app = opened(clinic, visit)
    type_in(app, complaint="Mine")
    save_as_another(clinic, visit, 1, complaint="Before", plan="Theirs")

    clinic.catch_up(app)
    press(app, "save")

    assert not [b for b in app.button if "_take_" in b.key]
    assert field(app, "plan").value == "Theirs"
    press(app, "save")
    assert notes_of(clinic, visit).complaint == "Mine"


def test_while_the_database_changes_hands_the_form_stays_and_is_saved_later(
    clinic, visit, monkeypatch
):
    app = opened(clinic, visit)
    type_in(app, complaint="Typed before the failover")

    def refuse(*_, **__):
        raise DatabaseUnavailable("changing hands")

    with monkeypatch.context() as patch:
        for name in ("write", "read"):
            patch.setattr(ActorDatabase, name, refuse)
        app.session_state["chartroom_kept"] = None
        press(app, "save")
        assert any("failover in progress" in element.value for element in app.warning)
        assert field(app, "complaint").value == "Typed before the failover"
        type_in(app, plan="Typed meanwhile")
        assert field(app, "plan").value == "Typed meanwhile"
    assert drafts(clinic, visit)[0].typed["plan"] == "Typed meanwhile"
    press(app, "save")

    assert notes_of(clinic, visit).plan == "Typed meanwhile"


def test_without_the_store_of_drafts_the_page_works_and_says_so(
    clinic, visit, monkeypatch
):
    def refuse(*_, **__):
        raise DraftsUnavailable

    for name in ("save", "list_of", "delete"):
        monkeypatch.setattr(DraftStore, name, refuse)
    app = opened(clinic, visit)
    type_in(app, complaint="Headache")

    assert any(
        "could not be saved just now" in element.value for element in app.caption
    )
    press(app, "save")
    assert notes_of(clinic, visit).complaint == "Headache"


def test_completing_saves_what_is_typed_and_ends_the_visit(clinic, visit):
    app = opened(clinic, visit)
    type_in(app, complaint="Headache")

    press(app, "complete")
    assert "saved as version 1" in said(app)
    press(app, "complete_now")

    after = clinic.write(lambda s: appointments.get(s, clinic.clerk, visit))
    assert after.status is appointments.VisitStatus.COMPLETED
    assert notes_of(clinic, visit).complaint == "Headache"
    assert "complete" not in [b.key for b in app.button]


def test_what_cannot_be_saved_completes_nothing(clinic, visit):
    app = opened(clinic, visit)
    type_in(app, pulse="fast")

    press(press(app, "complete"), "complete_now")

    after = clinic.write(lambda s: appointments.get(s, clinic.clerk, visit))
    assert after.status is appointments.VisitStatus.CHECKED_IN
    assert "Pulse must be a number" in said(app)


def test_whom_the_desk_forgot_to_check_in_is_checked_in_with_it(clinic, ada):
    # A doctor without other visits: it was within the last hours, whatever day that
    # was.
    doctor_id = clinic.write(cast.add_doctor).id
    starts_at = BEGAN - timedelta(hours=1)
    visit_id = clinic.write(
        lambda s: visit_samples.visit(
            s, doctor_id, ada.id, starts_at, status="scheduled"
        )
    )

    press(press(opened(clinic, visit_id), "complete"), "complete_now")

    after = clinic.write(lambda s: appointments.get(s, clinic.clerk, visit_id))
    assert after.checked_in_at is not None
    assert after.status is appointments.VisitStatus.COMPLETED


def test_of_a_cancelled_visit_nothing_is_saved_and_nothing_is_lost(clinic, visit):
    app = opened(clinic, visit)
    type_in(app, complaint="Headache")
    cancelled = update(Appointment).where(Appointment.id == visit)
    clinic.write(
        lambda s: s.execute(
            cancelled.values(status="cancelled", cancelled_at=datetime.now(UTC))
        )
    )

    press(app, "save")

    assert any("did not take place" in element.value for element in app.error)
    assert field(app, "complaint").value == "Headache"
    assert drafts(clinic, visit)[0].typed["complaint"] == "Headache"


def test_an_archived_record_says_so_before_anything_is_typed(clinic, visit, ada):
    clinic.write(lambda s: patients.archive(s, clinic.clerk, ada.id, version=1))

    app = opened(clinic, visit)

    assert app.warning[0].value.startswith("This record is archived. Until somebody")


def test_similar_earlier_notes_are_shown_beside_what_is_typed(
    clinic, ada, doctor_id, visit
):
    before = _visit(clinic, ada, doctor_id, days_ago=30, status="completed")
    save_as_another(clinic, before, complaint="Migraine", plan="Dark room")
    app = opened(clinic, visit)
    app.session_state["visit_tabs"] = ":gray[Similar]"
    app.run()
    assert "Type a complaint" in said(app)

    type_in(app, complaint="Migraine again")

    assert "Shares: migraine" in said(app)
    assert "Dark room" in said(app)


def test_measurements_of_earlier_visits_are_a_chart_and_a_table(
    clinic, ada, doctor_id, visit
):
    first = _visit(clinic, ada, doctor_id, days_ago=60, status="completed")
    before = _visit(clinic, ada, doctor_id, days_ago=30, status="completed")
    save_as_another(clinic, first, systolic="140", diastolic="90")
    save_as_another(clinic, before, systolic="130", diastolic="85", pulse="70")
    save_as_another(clinic, visit, systolic="120", temperature="39", diastolic="80")
    app = opened(clinic, visit)

    app.session_state["visit_tabs"] = ":gray[Measured]"
    app.run()

    assert app.selectbox(key="visit_vital").options == ["Blood pressure", "Pulse"]
    (chart,) = app.get("vega_lite_chart")
    assert "130 / 85 mmHg" in chart.proto.alt
    table = app.table[0].value
    assert "140 / 90 mmHg (high)" in table.to_string()
    # Today's values are being written, and are in the form.
    assert "120 / 80" not in table.to_string()
    assert any(
        "systolic pressure 90 to 139 mmHg; diastolic pressure 60 to 89" in said.value
        for said in app.caption
    )


def test_the_time_of_a_measurement_is_written_in_24_hours(
    clinic, ada, doctor_id, visit
):
    before = _visit(clinic, ada, doctor_id, days_ago=30, status="completed")
    save_as_another(clinic, before, pulse="70")
    app = opened(clinic, visit)
    app.session_state["visit_tabs"] = ":gray[Measured]"
    app.run()

    (chart,) = app.get("vega_lite_chart")

    formats = re.findall(r'"format": ?"([^"]+)"', chart.proto.spec)
    assert "%-d %b %Y, %H:%M" in formats
    assert not any("%I" in spelt for spelt in formats)


def test_a_measurement_that_never_changes_is_not_more_exact_on_its_axis(
    clinic, ada, doctor_id, visit
):
    before = _visit(clinic, ada, doctor_id, days_ago=30, status="completed")
    save_as_another(clinic, before, height="163.4")
    app = opened(clinic, visit)
    app.session_state["visit_tabs"] = ":gray[Measured]"
    app.run()

    (chart,) = app.get("vega_lite_chart")

    # Left alone, Vega writes 163.400000.
    assert {",.1~f", "163.4 cm"} <= {
        *re.findall(r'"format": ?"([^"]+)"', chart.proto.spec),
        *re.findall(r"[0-9.]+ cm", chart.proto.alt),
    }


def test_earlier_visits_are_listed_whatever_is_typed(clinic, ada, doctor_id, visit):
    before = _visit(clinic, ada, doctor_id, days_ago=30, status="completed")
    silent = _visit(clinic, ada, doctor_id, days_ago=60, status="completed", note="Flu")
    missed = _visit(clinic, ada, doctor_id, days_ago=90, status="no-show", note="Never")
    assert silent != missed
    save_as_another(clinic, before, complaint="Migraine", diagnoses="G43 Migraine")

    shown = said(opened(clinic, visit))

    assert "**G43** Migraine" in shown
    assert "Flu" in shown
    assert "No notes were saved" in shown
    assert "Never" not in shown


def test_a_first_visit_says_so(clinic, visit):
    assert "first visit here" in said(opened(clinic, visit))


@pytest.mark.parametrize("part", ["timeline", "folder_open"])
def test_the_rest_of_the_chart_is_one_click_away_and_nothing_typed_is_lost(
    clinic, ada, visit, part
):
    app = opened(clinic, visit)
    type_in(app, complaint="Headache")

    press(app, f"to_{part}")

    named = {"timeline": "time-line", "folder_open": "documents"}[part]
    assert app.title[0].value == f"{ada.last_name}, {ada.first_name}"
    assert app.query_params["part"] in (named, [named])
    assert drafts(clinic, visit)[0].typed["complaint"] == "Headache"


def test_after_completing_the_next_patient_of_the_day_is_offered(
    clinic, ada, visit, doctor_id
):
    now = datetime.now(UTC)
    app = opened(clinic, visit)
    assert "visit_next_patient" not in {button.key for button in app.button}
    waiting = _visit(clinic, ada, doctor_id, note="Comes next", checked_in_at=now)

    press(app, "complete")
    app.button(key="visit_complete_now").click().run()
    app.button(key="visit_next_patient").click().run()

    assert "Comes next" in said(app)
    assert app.query_params["visit"] in (str(waiting), [str(waiting)])


def test_whoever_waits_comes_before_whoever_is_expected():
    def at_hour(hour, status):
        times = (BEGAN.replace(hour=hour), BEGAN.replace(hour=hour + 1))
        who = (uuid4(), cast.DOCTOR_DORA.name, "Cardiology", None, uuid4(), "Ada")
        rest = ("7K2MD9QX4T", "", 1, None, None, None)
        return VisitRecord(uuid4(), uuid4(), *who, *times, status, *rest)

    waits = at_hour(12, VisitStatus.CHECKED_IN)
    expected = at_hour(10, VisitStatus.SCHEDULED)
    over = at_hour(8, VisitStatus.COMPLETED)

    assert next_of([expected, waits, over]) is waits
    assert next_of([expected, over]) is expected
    assert next_of([over]) is None


def test_a_diagnosis_is_found_by_search_and_becomes_a_line(clinic, visit):
    app = opened(clinic, visit)
    type_in(app, diagnoses="Tired")

    app.selectbox(key="visit_diagnosis_search").set_value("R05").run()

    assert field(app, "diagnoses").value == "Tired\nR05 Cough"
    assert app.selectbox(key="visit_diagnosis_search").value is None
    assert drafts(clinic, visit)[0].typed["diagnoses"] == "Tired\nR05 Cough"
    press(app, "save")
    codes = [diagnosis.code for diagnosis in notes_of(clinic, visit).diagnoses]
    assert codes == ["", "R05"]


def test_misspelt_words_are_said_to_be_uncoded_and_offered_their_code(clinic, visit):
    app = opened(clinic, visit)
    type_in(app, diagnoses="I10 High blood pressure\ncogh")
    assert "Uncoded: cogh" in said(app)
    assert "Uncoded: I10" not in said(app)
    (offered,) = (button for button in app.button if button.label == "Cough (R05)")

    offered.click().run()

    assert field(app, "diagnoses").value == "I10 High blood pressure\nR05 Cough"
    assert "Uncoded" not in said(app)


def test_words_without_a_code_can_be_kept(clinic, visit):
    app = opened(clinic, visit)
    type_in(app, diagnoses="Homesick for Vulcan")

    press(app, "save")

    (kept,) = notes_of(clinic, visit).diagnoses
    assert (kept.code, kept.text) == ("", "Homesick for Vulcan")


def test_an_earlier_version_comes_back_into_the_form_and_no_draft_is_lost(
    clinic, visit
):
    save_as_another(clinic, visit, complaint="First")
    save_as_another(clinic, visit, 1, complaint="Second")
    app = opened(clinic, visit)
    type_in(app, complaint="Third, not saved")
    app.session_state["visit_tabs"] = ":gray[Versions]"
    app.run()

    press(app, "bring_back_1")

    assert field(app, "complaint").value == "First"
    assert notes_of(clinic, visit).complaint == "Second"
    kept = {draft.typed["complaint"] for draft in drafts(clinic, visit)}
    assert "Third, not saved" in kept


def test_what_was_typed_about_one_visit_never_stays_for_another(
    clinic, visit, doctor_id
):
    other = clinic.register()
    clinic.write(
        lambda s: care.assign(s, clinic.clerk, other.id, clinic.cast[CLINICIAN].id)
    )
    elsewhere = _visit(clinic, other, doctor_id)
    app = opened(clinic, visit)
    type_in(app, complaint="Adas own")

    clinic.catch_up(app).query_params["visit"] = str(elsewhere)
    app.run()

    assert field(app, "complaint").value == ""
    assert drafts(clinic, elsewhere) == []
    assert drafts(clinic, visit)[0].typed["complaint"] == "Adas own"


def test_what_was_refused_about_one_visit_is_not_held_against_the_next(
    clinic, ada, doctor_id, visit
):
    app = type_in(opened(clinic, visit), pulse="fast")
    press(app, "save")
    assert "Pulse must be a number" in said(app)
    elsewhere = _visit(clinic, ada, doctor_id)

    clinic.catch_up(app).query_params["visit"] = str(elsewhere)
    app.run()

    assert "write something first" not in said(app)
    clinic.catch_up(app).query_params["visit"] = str(visit)
    app.run()
    assert "write something first" not in said(app)


@pytest.mark.parametrize("role", [Role.STAFF, Role.PATIENT, Role.ANALYST, Role.ADMIN])
def test_only_clinicians_open_the_consulting_room(clinic, visit, role):
    app = clinic.go_to_address("visit", role)

    assert "You may not write the records of visits" in app.error[0].value


def test_an_address_that_names_no_visit_is_explained(clinic):
    app = opened(clinic, "nonsense")

    assert app.warning[0].value.startswith("No visit matches this address")


def test_somebody_elses_patient_is_opened_for_a_reason_only(clinic, doctor_id):
    stranger = clinic.register()
    visit_id = _visit(clinic, stranger, doctor_id)

    app = opened(clinic, visit_id)

    assert app.text_input(key="break_glass_search").value == str(stranger.id)


def test_what_was_typed_until_the_treatment_ended_is_kept_as_a_draft(
    clinic, ada, visit
):
    doctor, app = clinic.cast[CLINICIAN], opened(clinic, visit)
    clinic.write(lambda s: care.end(s, clinic.clerk, ada.id, doctor.id))

    field(app, "complaint").set_value("Half a note")
    press(clinic.catch_up(app), "save")

    assert "no longer do, so the record is closed to you" in app.info[0].value
    clinic.write(lambda s: care.assign(s, clinic.clerk, ada.id, doctor.id))
    assert notes_of(clinic, visit) is None
    (draft,) = drafts(clinic, visit)
    assert draft.typed["complaint"] == "Half a note"


def test_drafts_are_the_authors_own(clinic, visit):
    draft_store, colleague = clinic.wiring.drafts, clinic.cast[CLINICIAN]
    draft = NotesDraft(visit, visit, 0, {"complaint": "Not yours"})
    save_draft(draft_store, replace(colleague, id=uuid4()), draft)

    app = opened(clinic, visit)

    assert not [b for b in app.button if "_continue_" in b.key]


def test_who_has_already_typed_is_told_of_others_only_when_they_save(clinic, visit):
    app = opened(clinic, visit)
    type_in(app, complaint="Mine")
    save_as_another(clinic, visit, complaint="Theirs")
    app.session_state["chartroom_kept"] = None

    press(clinic.catch_up(app), "save")

    assert "Nothing you typed is lost" in app.warning[0].value
    assert notes_of(clinic, visit).complaint == "Theirs"


def test_as_long_as_nothing_is_typed_the_form_follows_what_others_save(clinic, visit):
    app = opened(clinic, visit)
    save_as_another(clinic, visit, complaint="Theirs")
    app.session_state["chartroom_kept"] = None

    clinic.catch_up(app).run()

    assert field(app, "complaint").value == "Theirs"
