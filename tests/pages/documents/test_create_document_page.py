"""Creating a document: the form, its messages, the preview, what is filed."""

from dataclasses import replace
from datetime import date
from functools import partial
from io import BytesIO
from uuid import uuid4

import pypdfium2
import pytest

from db.files.gridfs import Bucket
from db.mongo.draft_store import DraftStore, DraftsUnavailable
from services.core.actors import Role
from services.documents import records
from services.documents.forms import Draft, list_drafts, save_draft
from services.documents.records import ingest
from services.documents.records.drafts import ChangedDocument, DraftDocument
from services.documents.records.errors import FilesUnavailable
from services.documents.records.kinds import DocumentType
from services.patients.duplicates import merging
from services.patients.records import record_numbers
from services.people.accounts import choose_language
from tests.kit import cast
from tests.pages.conftest import choose_patient, markdown_of, page_file
from tests.pages.document_samples import files_of
from tests.services.documents.forms.samples import record_form
from tests.services.documents.records.samples import content

PAGE = "create_document"


def field(app, name):
    """Return the widget of a form's field."""
    key = f"{PAGE}_field_{name}"
    for kind in (app.text_input, app.text_area, app.date_input):
        for widget in kind:
            if widget.key == key:
                return widget
    raise KeyError(name)


def shown(app):
    """Return the values of the fields."""
    widgets = (*app.text_input, *app.text_area, *app.date_input)
    prefix = f"{PAGE}_field_"
    return {
        widget.key.removeprefix(prefix): widget.value
        for widget in widgets
        if (widget.key or "").startswith(prefix)
    }


def press(app, name):
    return app.button(key=f"{PAGE}_{name}").click().run()


def opened(clinic, **query):
    return clinic.open(PAGE, **query)


def filled(clinic, **query):
    """The page with a completed form, for a patient who is not registered."""
    app = opened(clinic, **query)
    field(app, "name").set_value("Ada Lovelace")
    field(app, "date_of_birth").set_value(cast.ADA.date_of_birth)
    field(app, "diagnosis").set_value("Ένα δύο 王")
    return app.run()


def newest(clinic):
    """Return the document that was filed last, as the front desk sees it."""
    event = clinic.audit("document:file")[-1]
    return clinic.write(lambda s: records.get(s, clinic.clerk, event.subject_id))


def text_of(clinic, record):
    data = clinic.wiring.files.get(Bucket.DOCUMENTS, record.version.file_id).data
    document = pypdfium2.PdfDocument(BytesIO(data))
    text = document[0].get_textpage().get_text_range()
    document.close()
    return text


@pytest.fixture
def ada(clinic):
    return clinic.register(allergies=("Penicillin",), medical_history=("Asthma",))


def test_the_form_begins_with_what_the_record_knows(clinic, ada):
    app = opened(clinic, patient=ada.id)

    assert shown(app) == {
        "name": f"{ada.first_name} {ada.last_name}",
        "record_number": record_numbers.formatted(ada.record_number),
        "date_of_birth": cast.ADA.date_of_birth,
        "diagnosis": "",
        "allergies": "Penicillin",
        "medical_information": "Medical history:\nAsthma",
    }


def test_a_german_clinic_files_german_papers_also_for_those_who_read_english(
    clinic, ada, monkeypatch
):
    german = clinic.wiring.settings.model_copy(update={"language": "de"})
    monkeypatch.setattr(clinic.wiring, "settings", german)
    clinic.choose(Role.STAFF, partial(choose_language, language="en"))
    app = opened(clinic, patient=ada.id)
    assert "Vorerkrankungen:\nAsthma" in shown(app)["medical_information"]
    field(app, "diagnosis").set_value("Gicht").run()

    press(app, "generate")
    press(app, "confirm")

    filed = newest(clinic)
    assert filed.title == "Krankenakte"
    text = text_of(clinic, filed)
    assert "Diagnose" in text
    assert "Seite 1 von 1" in text
    assert "Diagnosis" not in text


def test_from_the_form_over_the_preview_to_the_filed_document(clinic, ada):
    before = len(clinic.audit("document:file"))
    app = opened(clinic, patient=ada.id)
    field(app, "diagnosis").set_value(" 高血压\t\n").run()

    press(app, "generate")
    (picture,) = app.get("image")
    # Not at one of Streamlit's addresses, which are open to anybody who knows them.
    assert picture.proto.imgs[0].url.startswith("data:image/png;base64,")
    assert len(clinic.audit("document:file")) == before
    press(app, "confirm")

    record = newest(clinic)
    assert "“Medical record” is filed." in [toast.value for toast in app.toast]
    # It can be printed or sent on its page.
    assert app.title[0].value == "Medical record"
    assert "document_download" in {part.key for part in app.get("link_button")}
    assert record.patient_id == ada.id
    assert record.document_type is DocumentType.MEDICAL_RECORD
    assert record.version.origin == "form"
    assert record.version.template == "medical_record"
    assert record.version.form["diagnosis"] == "高血压"
    assert record.version.author_name == clinic.clerk.name
    text = text_of(clinic, record)
    assert "高血压" in text
    assert str(record.id) in text


