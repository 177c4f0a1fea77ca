"""A record as it was, beside today's; another database stands in for the past."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from db.models.audit import AuditEvent
from db.models.integrity import RestoreLook as RestoreLookRow
from db.postgres import SYSTEM
from services.backups import looks
from services.backups.looks import RestoreLook, require_same
from services.consultations import notes
from services.core.actors import Role
from services.documents import erasure
from services.patients.care import care
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingRequest
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from tests.conftest import Databases
from tests.kit import cast
from tests.kit.german_pages import left_english
from tests.pages.conftest import Clinic
from tests.pages.patients.point_in_time_samples import (
    LOOKED_AT,
    bring_back,
    kept_open,
    reason_field,
    standing_by,
)
from tests.services.visits import visit_samples

REASON = "Changed the wrong Ada"


@pytest.fixture
def patient(clinic: Clinic) -> PatientRecord:
    return clinic.register(phone_number="+44 20 7946 0000")


@pytest.fixture
def then(
    clinic: Clinic, patient: PatientRecord, databases: Databases, template: str
) -> Iterator[None]:
    """The patient as they were, on a delayed standby."""
    with standing_by(clinic, patient, databases, template):
        yield


def erase(clinic: Clinic, patient: PatientRecord) -> None:
    clinic.wiring.database.write(
        lambda s: erasure.replay_erasures(s, [patient.id]), identity=SYSTEM
    )


def looks_at(clinic: Clinic, patient: PatientRecord) -> list[AuditEvent]:
    return [e for e in clinic.audit("past:read") if e.patient_id == patient.id]


def said(app) -> str:
    return " ".join(str(element.value) for element in (*app.markdown, *app.caption))


def test_without_a_delayed_standby_it_says_how_to_get_one(clinic: Clinic):
    app = clinic.open("past")
    shown = clinic.open("patient", patient=clinic.register().id)

    assert "patient_past" not in {button.key for button in shown.button}
    assert "an administrator can add a delayed standby" in said(app)


@pytest.mark.usefixtures("then")
def test_somebody_is_found_as_of_then(clinic: Clinic, patient: PatientRecord):
    app = clinic.open("past")
    app.text_input(key="past_typed").set_value(patient.last_name).run()

    radio = app.radio(key="past_chosen")
    [option] = radio.options
    assert patient.last_name in option
    assert not looks_at(clinic, patient), "A record was opened that nobody chose."

    radio.set_value(radio.options[0]).run()

    assert "the record is the same today" in said(app)


@pytest.mark.usefixtures("then")
def test_what_is_the_same_needs_no_copy(clinic: Clinic, patient: PatientRecord):
    app = clinic.open("past", patient=patient.id)

    assert "the record is the same today" in said(app)
    assert not app.text_area


@pytest.mark.usefixtures("then")
def test_an_archived_record_comes_back_for_a_reason(
    clinic: Clinic, patient: PatientRecord
):
    clinic.write(lambda s: patients.archive(s, clinic.clerk, patient.id, version=1))
    app = clinic.open("past", patient=patient.id)
    assert "has since been archived" in said(app)

    bring_back(app, "past", "oops")
    assert "of at least 10 characters" in app.error[0].value
    assert clinic.get(patient.id).is_archived
    assert reason_field(app, "past").value == "oops"

    bring_back(app, "past", REASON)
    assert not clinic.get(patient.id).is_archived
    event = clinic.audit("past:copy")[-1]
    assert event.reason == REASON


@pytest.mark.usefixtures("then")
def test_each_field_is_chosen(clinic: Clinic, patient: PatientRecord):
    clinic.edit(patient, phone_number="+44 20 7946 0001", address="Elsewhere 1")
    app = clinic.open("past", patient=patient.id)

    [address] = [element for element in app.radio if "address" in element.key]
    address.set_value(address.options[1])
    bring_back(app, "past", REASON)

    copied = clinic.get(patient.id)
    assert copied.phone_number == "+442079460000"
    assert copied.address == "Elsewhere 1"


@pytest.fixture
def allergic(
    clinic: Clinic, databases: Databases, template: str
) -> Iterator[PatientRecord]:
    """A patient who had an allergy, as on a delayed standby."""
    patient = clinic.register(allergies=("Penicillin V",))
    with standing_by(clinic, patient, databases, template):
        yield patient


def test_of_a_list_both_are_offered_where_neither_has_all(
    clinic: Clinic, allergic: PatientRecord
):
    """A list that had all entries was offered twice, and the second was chosen."""

    def choice(of: PatientRecord):
        app = clinic.open("past", patient=of.id)
        [field] = [each for each in app.radio if "allergies" in (each.key or "")]
        return [str(option) for option in field.options], field.value

    less = clinic.edit(allergic, allergies=())
    assert choice(less) == (["Penicillin V", "Empty"], "left")
    other = clinic.edit(less, allergies=("Latex",))
    assert choice(other) == (["Penicillin V", "Latex", "Penicillin V, Latex"], "left")


@pytest.mark.usefixtures("then")
def test_that_somebody_looked_is_written_down(clinic: Clinic, patient: PatientRecord):
    app = clinic.open("past", Role.STAFF, patient=patient.id)
    app.run()

    assert len(looks_at(clinic, patient)) == 1


@pytest.mark.usefixtures("then")
def test_an_address_that_names_nobody_says_so(clinic: Clinic):
    app = clinic.open("past", patient="nobody")

    assert "No patient matches" in app.warning[0].value


@pytest.mark.usefixtures("then")
def test_who_is_not_found_may_be_looked_for_otherwise(clinic: Clinic):
    app = clinic.open("past")

    app.text_input(key="past_typed").set_value("Zzyzzx").run()

    assert "Try the last name alone" in said(app)
    assert app.text_input(key="past_typed").value == "Zzyzzx"


@pytest.fixture
def look(
    clinic: Clinic, patient: PatientRecord, databases: Databases, template: str
) -> Iterator[RestoreLook]:
    """The patient as they were, opened from backups."""
    with kept_open(clinic, patient, databases, template) as look:
        yield look


@pytest.mark.usefixtures("look")
def test_what_is_open_from_backups_says_of_when_it_is(
    clinic: Clinic, patient: PatientRecord
):
    clinic.write(lambda s: patients.archive(s, clinic.clerk, patient.id, version=1))
    app = clinic.open("past", patient=patient.id)

    assert "the clinic as of 19 Nov 2026, 14:03:07, from backups" in said(app)
    assert "has since been archived" in said(app)
    bring_back(app, "past", REASON)

    assert not clinic.get(patient.id).is_archived
    [read] = looks_at(clinic, patient)
    copied = clinic.audit("past:copy")[-1]
    then = "2026-11-19T14:03:07+00:00"
    assert (read.details["as_of"], copied.details["as_of"]) == (then, then)


@pytest.mark.usefixtures("look")
def test_the_page_of_a_patient_leads_to_what_is_open(
    clinic: Clinic, patient: PatientRecord
):
    shown = clinic.open("patient", patient=patient.id)

    assert "patient_past" in {button.key for button in shown.button}


@pytest.mark.usefixtures("look", "then")
def test_where_there_are_two_the_person_chooses(clinic: Clinic, patient: PatientRecord):
    app = clinic.open("past", patient=patient.id)
    assert "from backups" in said(app)

    app.segmented_control(key="past_source").set_value("standby").run()

    assert "from backups" not in said(app)
    assert "the record is the same today" in said(app)


def test_another_server_at_its_port_shows_nobody(
    clinic: Clinic, look: RestoreLook, patient: PatientRecord, monkeypatch
):
    monkeypatch.setattr(looks, "require_same", require_same)

    app = clinic.open("past", patient=patient.id)

    assert "no longer open" in app.warning[0].value
    assert not looks_at(clinic, patient)


@pytest.mark.usefixtures("look")
def test_whom_the_clinic_has_erased_since_nobody_finds(
    clinic: Clinic, patient: PatientRecord
):
    erase(clinic, patient)

    searched = clinic.open("past")
    searched.text_input(key="past_typed").set_value(patient.last_name).run()
    named = clinic.open("past", patient=patient.id)

    assert "No patient was found at that time" in said(searched)
    assert "There is no such patient" in named.warning[0].value
    assert not looks_at(clinic, patient)


@pytest.mark.usefixtures("look")
def test_a_clinician_finds_nobody_whom_they_do_not_treat_today(
    clinic: Clinic, patient: PatientRecord
):
    app = clinic.open("past", Role.CLINICIAN, patient=patient.id)

    assert "There is no such patient" in app.warning[0].value
    assert not looks_at(clinic, patient)


@pytest.mark.usefixtures("look")
def test_to_look_keeps_it_open(clinic: Clinic, patient: PatientRecord):
    before = datetime.now(UTC) - timedelta(minutes=30)
    used = update(RestoreLookRow).values(used_at=before)
    clinic.wiring.database.write(lambda s: s.execute(used).rowcount, identity=SYSTEM)

    clinic.open("past", patient=patient.id)

    look = clinic.wiring.database.read_latest(looks.unended_look, identity=SYSTEM).value
    assert look.used_at > before + timedelta(minutes=29)


@pytest.fixture
def booked(
    clinic: Clinic, patient: PatientRecord, databases: Databases, template: str
) -> Iterator[RestoreLook]:
    """The clinic opened from backups, with a visit of the patient gone today."""

    def book(session):
        doctor = cast.add_doctor(session, name="Dr. Then")
        visit_samples.visit(session, doctor.id, patient.id, LOOKED_AT, note="A cough")

    with kept_open(clinic, patient, databases, template, book) as look:
        yield look


@pytest.mark.usefixtures("booked")
def test_a_visit_that_is_gone_is_shown_with_what_to_do(
    clinic: Clinic, patient: PatientRecord
):
    app = clinic.open("past", patient=patient.id)
    [label] = app.radio(key="past_visit").options
    assert "Dr. Then" in label
    assert "gone today" in label

    app.radio(key="past_visit").set_value(label).run()

    assert [element.value for element in app.text] == ["A cough"]
    assert "write them at another visit" in said(app)
    assert "past_visit_book" in {button.key for button in app.button}
    [read] = [e for e in clinic.audit("visit:read") if e.patient_id == patient.id]
    assert read.details["as_of"] == "2026-11-19T14:03:07+00:00"


@pytest.fixture
def two_to_come(
    clinic: Clinic, patient: PatientRecord, databases: Databases, template: str
) -> Iterator[RestoreLook]:
    """The clinic opened from backups, with two future visits that are gone today."""

    def book(session):
        doctor = cast.add_doctor(session, name="Dr. Then")
        for hours in (30, 40):
            begins_at = visit_samples.soon(hours * 60)
            visit_samples.visit(session, doctor.id, patient.id, begins_at)

    with kept_open(clinic, patient, databases, template, book) as look:
        yield look


@pytest.mark.usefixtures("two_to_come")
def test_why_one_visit_comes_back_is_no_reason_for_the_next(
    clinic: Clinic, patient: PatientRecord
):
    app = clinic.open("past", patient=patient.id)
    first, second = app.radio(key="past_visit").options
    app.radio(key="past_visit").set_value(first).run()
    bring_back(app, "past_visit", "oops")
    assert reason_field(app, "past_visit").value == "oops"

    app.radio(key="past_visit").set_value(second).run()

    assert reason_field(app, "past_visit").value == ""


@pytest.fixture
def checked_in(
    clinic: Clinic, patient: PatientRecord, databases: Databases, template: str
) -> Iterator[VisitRecord]:
    """A visit of today: booked in the clinic from backups, checked in since."""
    begins_at = visit_samples.soon(-5)

    def book(session):
        doctor = cast.add_doctor(session, id=doctor_id, name="Dr. Then")
        given = session, doctor.id, patient.id, begins_at
        return visit_samples.visit(*given, id=visit_id)

    doctor_id, visit_id = uuid4(), uuid4()
    clinic.write(book)
    with kept_open(clinic, patient, databases, template, book):
        yield clinic.write(lambda s: appointments.check_in(s, clinic.clerk, visit_id))


def choose_visit(app):
    radio = app.radio(key="past_visit")
    radio.set_value(radio.options[0]).run()
    return app


def test_a_state_is_set_back_for_a_reason(
    clinic: Clinic, patient: PatientRecord, checked_in: VisitRecord
):
    app = choose_visit(clinic.open("past", patient=patient.id))
    assert "in a different state today" in app.radio(key="past_visit").options[0]

    bring_back(app, "past_visit", "oops")
    assert "of at least 10 characters" in app.error[0].value
    bring_back(app, "past_visit", REASON)

    visit = clinic.read(lambda s: appointments.get(s, clinic.clerk, checked_in.id))
    assert visit.status is VisitStatus.SCHEDULED
    [event] = [e for e in clinic.audit("past:copy-visit") if e.reason == REASON]
    assert event.details["as_of"] == "2026-11-19T14:03:07+00:00"


def test_how_a_state_is_set_back_is_told_in_german(
    clinic: Clinic, patient: PatientRecord, checked_in: VisitRecord
):
    clinic.speak_german(Role.STAFF)

    app = choose_visit(clinic.open("past", patient=patient.id))

    assert left_english(app) == set()


@pytest.fixture
def written(
    clinic: Clinic, patient: PatientRecord, databases: Databases, template: str
) -> Iterator[UUID]:
    """A visit with other notes today, whose clinician treats the patient both times.

    What was written then is in the clinic opened from backups.
    """
    dora, doctor_id, visit_id = clinic.cast[Role.CLINICIAN], uuid4(), uuid4()

    def write(session, complaint):
        care.assign(session, clinic.clerk, patient.id, dora.id)
        doctor = cast.add_doctor(session, id=doctor_id, name="Dr. Then")
        given = session, doctor.id, patient.id, LOOKED_AT
        visit_samples.visit(*given, id=visit_id, status="completed")
        notes.save(session, dora, visit_id, {"complaint": complaint}, number=0)

    def write_then(session):
        cast.add_account(session, Role.CLINICIAN, id=dora.id)
        write(session, "Headache")

    clinic.write(lambda s: write(s, "Overwritten"))
    with kept_open(clinic, patient, databases, template, write_then):
        yield visit_id


def test_notes_come_back_in_the_name_of_whoever_brings_them_back(
    clinic: Clinic, patient: PatientRecord, written: UUID
):
    app = choose_visit(clinic.open("past", Role.CLINICIAN, patient=patient.id))
    shown = [element.value for element in app.text]
    assert (shown.count("Headache"), shown.count("Overwritten")) == (1, 1)
    assert "The visit itself is the same today." in said(app)
    assert "Nothing to bring back" not in said(app)

    bring_back(app, "past_notes", REASON)

    dora = clinic.cast[Role.CLINICIAN]
    [kept, before] = clinic.write(lambda s: notes.list_versions(s, dora, written))
    assert (kept.notes.complaint, kept.author_id) == ("Headache", dora.id)
    assert (kept.as_of, before.as_of) == (LOOKED_AT, None)


@pytest.mark.parametrize("today", ["Headache", "Overwritten"])
def test_notes_of_a_visit_that_was_moved_since_are_those_of_its_new_time(
    clinic: Clinic,
    patient: PatientRecord,
    databases: Databases,
    template: str,
    today: str,
):
    dora, doctor_id, visit_id = clinic.cast[Role.CLINICIAN], uuid4(), uuid4()
    begins_at = visit_samples.soon(30 * 60)

    def write(session, complaint):
        care.assign(session, clinic.clerk, patient.id, dora.id)
        doctor = cast.add_doctor(session, id=doctor_id, name="Dr. Then")
        given = session, doctor.id, patient.id, begins_at
        visit_samples.visit(*given, id=visit_id)
        notes.save(session, dora, visit_id, {"complaint": complaint}, number=0)

    def write_then(session):
        cast.add_account(session, Role.CLINICIAN, id=dora.id)
        write(session, "Headache")

    def move(session):
        write(session, today)
        there = visit_samples.slot(session, doctor_id, begins_at + timedelta(days=1))
        visit = appointments.look_up(session, clinic.clerk, visit_id)
        request = BookingRequest(
            there, patient.id, uuid4(), replaces_id=visit.booking_id
        )
        return bookings.move(session, clinic.clerk, request).appointment_id

    moved = clinic.write(move)
    with kept_open(clinic, patient, databases, template, write_then):
        app = choose_visit(clinic.open("past", Role.CLINICIAN, patient=patient.id))
        shown = said(app)
        if today != "Headache":
            bring_back(app, "past_notes", REASON)

    assert "not brought back" not in shown
    assert ("Its notes are the same today." in shown) == (today == "Headache")
    kept = clinic.write(lambda s: notes.list_versions(s, dora, moved))
    assert kept[0].notes.complaint == "Headache"


@pytest.mark.usefixtures("written")
def test_how_notes_come_back_is_told_in_german(clinic: Clinic, patient: PatientRecord):
    clinic.speak_german(Role.CLINICIAN)

    app = choose_visit(clinic.open("past", Role.CLINICIAN, patient=patient.id))

    assert left_english(app) <= {"Headache", "Overwritten"}


@pytest.mark.usefixtures("booked")
def test_all_of_it_is_german(clinic: Clinic, patient: PatientRecord):
    clinic.speak_german(Role.STAFF)
    app = clinic.open("past", patient=patient.id)

    app.radio(key="past_visit").set_value(app.radio(key="past_visit").options[0]).run()

    assert left_english(app) == set()
