"""What a document's page offers, to whom, about which version; what it refuses."""

import json
from dataclasses import replace as changed
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from dashboard.ui.record_table import TableEvent
from db.models.document import Document, DocumentVersion
from services.core.actors import Role
from services.documents import records, tags
from services.documents.records.drafts import ChangedDocument
from services.documents.records.model import DocumentRecord
from services.documents.sharing import readers
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from tests.kit import cast
from tests.pages.conftest import Clinic, page_file, rows_of
from tests.pages.document_samples import (
    File,
    buttons,
    files_of,
    let_go,
    press,
    replace,
    said,
    shown,
    stored,
    upload,
)
from tests.services.pdf.samples import letter


def drawn(app: AppTest) -> list[str]:
    """Return the addresses of the pages that are shown."""
    parts = [
        element
        for element in app.get("bidi_component")
        if "_pages_" in str(element.key)
    ]
    return [json.loads(part.proto.bytes)["base"] for part in parts]


def links(app: AppTest) -> list[str]:
    """Return the targets of the page's links."""
    return [link.proto.url for link in app.get("link_button")]


def at_tab(app: AppTest, name: str) -> AppTest:
    """Open one of a document's tabs."""
    app.session_state["document_tabs"] = f":gray[{name}]"
    return app.run()


def rename(clinic: Clinic, record: DocumentRecord) -> DocumentRecord:
    """Change a document as a colleague at another desk would."""
    facts = changed(ChangedDocument.of(record), title="By a colleague")
    return clinic.write(
        lambda s: records.change(
            s, clinic.clerk, record.id, facts, revision=record.revision
        )
    )


def delete(clinic: Clinic, record: DocumentRecord) -> DocumentRecord:
    """Delete a document as a colleague at another desk would."""
    return clinic.write(
        lambda s: records.delete(s, clinic.clerk, record.id, revision=record.revision)
    )


def archive(clinic: Clinic, patient: PatientRecord) -> None:
    """Archive a patient as a colleague at another desk would."""
    clinic.write(
        lambda s: patients.archive(s, clinic.clerk, patient.id, version=patient.version)
    )


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"scan": "infected"}, "The virus scan found something in this file"),
        ({"scan": "waiting"}, "is waiting for its virus scan"),
        ({"damaged_at": datetime(2026, 11, 20, tzinfo=UTC)}, "damaged in the store"),
    ],
    ids=["infected", "waiting", "damaged"],
)
def test_what_is_not_served_is_explained_and_neither_drawn_nor_offered(
    clinic: Clinic, file: File, kept, state, sentence
):
    record = file()
    kept.query(DocumentVersion).filter_by(document_id=record.id).update(state)
    kept.commit()
    app = clinic.open("document", document=record.id)

    assert sentence in said(app)
    assert not drawn(app)
    assert not links(app)
    assert "document_share" not in buttons(app)


def test_of_a_deleted_document_nothing_can_be_seen_or_had(clinic: Clinic, file: File):
    record = delete(clinic, replace(clinic, file(), letter("second")))
    app = clinic.open("document", document=record.id)

    assert "A deleted document is not shown" in said(app)
    assert not drawn(app)
    assert not links(at_tab(app, "Versions"))
    assert not buttons(app) & {"document_replace", "document_share", "document_delete"}


def test_deleting_what_a_colleague_has_just_deleted_says_that_it_is_done(
    clinic: Clinic, file: File
):
    record = file()
    app = clinic.open("document", document=record.id)
    app.button(key="document_delete").click().run()
    delete(clinic, record)

    press(app, "document_delete", "document_delete_confirm")

    assert any("was already deleted" in toast.value for toast in app.toast)
    assert "This document is deleted" in said(app)
    assert "not found" not in said(app)
    subjects = [event.subject_id for event in clinic.audit("document:delete")]
    assert subjects.count(str(record.id)) == 1


def test_the_version_in_the_address_is_what_is_shown_shared_and_sent(
    clinic: Clinic, file: File
):
    record = replace(clinic, file(), letter("second"))
    app = clinic.open("document", document=record.id, version=1)

    assert drawn(app) == [f"/files/documents/{record.id}/versions/1/pages/"]
    assert links(app) == [f"/api/documents/{record.id}?version=1"]
    assert any("version 1 of 2, not the" in element.value for element in app.markdown)

    app.button(key="document_share").click().run()
    press(app, "document_share", "document_share_make")

    assert clinic.audit("share:create")[-1].details["version"] == 1


def test_the_versions_in_the_address_are_compared_in_their_order(
    clinic: Clinic, file: File
):
    record = replace(clinic, file(), letter("second"))
    third = replace(clinic, record, letter("third"))
    app = clinic.open("compare", document=third.id, left=3, right=1)

    chosen = [app.selectbox(key=f"compare_{s}_{third.id}") for s in ("left", "right")]
    assert [box.value for box in chosen] == ["3", "1"]