def test_an_address_with_a_patient_who_is_gone_is_not_the_end_of_the_page(clinic):
    app = opened(clinic, patient=uuid4())
    assert "There is no such patient" in app.warning[0].value

    press(app, "patient_other")

    assert not app.warning
    assert shown(app)["name"] == ""


def test_after_filing_the_next_form_is_a_new_document(clinic, ada):
    app = opened(clinic, patient=ada.id)
    field(app, "diagnosis").set_value("Filed").run()
    press(press(app, "generate"), "confirm")
    first = newest(clinic)

    app.query_params.clear()
    app.query_params["patient"] = str(ada.id)
    app = app.switch_page(page_file(PAGE)).run()
    assert shown(app)["diagnosis"] == ""
    press(press(app, "generate"), "confirm")

    assert newest(clinic).id != first.id


def test_without_a_patient_it_is_filed_as_nobodys(clinic):
    app = filled(clinic)

    press(press(app, "generate"), "confirm")

    assert newest(clinic).patient_id is None


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(clinic):
    app = filled(clinic)
    field(app, "name").set_value("Ada \U0001f600").run()

    press(app, "generate")

    said = markdown_of(app)
    assert "U+1F600, grinning face" in said
    assert app.error[0].value.startswith("No document was made")
    assert not app.get("image")
    assert shown(app)["name"] == "Ada \U0001f600"
    assert shown(app)["diagnosis"] == "Ένα δύο 王"


def test_an_empty_form_names_every_field_that_is_needed(clinic):
    app = opened(clinic)

    press(app, "generate")

    said = markdown_of(app)
    assert "Name is missing; enter it" in said
    assert "Date of birth is missing; enter it" in said


def test_if_the_upload_fails_the_preview_and_the_form_stay(clinic, monkeypatch):
    app = press(filled(clinic), "generate")

    def refuse(*_, **__):
        raise FilesUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(ingest.DocumentIngest, "receive", refuse)
        press(app, "confirm")
    assert any("cannot be reached" in warning.value for warning in app.warning)
    assert shown(app)["diagnosis"] == "Ένα δύο 王"
    press(app, "confirm")

    assert newest(clinic).version.form["diagnosis"] == "Ένα δύο 王"


def test_what_was_filed_unheard_and_is_made_anew_gets_an_id_of_its_own(clinic):
    app = press(filled(clinic), "generate")
    draft = DraftDocument(id=app.session_state[f"{PAGE}_new_id"])
    clinic.write(lambda s: records.file(s, clinic.clerk, draft, content()))
    press(app, "confirm")
    assert "already has this id" in app.error[0].value

    press(press(app, "generate"), "confirm")

    assert newest(clinic).title == "Medical record"


def test_back_to_the_form_keeps_what_was_typed_and_files_nothing(clinic):
    filed = len(clinic.audit("document:file"))
    app = press(filled(clinic), "generate")

    press(app, "back")

    assert not app.get("image")
    assert shown(app)["diagnosis"] == "Ένα δύο 王"
    assert len(clinic.audit("document:file")) == filed


def test_another_form_keeps_what_both_ask_for(clinic):
    app = filled(clinic)

    app.selectbox(key=f"{PAGE}_template").select("sick_note").run()

    assert shown(app)["name"] == "Ada Lovelace"
    assert "unfit_from" in shown(app)
    assert "diagnosis" not in shown(app)


def test_results_pasted_from_a_spreadsheet_become_rows(clinic):
    app = opened(clinic, template="lab_report")
    field(app, "name").set_value("Ada Lovelace")
    field(app, "date_of_birth").set_value(cast.ADA.date_of_birth)
    field(app, "taken_on").set_value(date(2026, 11, 19))
    field(app, "results").set_value("Iron\t13\tmg\t10-20\nZinc; 5").run()

    press(press(app, "generate"), "confirm")

    rows = newest(clinic).version.form["results"]
    assert rows == [["Iron", "13", "mg", "10-20"], ["Zinc", "5", "", ""]]


