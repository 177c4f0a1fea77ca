"""Documents on pages: uploaded, found, replaced, compared, deleted, shared."""

import json
from datetime import date
from uuid import UUID, uuid4

import pytest

from db.models.document import DocumentVersion
from services.core.actors import Role
from services.documents import records
from services.documents.records.kinds import DocumentType
from services.patients.records.model import PatientRecord
from tests.pages.conftest import Clinic, choose_patient, markdown_of, rows_of
from tests.pages.document_samples import (
    File,
    buttons,
    columns_of,
    let_go,
    press,
    replace,
    said,
    shown,
    stored,
    upload,
)
from tests.services.pdf.samples import letter, locked, with_script


def advice_on(app):
    """Return the captions beside the boxes."""
    return "\n".join(element.value for element in app.caption)


def test_several_files_are_filed_at_once_each_with_its_type(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("upload_documents", patient=patient.id)
    files = [(f"{name}.pdf", letter(name), "") for name in ("first", "second")]
    app.file_uploader[0].set_value(files).run()
    # The first two are for all files at once.
    app.selectbox[2].set_value(DocumentType.LAB_REPORT)
    app.text_area[1].set_value("From the hospital")
    app.button(key="upload_documents_file").click().run()

    assert "first.pdf is filed" in said(app)
    listed = rows_of(clinic.open("patient", patient=patient.id), "patient_documents")
    assert {(row[0], row[1]) for row in listed} == {
        ("first", "Lab report"),
        ("second", "Other"),
    }
    filed = [event.subject_id for event in clinic.audit("document:file")[-2:]]
    with_words = [
        record.title
        for record in (stored(clinic, document) for document in filed)
        if record.description == "From the hospital"
    ]
    assert with_words == ["second"]


def test_what_is_said_of_all_files_holds_for_each_until_it_says_otherwise(
    clinic: Clinic,
):
    patient, other = clinic.register(), clinic.register(last_name="Elsewhere")
    app = clinic.open("upload_documents", patient=patient.id)
    files = [(f"{name}.pdf", letter(name), "") for name in ("one", "two", "three")]
    app.file_uploader[0].set_value(files).run()

    app.selectbox(key="upload_documents_all_type").set_value(DocumentType.CONSENT).run()
    # For each file: its type, its retention class, and whether it is another patient's.
    app.selectbox[6].set_value(DocumentType.INVOICE).run()
    others = [box for box in app.checkbox if str(box.key).endswith("_other")]
    own = str(others[1].key).removesuffix("_other")
    others[1].check().run()
    choose_patient(app, own, other.id)
    app.button(key="upload_documents_file").click().run()

    filed = [stored(clinic, e.subject_id) for e in clinic.audit("document:file")[-3:]]
    assert {(r.title, r.document_type, r.patient_id) for r in filed} == {
        ("one", DocumentType.CONSENT, patient.id),
        ("two", DocumentType.CONSENT, other.id),
        ("three", DocumentType.INVOICE, patient.id),
    }


def test_title_and_date_of_the_paper_are_supposed_and_can_be_corrected(clinic: Clinic):
    text = "Discharge letter\nVienna, 3 November 2025"
    app = clinic.open("upload_documents")
    app.file_uploader[0].set_value([("scan0001.pdf", letter(text), "")]).run()

    assert app.text_input[-1].value == "Discharge letter"
    assert app.date_input[0].value == date(2025, 11, 3)
    app.date_input[0].set_value(date(2025, 11, 4)).run()
    app.button(key="upload_documents_file").click().run()

    filed = stored(clinic, clinic.audit("document:file")[-1].subject_id)
    assert (filed.title, filed.dated_on) == ("Discharge letter", date(2025, 11, 4))
    page = clinic.open("document", document=filed.id)
    assert any("dated 4 Nov" in element.value for element in page.markdown)


def test_a_file_that_is_no_pdf_is_refused_and_the_others_are_filed(clinic: Clinic):
    app = clinic.open("upload_documents")
    upload(app, ("good.pdf", letter("good")), ("bad.pdf", b"MZ I am a program"))

    assert "good.pdf is filed" in said(app)
    assert "Only PDF files and pictures" in said(app)


def test_what_was_typed_about_a_refused_file_is_still_there(clinic: Clinic):
    app = clinic.open("upload_documents")
    app.file_uploader[0].set_value([("bad.pdf", b"MZ", "")]).run()
    app.text_area[0].set_value("Typed with care")
    app.button(key="upload_documents_file").click().run()

    assert app.text_area[0].value == "Typed with care"
    assert "Only PDF files and pictures" in said(app)


def test_nothing_chosen_is_said_word_for_word(clinic: Clinic):
    app = clinic.open("upload_documents")
    app.button(key="upload_documents_file").click().run()

    assert app.error[0].value == "No file uploaded"
    assert "Choose a PDF or a picture above first" in advice_on(app)


def test_a_second_click_after_all_is_filed_says_nothing_false(clinic: Clinic):
    app = clinic.open("upload_documents")
    upload(app, ("paper.pdf", letter("clicked twice")))
    app.button(key="upload_documents_file").click().run()

    assert "paper.pdf is filed" in said(app)
    assert not app.error
    assert "There is nothing more to file" in advice_on(app)


def test_what_to_do_about_a_file_that_is_no_pdf_is_said(clinic: Clinic):
    app = clinic.open("upload_documents")
    upload(app, ("bad.pdf", b"MZ"))

    (refused,) = [box.value for box in app.error]
    assert refused.startswith(
        "Only PDF files and pictures (JPEG, PNG, TIFF, HEIC) are accepted."
    )
    assert "save or print it as a PDF" in refused


def test_an_empty_file_is_called_empty(clinic: Clinic):
    app = clinic.open("upload_documents")
    upload(app, ("bad.pdf", b""))

    assert [box.value for box in app.error] == [
        "This file is empty: save or scan it again and choose that file."
    ]
    assert "save or print it as a PDF" not in advice_on(app)


def test_a_damaged_file_is_filed_with_a_warning(clinic: Clinic):
    whole = letter("half of it")
    app = clinic.open("upload_documents")
    upload(app, ("torn.pdf", whole[: len(whole) - 100]))

    (warning,) = app.warning
    assert "torn.pdf is filed. Check it: Damaged in parts" in warning.value
    assert not app.success


def test_an_upload_is_marked_as_urgent_and_confidential(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("upload_documents", patient=patient.id)
    app.file_uploader[0].set_value([("hiv.pdf", letter("hiv"), "")]).run()

    def box(name: str):
        (checkbox,) = [b for b in app.checkbox if str(b.key).endswith(f"_{name}")]
        return checkbox

    assert box("withheld").disabled
    box("urgent").check()
    box("confidential").check().run()
    box("withheld").check().run()
    app.button(key="upload_documents_file").click().run()

    now = stored(clinic, clinic.audit("document:file")[-1].subject_id)
    assert (now.urgent, now.confidential, now.withheld) == (True, True, True)
    page = clinic.open("document", document=now.id)
    badges = markdown_of(page)
    assert "Urgent, confidential" in badges
    assert "Not shown to the patient" in badges


def test_patients_are_not_asked_how_the_clinic_handles_it(clinic: Clinic, maya: UUID):
    app = clinic.open("upload_documents", Role.PATIENT)
    app.file_uploader[0].set_value([("own.pdf", letter("own"), "")]).run()

    assert app.button(key="upload_documents_file")
    assert not [b for b in app.checkbox if str(b.key).endswith("_confidential")]


def test_the_same_content_is_offered_as_already_filed(clinic: Clinic, file: File):
    patient, twice = clinic.register(), letter("twice")
    known = file(twice, of=patient.id, title="The first one")
    app = clinic.open("upload_documents", patient=patient.id)
    upload(app, ("again.pdf", twice))

    assert "Already filed as “The first one”" in said(app)
    assert f"document?document={known.id}" in said(app)

    (again,) = [box for box in app.checkbox if str(box.key).endswith("_again")]
    again.check()
    app.button(key="upload_documents_file").click().run()

    assert "again.pdf is filed" in said(app)


def test_the_memory_of_what_is_filed_is_let_go_of(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    gone = let_go(monkeypatch)
    app = clinic.open("upload_documents")
    upload(app, ("good.pdf", letter("let go")), ("bad.pdf", b"MZ"))

    assert len(gone) == 1
    assert len(app.error) == 1


def test_the_hourly_limit_is_told_with_a_countdown(clinic: Clinic):
    app = clinic.open("upload_documents", Role.PATIENT)
    files = [(f"{n}.pdf", letter(f"page {n}")) for n in range(11)]
    upload(app, *files)

    assert "You can continue in" in said(app)
    assert app.button(key="upload_documents_file").disabled
    assert "10.pdf is filed" not in said(app)


def test_a_list_is_searched_and_the_address_tells_nothing(clinic: Clinic, file: File):
    file(letter("The oesophagus is inflamed"), title="Gastroscopy")
    file(letter("Nothing of that"), title="Ultrasound")
    app = clinic.open("documents")
    app.text_input(key="documents_search").set_value("oesophagus").run()

    assert [row[0] for row in rows_of(app, "documents_table")] == ["Gastroscopy"]
    assert "oesophagus" not in str(app.query_params)
    marked = json.dumps(shown(app, "documents_table"))
    assert '{"text": "oesophagus", "marked": true}' in marked


def test_a_list_has_no_column_that_would_be_empty(clinic: Clinic, file: File):
    file(letter("heron"), title="Routine")
    app = clinic.open("documents")
    app.text_input(key="documents_search").set_value("heron").run()
    assert {"Patient", "Dated"} <= columns_of(app, "documents_table")
    assert columns_of(app, "documents_table").isdisjoint({"State", "Tags"})

    file(letter("heron"), title="Urgent", urgent=True)
    app = clinic.open("documents")
    app.text_input(key="documents_search").set_value("heron").run()
    assert "State" in columns_of(app, "documents_table")


def test_an_empty_list_says_what_to_do_next(clinic: Clinic):
    app = clinic.open("documents")
    app.text_input(key="documents_search").set_value("nosuchword").run()

    assert any("No documents match" in element.value for element in app.markdown)
    assert app.button(key="documents_all")


def test_the_page_of_a_document_fetches_its_pages_from_our_own_route(
    clinic: Clinic, file: File
):
    record = file(letter("one", "two"))
    app = clinic.open("document", document=record.id)

    drawn = shown(app, f"document_pages_{record.id}_1")
    assert drawn["base"] == f"/files/documents/{record.id}/versions/1/pages/"
    assert drawn["pages"] == 2
    links = [link.proto.url for link in app.get("link_button")]
    assert f"/api/documents/{record.id}?version=1" in links


def test_a_file_with_a_password_is_explained_and_never_drawn(
    clinic: Clinic, file: File
):
    record = file(locked())
    app = clinic.open("document", document=record.id)

    assert "needs its own password" in said(app)
    assert not shown(app, f"document_pages_{record.id}_1")


def test_what_was_found_in_a_file_is_said(clinic: Clinic, file: File):
    app = clinic.open("document", document=file(with_script()).id)

    assert any("scripts, which never run" in element.value for element in app.markdown)


def test_quarantine_shows_the_state_and_no_way_to_the_file(
    clinic: Clinic, file: File, kept
):
    record = file(letter("waits"))
    (version,) = kept.query(DocumentVersion).filter_by(document_id=record.id)
    version.scan = "waiting"
    kept.commit()
    app = clinic.open("document", document=record.id)

    assert "is waiting for its virus scan" in said(app)
    assert not app.get("link_button")
    assert not shown(app, f"document_pages_{record.id}_1")


def test_a_deletion_says_until_when_and_can_be_undone(clinic: Clinic, file: File):
    record = file(letter("deleted"), title="Old letter")
    app = clinic.open("document", document=record.id)
    app.button(key="document_delete").click().run()
    assert any("You can restore it until" in element.value for element in app.markdown)

    press(app, "document_delete", "document_delete_confirm")
    assert stored(clinic, record).is_deleted
    assert "It can be restored until" in said(app)

    app.button(key="document_restore").click().run()
    assert not stored(clinic, record).is_deleted


def test_the_trash_lists_what_was_deleted_and_restores_it(clinic: Clinic, file: File):
    record = file(letter("trash"), title="Thrown away")
    clinic.write(
        lambda s: records.delete(s, clinic.clerk, record.id, revision=record.revision)
    )
    app = clinic.open("trash")
    assert any("Thrown away" in element.value for element in app.markdown)

    app.button(key=f"trash_restore_{record.id}").click().run()

    assert not stored(clinic, record).is_deleted


def test_a_new_version_replaces_and_the_old_one_can_be_restored(
    clinic: Clinic, file: File
):
    record = file(letter("first"))
    app = clinic.open("document", document=record.id)
    app.button(key="document_replace").click().run()
    app.file_uploader[0].set_value(("new.pdf", letter("second"), ""))
    app.button(key="document_replace").click().run()
    press(app, "document_replace", "document_replace_save")
    assert stored(clinic, record).latest == 2

    app = clinic.open("document", document=record.id)
    app.session_state["document_tabs"] = ":gray[Versions]"
    app.run()
    app.button(key="document_restore_1").click().run()
    press(app, "document_restore_1", "document_restore_version_confirm")

    assert stored(clinic, record).latest == 3


def test_two_versions_stand_side_by_side_word_by_word(clinic: Clinic, file: File):
    record = replace(clinic, file(letter("Dose 5 mg")), letter("Dose 50 mg"))
    app = clinic.open("compare", document=record.id, left=1, right=2)

    drawn = json.dumps(shown(app, "compare_table"))
    assert '{"text": "5", "marked": true}' in drawn
    assert '{"text": "50", "marked": true}' in drawn
    assert [event.details["version"] for event in clinic.audit("document:compare")]


def test_versions_without_text_are_compared_by_their_pages(clinic: Clinic, file: File):
    record = replace(clinic, file(letter(" ")), letter("words"))
    app = clinic.open("compare", document=record.id, left=1, right=2)
    assert "text cannot be compared" in said(app)

    app.session_state["compare_tabs"] = ":gray[Pages]"
    app.run()

    assert shown(app, f"compare_pages_{record.id}_1")


def test_a_link_is_shown_once_counted_and_revoked(clinic: Clinic, file: File):
    record = file(letter("shared"))
    app = clinic.open("document", document=record.id)
    app.button(key="document_share").click().run()
    press(app, "document_share", "document_share_make")
    assert "/shared/" in app.code[0].value

    app = clinic.open("document", document=record.id)
    app.session_state["document_tabs"] = ":gray[Links]"
    app.run()
    assert any("never opened" in element.value for element in app.caption)
    (revoke,) = [b for b in app.button if str(b.key).startswith("document_revoke_")]
    revoke.click().run()
    press(app, str(revoke.key), "document_share_revoke")

    assert len(clinic.audit("share:revoke")) == 1


def test_a_hold_is_given_for_a_reason_and_keeps_from_deleting(
    clinic: Clinic, file: File
):
    record = file(letter("held"))
    app = clinic.open("document", document=record.id)
    app.button(key="document_hold").click().run()
    app.text_area(key="document_hold_reason").set_value("Case 4711 of the court")
    press(app, "document_hold", "document_hold_confirm")

    assert stored(clinic, record).is_held
    assert app.button(key="document_delete").disabled
    assert "Case 4711 of the court" in said(app)

    app.button(key="document_release").click().run()
    press(app, "document_release", "document_release_confirm")
    assert not stored(clinic, record).is_held


def test_the_patient_of_an_upload_is_found_by_name(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("upload_documents")
    choose_patient(app, "upload_documents", patient.id)
    upload(app, ("named.pdf", letter("named")))

    listed = rows_of(clinic.open("patient", patient=patient.id), "patient_documents")
    assert [row[0] for row in listed] == ["named"]


def test_an_upload_for_nobody_who_is_known_waits_for_another_patient(clinic: Clinic):
    ada: PatientRecord = clinic.register()
    app = clinic.open("upload_documents", patient=uuid4())
    chosen = [("one.pdf", letter("one"), "application/pdf")]
    app.file_uploader[0].set_value(chosen).run()
    assert "There is no such patient" in said(app)
    assert app.button(key="upload_documents_file").disabled

    app.button(key="upload_documents_patient_other").click().run()
    choose_patient(app, "upload_documents", ada.id)
    app.button(key="upload_documents_file").click().run()

    assert "one.pdf is filed" in said(app)


def test_patients_see_only_their_own_in_lists_and_counts(
    clinic: Clinic, file: File, maya: UUID
):
    stranger: PatientRecord = clinic.register()
    file(letter("zebrafinch"), of=stranger.id, title="Not Maya's")
    file(letter("zebrafinch"), of=maya, title="Maya's own")
    app = clinic.open("documents", Role.PATIENT)
    app.text_input(key="documents_search").set_value("zebrafinch").run()

    assert [row[0] for row in rows_of(app, "documents_table")] == ["Maya's own"]
    assert "Patient" not in columns_of(app, "documents_table")
    assert "**1 document matching" in app.markdown[0].value
    assert app.title[0].value == "My documents"


def test_a_strangers_document_is_not_found_by_its_address(clinic: Clinic, file: File):
    record = file(letter("private"), of=clinic.register().id)
    app = clinic.open("document", Role.PATIENT, document=record.id)

    assert app.warning[0].value == "Document not found"
    assert [title.value for title in app.title] == ["Document"]


@pytest.mark.parametrize("role", [Role.PATIENT, Role.STAFF])
def test_what_checks_a_file_is_shown_to_the_clinic_and_not_to_patients(
    clinic: Clinic, file: File, maya: UUID, role: Role
):
    record = file(of=maya)
    app = clinic.open("document", role, document=record.id)
    app.session_state["document_tabs"] = ":gray[Details]"
    app.run()

    assert app.table
    said = " ".join(caption.value for caption in app.caption)
    shown = [text in said for text in (record.version.sha256, str(record.id))]
    assert shown == [role is Role.STAFF] * 2


def test_patients_are_offered_to_change_only_what_they_filed(
    clinic: Clinic, file: File, maya: UUID
):
    by_clinic = file(letter("by the clinic"), of=maya)
    by_maya = file(letter("by Maya"), of=maya, role=Role.PATIENT)

    keys = buttons(clinic.open("document", Role.PATIENT, document=by_clinic.id))
    assert not keys & {"document_replace", "document_edit", "document_delete"}
    assert "document_hold" not in keys
    keys = buttons(clinic.open("document", Role.PATIENT, document=by_maya.id))
    assert keys >= {"document_replace", "document_edit", "document_delete"}


def test_my_record_shows_my_documents(clinic: Clinic, file: File, maya: UUID):
    file(letter("on my record"), of=maya, title="On my record")
    app = clinic.open("my_record", Role.PATIENT)

    titles = [row[0] for row in rows_of(app, "my_record_documents")]
    assert "On my record" in titles
    assert "Patient" not in columns_of(app, "my_record_documents")


@pytest.mark.parametrize(
    ("page", "query", "sentence"),
    [
        ("document", {"document": "nonsense"}, "No document matches"),
        ("document", {"document": uuid4()}, "Document not found"),
        ("compare", {"document": uuid4()}, "Document not found"),
        ("create_document", {"document": uuid4()}, "Document not found"),
        ("create_document", {"patient": "nonsense"}, "No patient matches"),
        ("upload_documents", {"patient": "nonsense"}, "No patient matches"),
        ("documents", {"list": "nonsense"}, "There is no such list"),
    ],
    ids=[
        "no-id",
        "document",
        "compare",
        "next-version",
        "create-for",
        "upload-for",
        "list",
    ],
)
def test_an_address_that_names_nothing_says_so_and_leads_to_the_list(
    clinic: Clinic, page, query, sentence
):
    app = clinic.open(page, **query)
    assert sentence in app.warning[0].value

    app.button(key="navigation_list").click().run()

    assert app.title[0].value == "Documents"
    assert not app.warning


def test_a_patient_is_led_to_their_own_documents(clinic: Clinic, maya: UUID):
    app = clinic.open("document", Role.PATIENT, document=uuid4())

    assert app.button(key="navigation_list").label == "My documents"