def test_pages_of_what_is_not_served_are_not_compared(clinic: Clinic, file: File, kept):
    record = replace(clinic, file(), letter("second"))
    first = kept.query(DocumentVersion).filter_by(document_id=record.id, number=1)
    first.update({"damaged_at": datetime(2026, 11, 20, tzinfo=UTC)})
    kept.commit()
    app = clinic.open("compare", document=record.id)
    app.session_state["compare_tabs"] = ":gray[Pages]"
    app.run()

    assert drawn(app) == [f"/files/documents/{record.id}/versions/2/pages/"]
    assert any("cannot be shown" in element.value for element in app.caption)


def test_a_replacement_of_what_changed_meanwhile_is_refused_and_leaves_no_file_behind(
    clinic: Clinic, file: File
):
    record = file()
    app = clinic.open("document", document=record.id)
    app.button(key="document_replace").click().run()
    replace(clinic, record, letter("by a colleague"))
    before = files_of(clinic)
    app.file_uploader[0].set_value(("mine.pdf", letter("mine"), ""))
    app.button(key="document_replace").click().run()
    press(app, "document_replace", "document_replace_save")

    assert "Somebody else changed this document" in said(app)
    assert stored(clinic, record).latest == 2
    assert files_of(clinic) == before


def test_a_file_that_is_no_pdf_replaces_nothing_and_says_what_to_do(
    clinic: Clinic, file: File
):
    record = file()
    app = clinic.open("document", document=record.id)
    app.button(key="document_replace").click().run()
    app.file_uploader[0].set_value(("new.pdf", b"MZ", ""))
    app.button(key="document_replace").click().run()
    press(app, "document_replace", "document_replace_save")

    assert "Only PDF files and pictures" in said(app)
    assert "save or print it as a PDF" in said(app)
    assert stored(clinic, record).latest == 1


def test_a_title_left_empty_is_the_name_of_the_file_and_says_so(
    clinic: Clinic, file: File
):
    record = file()
    app = clinic.open("document", document=record.id)

    app.button(key="document_edit").click().run()

    title = app.text_input(key=f"document_edit_{record.id}_{record.revision}_title")
    assert title.placeholder == "If left empty, the file name"


def test_the_memory_of_what_replaced_another_is_let_go_of(
    clinic: Clinic, file: File, monkeypatch: pytest.MonkeyPatch
):
    gone = let_go(monkeypatch)
    record = file()
    app = clinic.open("document", document=record.id)
    app.button(key="document_replace").click().run()
    app.file_uploader[0].set_value(("new.pdf", letter("second"), ""))
    app.button(key="document_replace").click().run()
    press(app, "document_replace", "document_replace_save")

    assert stored(clinic, record).latest == 2
    assert len(gone) == 1