def test_what_was_written_about_one_patient_never_stays_for_another(clinic, ada):
    app = opened(clinic, patient=ada.id)
    field(app, "diagnosis").set_value("Adas own").run()
    app.selectbox(key=f"{PAGE}_template").select("visit_summary").run()
    field(app, "plan").set_value("Adas plan").run()
    other = clinic.register()

    app.query_params["patient"] = str(other.id)
    app.run()
    assert shown(app)["name"] == f"{other.first_name} {other.last_name}"
    assert (shown(app)["plan"], shown(app)["diagnosis"]) == ("", "")
    app.selectbox(key=f"{PAGE}_template").select("medical_record").run()

    assert shown(app)["diagnosis"] == ""


def test_each_patients_draft_is_kept_when_another_is_chosen(clinic, ada):
    app = opened(clinic, patient=ada.id)
    field(app, "diagnosis").set_value("Adas own").run()
    other = clinic.register()

    app.query_params["patient"] = str(other.id)
    app.run()
    field(app, "diagnosis").set_value("Anothers own").run()

    for patient, typed in ((ada, "Adas own"), (other, "Anothers own")):
        (kept,) = list_drafts(clinic.wiring.drafts, clinic.clerk, patient.id)
        assert kept.draft.form["diagnosis"] == typed


def test_what_was_typed_before_the_patient_was_chosen_stays(clinic, ada):
    app = opened(clinic)
    field(app, "diagnosis").set_value("Typed first").run()

    choose_patient(app, PAGE, ada.id)

    assert shown(app)["diagnosis"] == "Typed first"
    assert shown(app)["name"] == f"{ada.first_name} {ada.last_name}"


def test_what_is_typed_is_kept_by_the_way_and_offered_again(clinic, ada):
    app = opened(clinic, patient=ada.id)
    field(app, "diagnosis").set_value("Half a sentence").run()
    assert any("Draft saved at" in caption.value for caption in app.caption)

    again = opened(clinic, patient=ada.id)
    assert shown(again)["diagnosis"] == ""
    (offer,) = _offers(again)
    assert again.button(key=offer).label == "Continue draft from a moment ago"
    again.button(key=offer).click().run()

    assert shown(again)["diagnosis"] == "Half a sentence"
    assert _offers(again) == []


def how_filed(app):
    """Return what the form says about how the document is filed."""
    key = f"{PAGE}_filed_medical_record"
    return (
        app.text_input(key=f"{key}_title").value,
        app.selectbox(key=f"{key}_class").value,
        app.text_area(key=f"{key}_description").value,
    )


def say_how(app):
    """Fill in unusual values for how the document is filed."""
    key = f"{PAGE}_filed_medical_record"
    app.text_input(key=f"{key}_title").set_value("For Dr Lee")
    app.selectbox(key=f"{key}_class").select("temporary")
    app.text_area(key=f"{key}_description").set_value("About Ada only")
    return app.run()


def test_how_it_is_filed_comes_back_with_the_draft_and_from_another_page(clinic, ada):
    said = ("For Dr Lee", "temporary", "About Ada only")
    app = say_how(opened(clinic, patient=ada.id))
    again = opened(clinic, patient=ada.id)
    assert how_filed(again)[0] == "Medical record"
    (offer,) = _offers(again)

    again.button(key=offer).click().run()
    app.switch_page("../pages/documents/documents.py").run()
    app.query_params["patient"] = str(ada.id)
    app.switch_page(page_file(PAGE)).run()

    assert how_filed(again) == said
    assert how_filed(app) == said
    press(press(again, "generate"), "confirm")
    record = newest(clinic)
    assert (record.title, record.classification, record.description) == said


def test_how_one_patients_document_is_filed_is_not_said_of_anothers(clinic, ada):
    app = say_how(opened(clinic, patient=ada.id))
    other = clinic.register()

    app.query_params["patient"] = str(other.id)
    app.run()

    assert how_filed(app) == ("Medical record", "Default for the type", "")


def test_a_draft_can_be_discarded(clinic, ada):
    _save(clinic, ada)
    app = opened(clinic, patient=ada.id)
    (offer,) = _offers(app)

    app.button(key=offer.replace("continue", "discard")).click().run()

    assert _offers(app) == []
    assert list_drafts(clinic.wiring.drafts, clinic.clerk, ada.id) == ()


def test_what_is_filed_is_no_draft_any_more(clinic, ada):
    app = opened(clinic, patient=ada.id)
    field(app, "diagnosis").set_value("Asthma").run()

    press(press(app, "generate"), "confirm")

    assert list_drafts(clinic.wiring.drafts, clinic.clerk, ada.id) == ()


