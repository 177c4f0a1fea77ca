"""A patient's own form: where it is offered, where it is filed, how it is marked."""

from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.documents.records import document_words
from services.core import throttling
from services.core.actors import Role
from services.documents import records
from tests.pages.conftest import Clinic, rows_of
from tests.pages.document_samples import buttons, stored
from tests.services.pdf.samples import letter

PAGE = "create_document"
STATED = "Medical record, stated by the patient"


def _filled(clinic: Clinic, **query: object):
    app = clinic.open(PAGE, Role.PATIENT, **query)
    key = f"{PAGE}_field_diagnosis"
    app.text_area(key=key).set_value("High cholesterol").run()
    return app


def _filed(clinic: Clinic) -> UUID:
    app = _filled(clinic)
    app.button(key=f"{PAGE}_generate").click().run()
    app.button(key=f"{PAGE}_confirm").click().run()
    return clinic.audit("document:file")[-1].subject_id


def test_from_my_documents_over_the_preview_back_to_my_documents(clinic: Clinic):
    patient = clinic.cast[Role.PATIENT]
    app = clinic.open("documents", Role.PATIENT)
    assert app.button(key="documents_create").label == "Create a document"
    app = _filled(clinic)

    app.button(key=f"{PAGE}_generate").click().run()
    assert app.get("image")
    app.button(key=f"{PAGE}_confirm").click().run()

    said = [toast.value for toast in app.toast]
    assert said == ["Document generated and uploaded successfully"]
    assert app.title[0].value == "My documents"
    shown = rows_of(app, "documents_table")
    assert ("Health statement", STATED) in {(row[0], row[1]) for row in shown}
    record = stored(clinic, str(clinic.audit("document:file")[-1].subject_id))
    assert (record.patient_id, record.version.author_id) == (
        patient.patient_id,
        patient.id,
    )
    assert record.version.form["diagnosis"] == "High cholesterol"


def test_an_address_that_names_somebody_else_changes_nothing(clinic: Clinic):
    other = clinic.register()
    own = clinic.get(clinic.cast[Role.PATIENT].patient_id)

    app = clinic.open(PAGE, Role.PATIENT, patient=other.id, template="sick_note")

    name = app.text_input(key=f"{PAGE}_field_name").value
    assert name == f"{own.first_name} {own.last_name}"
    assert app.selectbox(key=f"{PAGE}_template").options == [
        "Health statement",
        "Message to the clinic",
        "Questionnaire before a visit",
    ]


@pytest.mark.parametrize("role", [Role.STAFF, Role.PATIENT])
def test_its_page_says_that_the_patient_stated_it(clinic: Clinic, role: Role):
    document = _filed(clinic)

    app = clinic.open("document", role, document=document)

    assert any("Stated by the patient" in info.value for info in app.info)
    assert any(STATED in element.value for element in app.markdown)
    # The clinic does not change what a patient has stated.
    assert ("document_form" in buttons(app)) == (role is Role.PATIENT)


def test_what_is_known_of_it_and_of_its_version_says_so_as_well(clinic: Clinic):
    record = stored(clinic, str(_filed(clinic)))

    badges = [state.text for state in document_words.states(record)]

    assert "Stated by the patient" in badges
    assert "stated by the patient" in document_words.origin(record.version)


def test_a_look_at_it_from_a_list_says_so_first(clinic: Clinic):
    record = stored(clinic, str(_filed(clinic)))
    app = AppTest.from_function(_look, kwargs={"record": record}, default_timeout=30)
    app.user = {"uid": str(clinic.clerk.id)}

    app.run()

    assert any("Stated by the patient" in info.value for info in app.info)


def _look(record) -> None:
    """Open the dialog, as the list does."""
    from dashboard.documents.records.preview import preview

    preview(record)


def test_whoever_looks_at_it_in_a_list_is_told_first(clinic: Clinic):
    document = _filed(clinic)
    of = str(clinic.cast[Role.PATIENT].patient_id)

    listed = rows_of(clinic.open("patient", patient=of), "patient_documents")

    assert ("Health statement", STATED) in {(row[0], row[1]) for row in listed}
    refused = clinic.open(PAGE, document=document)
    assert "not made from one of your forms" in refused.warning[0].value


def test_a_patients_limit_for_uploads_holds_for_forms_and_keeps_what_was_typed(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    usual = throttling.UPLOADS_PATIENT
    none = throttling.Limit("uploads-none", 0, usual.seconds, usual.complaint)
    monkeypatch.setattr(throttling, "UPLOADS_PATIENT", none)
    app = _filled(clinic)
    app.button(key=f"{PAGE}_generate").click().run()

    app.button(key=f"{PAGE}_confirm").click().run()

    assert any("Too many uploads." in box.value for box in (*app.warning, *app.error))
    key = f"{PAGE}_field_diagnosis"
    assert app.text_area(key=key).value == "High cholesterol"


def test_the_clinics_next_version_is_the_clinics_word(clinic: Clinic):
    document = _filed(clinic)
    content = clinic.receive(letter("Checked"))

    after = clinic.write(
        lambda s: records.add_version(s, clinic.clerk, document, content, revision=1)
    )

    assert not after.version.stated_by_patient
    shown = clinic.open("document", document=document, version=1)
    assert any("Stated by the patient" in info.value for info in shown.info)