def test_an_upload_that_is_refused_leaves_no_file_behind(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("upload_documents", patient=patient.id)
    app.file_uploader[0].set_value([("a.pdf", letter("too late"), "")]).run()
    before = files_of(clinic)
    archive(clinic, patient)
    app.button(key="upload_documents_file").click().run()

    assert "archived" in said(app)
    assert files_of(clinic) == before


def test_an_edit_says_anew_what_it_is_and_keeps_the_rest(clinic: Clinic, file: File):
    record = file(metadata={"ward": 7}, of=clinic.register().id)
    app = clinic.open("document", document=record.id)
    app.button(key="document_edit").click().run()
    app.text_input(key=f"document_edit_{record.id}_{record.revision}_title").set_value(
        "A better name"
    )
    press(app, "document_edit", "document_edit_save")

    now = stored(clinic, record)
    assert now.title == "A better name"
    assert changed(ChangedDocument.of(now), title="") == changed(
        ChangedDocument.of(record), title=""
    )


def test_an_edit_keeps_a_tag_that_is_newer_than_the_known_ones(
    clinic: Clinic, file: File
):
    boss, seen, record = cast.act_as_somebody(Role.ADMIN), file(), file()
    app = clinic.open("document", document=seen.id)
    app.button(key="document_edit").click().run()  # from here the known tags are kept
    made = clinic.write(lambda s: tags.add_tag(s, boss, "Newest"))
    tagged = changed(ChangedDocument.of(record), tags=("Newest",))
    after = clinic.write(
        lambda s: records.change(
            s, clinic.clerk, record.id, tagged, revision=record.revision
        )
    )
    try:
        app.query_params["document"] = str(record.id)
        app.run()
        app.button(key="document_edit").click().run()
        key = f"document_edit_{record.id}_{after.revision}_title"
        app.text_input(key=key).set_value("Better")
        press(app, "document_edit", "document_edit_save")

        now = stored(clinic, record)
        assert (now.title, now.tags) == ("Better", ("Newest",))
    finally:
        clinic.write(lambda s: tags.delete_tag(s, boss, made.id))


def by_a_colleague(clinic: Clinic, record: DocumentRecord) -> None:
    """Change a document's author to somebody else."""
    by_another = update(Document).where(Document.id == record.id)
    clinic.write(lambda s: s.execute(by_another.values(created_by=uuid4())))


def test_the_desk_is_told_of_a_confidential_document_and_shown_nothing_of_it(
    clinic: Clinic, file: File
):
    patient = clinic.register()
    record = file(of=patient.id, title="Genetic report", confidential=True)
    by_a_colleague(clinic, record)

    app = clinic.open("patient", patient=patient.id, part="documents")

    captions = [caption.value for caption in app.caption]
    assert any("1 confidential document, filed" in words for words in captions), (
        captions
    )
    assert "Genetic report" not in str(app)
    gone = clinic.open("document", document=record.id)
    assert "Document not found" in said(gone)
    assert "Genetic report" not in str(gone)


def test_whoever_makes_it_confidential_at_the_desk_is_told_what_that_means(
    clinic: Clinic, file: File
):
    record = file(of=clinic.register().id, title="Letter")
    by_a_colleague(clinic, record)
    app = clinic.open("document", document=record.id)
    app.button(key="document_edit").click().run()
    key = f"document_edit_{record.id}_{record.revision}"
    app.checkbox(key=f"{key}_confidential").check()
    press(app, "document_edit", "document_edit_save")

    assert app.title[0].value == "Documents"
    changes = clinic.audit("document:change")[-1].details["changed"]
    assert changes["confidential"] == [False, True]


def test_who_else_opens_it_is_named_with_the_document(clinic: Clinic, file: File):
    record = file(of=clinic.register().id, confidential=True)
    app = clinic.open("document", document=record.id)
    app.button(key="document_edit").click().run()
    field = app.multiselect(key=f"document_edit_{record.id}_{record.revision}_readers")
    named = field.options[0]
    field.select(named)
    press(app, "document_edit", "document_edit_save")

    named_readers = clinic.write(
        lambda s: readers.list_readers(s, clinic.clerk, record.id)
    )
    assert [reader.name for reader in named_readers] == [named]


def test_links_to_a_deleted_document_are_not_said_to_be_missing(
    clinic: Clinic, file: File
):
    record = delete(clinic, file())
    app = at_tab(clinic.open("document", document=record.id), "Links")

    assert "Document not found" not in said(app)
    captions = [caption.value for caption in app.caption]
    assert "Links to it open nothing while it is deleted." in captions


def test_an_edit_of_what_changed_meanwhile_changes_nothing(clinic: Clinic, file: File):
    record = file()
    app = clinic.open("document", document=record.id)
    app.button(key="document_edit").click().run()
    app.text_input(key=f"document_edit_{record.id}_{record.revision}_title").set_value(
        "Mine"
    )
    rename(clinic, record)
    press(app, "document_edit", "document_edit_save")

    assert "Somebody else changed this document" in said(app)
    assert stored(clinic, record).title == "By a colleague"


def test_a_dialog_that_was_left_shows_what_a_colleague_changed_since(
    clinic: Clinic, file: File
):
    record = file()
    app = clinic.open("document", document=record.id)
    app.button(key="document_edit").click().run()
    key = f"document_edit_{record.id}_{record.revision}_title"
    app.text_input(key=key).set_value("Mine").run()

    # Closed in its corner, a dialog is still in the session, with all that it has.
    renamed = rename(clinic, record)
    del app.session_state["chartroom_kept"]
    app.button(key="document_edit").click().run()

    key = f"document_edit_{record.id}_{renamed.revision}_title"
    assert app.text_input(key=key).value == "By a colleague"


def test_what_changed_meanwhile_is_not_deleted(clinic: Clinic, file: File):
    record = file()
    app = clinic.open("document", document=record.id)
    app.button(key="document_delete").click().run()
    rename(clinic, record)
    press(app, "document_delete", "document_delete_confirm")

    assert "Somebody else changed this document" in said(app)
    assert not stored(clinic, record).is_deleted


def test_a_version_of_what_changed_meanwhile_is_not_restored(
    clinic: Clinic, file: File
):
    record = replace(clinic, file(), letter("second"))
    app = at_tab(clinic.open("document", document=record.id), "Versions")
    app.button(key="document_restore_1").click().run()
    rename(clinic, record)
    press(app, "document_restore_1", "document_restore_version_confirm")

    assert "Somebody else changed this document" in said(app)
    assert stored(clinic, record).latest == 2


def test_patients_are_asked_only_for_what_they_may_say(
    clinic: Clinic, file: File, maya: UUID
):
    record = file(of=maya, role=Role.PATIENT)
    app = clinic.open("document", Role.PATIENT, document=record.id)
    app.button(key="document_edit").click().run()
    assert not app.selectbox

    app.text_input(key=f"document_edit_{record.id}_{record.revision}_title").set_value(
        "My letter"
    )
    press(app, "document_edit", "document_edit_save")

    assert stored(clinic, record).title == "My letter"
    upload = clinic.open("upload_documents", Role.PATIENT)
    upload.file_uploader[0].set_value([("a.pdf", letter("mine"), "")]).run()
    assert [box.label for box in upload.selectbox] == ["Type"]


# Not next to the test of their hourly limit, which uses up all of it.
def test_what_patients_upload_is_theirs_and_in_their_list(clinic: Clinic, maya: UUID):
    app = clinic.open("upload_documents", Role.PATIENT)
    upload(app, ("own.pdf", letter("In her own words")))

    assert "own.pdf is filed" in said(app)
    filed = stored(clinic, clinic.audit("document:file")[-1].subject_id)
    assert filed.patient_id == maya
    assert filed.version.author_id == clinic.cast[Role.PATIENT].id
    app.switch_page(page_file("documents")).run()
    assert "own" in {row[0] for row in rows_of(app, "documents_table")}


def test_what_the_clinic_added_to_is_offered_to_the_patient_for_reading_only(
    clinic: Clinic, file: File, maya: UUID
):
    record = replace(clinic, file(of=maya, role=Role.PATIENT), letter("by the clinic"))
    app = clinic.open("document", Role.PATIENT, document=record.id)
    assert "document_restore_1" not in buttons(at_tab(app, "Versions"))

    delete(clinic, record)
    app = clinic.open("document", Role.PATIENT, document=record.id)

    assert "A deleted document is not shown" in said(app)
    assert "document_restore" not in buttons(app)


def test_patients_are_told_what_the_clinic_deleted(
    clinic: Clinic, file: File, maya: UUID
):
    hers, another = (file(of=maya, role=Role.PATIENT) for _ in range(2))
    patient = clinic.cast[Role.PATIENT]
    clinic.write(lambda s: records.delete(s, patient, hers.id, revision=hers.revision))
    delete(clinic, another)

    of_hers, of_another = (
        said(clinic.open("document", Role.PATIENT, document=each.id))
        for each in (hers, another)
    )
    trash = clinic.open("trash", Role.PATIENT)

    assert "This document is deleted." in of_hers
    assert "The clinic deleted this document." in of_another
    # The newest comes first.
    cards = [each.value for each in trash.caption if " · deleted " in each.value]
    assert ["by the clinic" in card for card in cards[:2]] == [True, False]


def actions_of(app: AppTest, record: DocumentRecord) -> list[str]:
    """Return the actions that a list offers on a document."""
    rows = shown(app, "documents_table")["rows"]
    (row,) = [shown for shown in rows if shown["id"] == str(record.id)]
    return [action["name"] for action in row["cells"][-1]["actions"]]


def test_a_list_offers_to_delete_only_what_may_be_deleted(
    clinic: Clinic, file: File, maya: UUID
):
    record = file(of=maya)
    assert "delete" in actions_of(clinic.open("documents"), record)
    assert "delete" not in actions_of(clinic.open("documents", Role.PATIENT), record)

    clinic.write(
        lambda s: records.hold(
            s, clinic.clerk, record.id, reason="Case 4711 of the court"
        )
    )

    assert "delete" not in actions_of(clinic.open("documents"), record)


def test_patients_delete_in_the_list_what_they_filed(
    clinic: Clinic, file: File, maya: UUID, monkeypatch: pytest.MonkeyPatch
):
    record = file(letter("Filed by mistake"), of=maya, role=Role.PATIENT)
    app = clinic.open("documents", Role.PATIENT)
    assert "delete" in actions_of(app, record)
    pressed = TableEvent(action=(str(record.id), "delete"))
    monkeypatch.setattr(
        "dashboard.documents.search.document_list.document_table",
        lambda *_, **__: pressed,
    )
    app.run()

    app.button(key="document_delete_confirm").click().run()

    assert stored(clinic, record).is_deleted


def test_a_patients_page_lists_their_documents_and_nobody_elses(
    clinic: Clinic, file: File
):
    ada, other = clinic.register(), clinic.register()
    file(of=ada.id, title="Ada's")
    file(of=other.id, title="Somebody else's")

    rows = shown(clinic.open("patient", patient=ada.id), "patient_documents")["rows"]

    assert [row["cells"][0]["text"] for row in rows] == ["Ada's"]
