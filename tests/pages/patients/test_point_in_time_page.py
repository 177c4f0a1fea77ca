"""A record as it was, beside today's; another database stands in for the past."""

from collections.abc import Iterator
from datetime import date

import pytest

from db.models.audit import AuditEvent
from services.core.actors import Role
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from tests.conftest import Databases
from tests.pages.conftest import Clinic
from tests.pages.patients.point_in_time_samples import standing_by

TODAY = date(2026, 11, 20)
REASON = "Changed the wrong Ada"


@pytest.fixture
def patient(clinic: Clinic) -> PatientRecord:
    return clinic.register(phone_number="+44 20 7946 0000")


@pytest.fixture
def then(
    clinic: Clinic, patient: PatientRecord, databases: Databases, template: str
) -> Iterator[None]:
    """The patient as they were, on a standby of the past."""
    with standing_by(clinic, patient, databases, template):
        yield


def looks_at(clinic: Clinic, patient: PatientRecord) -> list[AuditEvent]:
    return [e for e in clinic.audit("past:read") if e.patient_id == patient.id]


def said(app) -> str:
    return " ".join(str(element.value) for element in (*app.markdown, *app.caption))


def test_without_a_delayed_standby_it_says_how_to_get_one(clinic: Clinic):
    app = clinic.open("past")
    shown = clinic.open("patient", patient=clinic.register().id)

    assert not app.exception
    assert "patient_past" not in {button.key for button in shown.button}
    assert "An administrator can add a delayed standby" in said(app)


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
    assert "was archived since" in said(app)

    app.text_area(key="past_reason").set_value("oops")
    app.button(key="past_copy").click().run()
    assert "in at least 10 characters" in app.error[0].value
    assert clinic.get(patient.id).is_archived
    assert app.text_area(key="past_reason").value == "oops"

    app.text_area(key="past_reason").set_value(REASON)
    app.button(key="past_copy").click().run()
    assert not clinic.get(patient.id).is_archived
    event = clinic.audit("past:copy")[-1]
    assert event.reason == REASON


@pytest.mark.usefixtures("then")
def test_each_field_is_chosen(clinic: Clinic, patient: PatientRecord):
    clinic.edit(patient, phone_number="+44 20 7946 0001", address="Elsewhere 1")
    app = clinic.open("past", patient=patient.id)

    [address] = [element for element in app.radio if "address" in element.key]
    address.set_value(address.options[1])
    app.text_area(key="past_reason").set_value(REASON)
    app.button(key="past_copy").click().run()

    copied = clinic.get(patient.id)
    assert copied.phone_number == "+442079460000"
    assert copied.address == "Elsewhere 1"


@pytest.mark.usefixtures("then")
def test_that_somebody_looked_is_written_down(clinic: Clinic, patient: PatientRecord):
    app = clinic.open("past", Role.STAFF, patient=patient.id)
    app.run()

    assert len(looks_at(clinic, patient)) == 1


@pytest.mark.usefixtures("then")
def test_an_address_that_names_nobody_says_so(clinic: Clinic):
    app = clinic.open("past", patient="nobody")

    assert "names no patient" in app.warning[0].value


@pytest.mark.usefixtures("then")
def test_who_is_not_found_may_be_looked_for_otherwise(clinic: Clinic):
    app = clinic.open("past")

    app.text_input(key="past_typed").set_value("Zzyzzx").run()

    assert "Try the last name alone" in said(app)
    assert app.text_input(key="past_typed").value == "Zzyzzx"
    assert not app.exception