def test_the_next_version_begins_with_what_the_last_one_says(clinic, ada):
    app = opened(clinic, patient=ada.id)
    field(app, "diagnosis").set_value("First").run()
    press(press(app, "generate"), "confirm")
    record = newest(clinic)

    app = opened(clinic, document=record.id)
    assert shown(app)["diagnosis"] == "First"
    field(app, "diagnosis").set_value("Second").run()
    press(press(app, "generate"), "confirm")

    after = clinic.write(lambda s: records.get(s, clinic.clerk, record.id))
    assert (after.latest, after.version.form["diagnosis"]) == (2, "Second")
    assert str(record.id) in text_of(clinic, after)


def test_a_draft_of_the_next_version_stays_with_a_document_that_moves(clinic, ada):
    app = opened(clinic, patient=ada.id)
    field(app, "diagnosis").set_value("First").run()
    press(press(app, "generate"), "confirm")
    record = newest(clinic)
    app = opened(clinic, document=record.id)
    field(app, "diagnosis").set_value("Begun").run()
    moved = replace(ChangedDocument.of(record), patient_id=clinic.register().id)
    clinic.write(
        lambda s: records.change(
            s, clinic.clerk, record.id, moved, revision=record.revision
        )
    )

    again = opened(clinic, document=record.id)
    (offer,) = _offers(again)
    again.button(key=offer).click().run()

    assert shown(again)["diagnosis"] == "Begun"


def test_a_draft_about_a_record_that_is_merged_is_offered_for_the_one_that_is_kept(
    clinic, ada
):
    twin, other = clinic.register(), clinic.register()
    app = opened(clinic, patient=twin.id)
    field(app, "diagnosis").set_value("Begun").run()
    clinic.write(lambda s: _merge(s, clinic, twin, into=other) and None)
    kept = clinic.get(other.id)
    clinic.write(lambda s: _merge(s, clinic, kept, into=ada) and None)

    again = opened(clinic, patient=ada.id)
    (offer,) = _offers(again)
    again.button(key=offer).click().run()

    assert shown(again)["diagnosis"] == "Begun"


def _merge(session, clinic, record, *, into):
    return merging.merge(
        session,
        clinic.clerk,
        into.id,
        record.id,
        into.draft(),
        kept_version=into.version,
        merged_version=record.version,
        today=date(2026, 11, 20),
    )


def test_somebody_elses_version_in_between_is_told_and_the_form_stays(clinic, ada):
    app = opened(clinic, patient=ada.id)
    press(press(app, "generate"), "confirm")
    record = newest(clinic)
    mine, theirs = (opened(clinic, document=record.id) for _ in range(2))
    field(mine, "diagnosis").set_value("Mine").run()
    press(mine, "generate")
    press(press(theirs, "generate"), "confirm")
    before = files_of(clinic)

    press(mine, "confirm")

    assert any("Somebody else changed" in error.value for error in mine.error)
    assert shown(mine)["diagnosis"] == "Mine"
    assert files_of(clinic) == before
    after = clinic.write(lambda s: records.get(s, clinic.clerk, record.id))
    assert after.latest == 2


def test_without_the_store_of_drafts_the_page_works_and_says_so(clinic, monkeypatch):
    def refuse(*_, **__):
        raise DraftsUnavailable

    monkeypatch.setattr(DraftStore, "save", refuse)
    monkeypatch.setattr(DraftStore, "list_of", refuse)
    monkeypatch.setattr(DraftStore, "delete", refuse)
    filed = len(clinic.audit("document:file"))

    app = filled(clinic)
    assert any(
        "could not be saved just now" in element.value for element in app.caption
    )
    press(press(app, "generate"), "confirm")

    assert len(clinic.audit("document:file")) == filed + 1


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_only_who_files_documents_gets_the_page(clinic, role):
    app = clinic.go_to_address(PAGE, role)

    assert "You may not file documents" in app.error[0].value


def _offers(app):
    return [b.key for b in app.button if (b.key or "").startswith(f"{PAGE}_continue")]


def _save(clinic, patient):
    form = record_form(diagnosis="Begun")
    draft = Draft(uuid4(), "medical_record", patient.id, None, form)
    save_draft(clinic.wiring.drafts, clinic.clerk, draft)
    return draft


def test_a_date_of_birth_to_come_is_refused_and_all_that_was_typed_stays(clinic):
    app = filled(clinic)
    field(app, "date_of_birth").set_value(date(2199, 1, 31))

    press(app, "generate")

    assert not app.get("image")
    assert any(
        "Date of birth is in the future" in element.value for element in app.markdown
    )
    assert app.error[0].value.endswith("the highlighted fields: Date of birth.")
    assert field(app, "date_of_birth").value == date(2199, 1, 31)
    assert field(app, "name").value == "Ada Lovelace"
    assert field(app, "diagnosis").value == "Ένα δύο 王"
