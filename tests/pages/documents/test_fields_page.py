"""Fields of documents on screen: defined, filled in, shown, in lists."""

import json
from collections.abc import Iterator

import pytest

from dashboard.ui.fields.keys import stamp_of
from services.core.actors import Role
from services.documents import fields
from services.documents.fields import DocumentField, FieldDefinition, FieldKind
from services.documents.records.drafts import ChangedDocument
from services.documents.records.kinds import DocumentType
from tests.kit import cast
from tests.pages.conftest import Clinic, rows_of
from tests.pages.document_samples import File, press, said, stored
from tests.services.pdf.samples import letter

BOSS = cast.act_as_somebody(Role.ADMIN)
TYPES = (DocumentType.CONSENT,)


def known(clinic: Clinic, name: str) -> DocumentField:
    listed = clinic.write(lambda s: fields.list_fields(s, clinic.clerk))
    return next(field for field in listed if field.name == name)


@pytest.fixture
def define(clinic: Clinic) -> Iterator[object]:
    """Define fields of consents, and archive them in the end."""
    made = []

    def define(
        name: str, kind: FieldKind = FieldKind.TEXT, **facts: object
    ) -> DocumentField:
        definition = FieldDefinition(name, document_types=TYPES, **facts)
        field = clinic.write(lambda s: fields.add_field(s, BOSS, kind, definition))
        made.append(field)
        return field

    yield define
    for field in made:
        clinic.write(lambda s, field=field: fields.archive_field(s, BOSS, field.id))


def test_an_administrator_defines_changes_archives_and_restores_a_field(
    at_desk, clinic: Clinic
):
    app = at_desk("fields", Role.ADMIN)
    app.selectbox(key="fields_new_0_kind").select(FieldKind.NUMBER).run()
    app.text_input(key="fields_new_0_name").input("Volume")
    app.text_input(key="fields_new_0_unit").input("ml")
    app.multiselect(key="fields_new_0_document_types").select(DocumentType.CONSENT)
    app.button(key="fields_add_submit").click().run()

    made = known(clinic, "Volume")
    assert (made.kind, made.label) == (FieldKind.NUMBER, "Volume (ml)")
    assert made.document_types == TYPES
    assert app.text_input(key="fields_new_1_name").value == ""
    opener = f"fields_change_{made.id}"
    app.button(key=opener).click().run()
    key = f"fields_{made.id}_{stamp_of(made)}"
    app.text_input(key=f"{key}_name").set_value("Amount")
    press(app, opener, "fields_change_save")
    assert known(clinic, "Amount").key == "volume"
    opener = f"fields_archive_{made.id}"
    app.button(key=opener).click().run()
    press(app, opener, "fields_archive_confirm")
    assert known(clinic, "Amount").is_archived
    app.button(key=f"fields_restore_{made.id}").click().run()
    assert not known(clinic, "Amount").is_archived
    clinic.write(lambda s: fields.archive_field(s, BOSS, made.id))


def test_a_name_that_is_there_already_is_explained_and_stays_typed(
    at_desk, clinic: Clinic, define
):
    define("Twice")
    app = at_desk("fields", Role.ADMIN)
    app.text_input(key="fields_new_0_name").input("twice")
    app.button(key="fields_add_submit").click().run()

    assert "There is already a field with this name" in app.error[0].value
    assert app.text_input(key="fields_new_0_name").value == "twice"


def test_an_upload_asks_for_the_fields_of_its_type_and_names_what_is_wrong(
    clinic: Clinic, define
):
    define("Lot", is_required=True)
    define("Weight", FieldKind.NUMBER, unit="g")
    app = clinic.open("upload_documents")
    app.file_uploader[0].set_value([("consent.pdf", letter("Lot 7"), "")]).run()
    assert not [i for i in app.text_input if i.key and i.key.endswith("_lot")]

    app.selectbox[0].set_value(DocumentType.CONSENT).run()
    [lot] = [i for i in app.text_input if i.key and i.key.endswith("_lot")]
    [weight] = [i for i in app.text_input if i.key and i.key.endswith("_weight")]
    assert (lot.label, weight.label) == ("Lot (required)", "Weight (g)")
    weight.set_value("heavy")
    app.button(key="upload_documents_file").click().run()
    assert "“Weight” must be a number such as 12.5" in said(app)
    [weight] = [i for i in app.text_input if i.key and i.key.endswith("_weight")]
    assert weight.value == "heavy"
    weight.set_value("2,5")
    app.button(key="upload_documents_file").click().run()
    assert "“Lot” is required for documents of this type" in said(app)
    [lot] = [i for i in app.text_input if i.key and i.key.endswith("_lot")]
    lot.set_value("7")
    app.button(key="upload_documents_file").click().run()

    filed = clinic.audit("document:file")[-1].subject_id
    assert stored(clinic, filed).fields == {"lot": "7", "weight": 2.5}
    page = clinic.open("document", document=filed)
    assert "Lot: **7** · Weight: **2.5 g**" in [m.value for m in page.markdown]
    clinic.write(lambda s: fields.archive_field(s, BOSS, known(clinic, "Lot").id))


def test_an_edit_fills_in_fields_and_keeps_what_is_of_another_type(
    clinic: Clinic, file: File, define
):
    define("Witnessed", FieldKind.FLAG)
    define("Signed", FieldKind.DATE)
    define("Language", FieldKind.CHOICE, choices=("English", "Deutsch"))
    given = {"witnessed": False, "signed": "2026-11-01"}
    record = file(document_type=DocumentType.CONSENT, fields=given)
    app = clinic.open("document", document=record.id)
    app.button(key="document_edit").click().run()
    key = f"document_edit_{record.id}_{record.revision}"
    assert app.date_input(key=f"{key}_signed").value.isoformat() == "2026-11-01"
    app.selectbox(key=f"{key}_witnessed").set_value(True)
    app.selectbox(key=f"{key}_language").set_value("Deutsch")
    press(app, "document_edit", "document_edit_save")

    filled = given | {"witnessed": True, "language": "Deutsch"}
    after = stored(clinic, record)
    assert after.fields == filled
    app.button(key="document_edit").click().run()
    key = f"document_edit_{record.id}_{after.revision}"
    app.selectbox(key=f"{key}_type").set_value(DocumentType.OTHER)
    press(app, "document_edit", "document_edit_save")
    now = stored(clinic, record)
    assert ChangedDocument.of(now).document_type == DocumentType.OTHER
    assert now.fields == filled


def heads(app) -> list[str]:
    [table] = [t for t in app.get("bidi_component") if t.key == "documents_table"]
    return [column["label"] for column in json.loads(table.proto.bytes)["columns"]]


def test_lists_show_fields_as_columns_and_are_filtered_by_them(
    clinic: Clinic, file: File, define
):
    define("Study", FieldKind.CHOICE, choices=("North", "South"))
    for number, study in enumerate(("North", "South")):
        file(
            title=f"Consent {study}",
            document_type=DocumentType.CONSENT,
            fields={"study": study},
            data=letter(f"Study {number}"),
        )
    app = clinic.open("documents")
    usual = heads(app)

    app.button(key="documents_columns").click().run()
    chosen = ["title", "custom_fields.study"]
    app.multiselect(key="documents_columns_chosen").set_value(chosen)
    press(app, "documents_columns", "documents_columns_save")
    app.session_state["documents_filters"] = True
    app.run()
    app.button(key="documents_add_1").click().run()
    app.selectbox(key="documents_field_2").set_value("custom_fields.study").run()
    app.selectbox(key="documents_choice_2").set_value("South").run()
    app.button(key="documents_apply").click().run()

    assert heads(app) == ["Name", "Study", "Actions"]
    assert [row[:2] for row in rows_of(app, "documents_table")] == [
        ["Consent South", "South"]
    ]
    assert "1 document whose study is south" in app.markdown[0].value.lower()
    app.button(key="documents_columns").click().run()
    press(app, "documents_columns", "documents_columns_usual")
    assert heads(clinic.open("documents")) == usual


def test_patients_see_what_was_filled_in_and_are_asked_for_nothing(
    clinic: Clinic, file: File, maya, define
):
    define("Ward")
    record = file(of=maya, document_type=DocumentType.CONSENT, fields={"ward": "Seven"})

    page = clinic.open("document", Role.PATIENT, document=record.id)
    app = clinic.open("upload_documents", Role.PATIENT)
    app.file_uploader[0].set_value([("own.pdf", letter("Mine"), "")]).run()
    app.selectbox[0].set_value(DocumentType.CONSENT).run()

    assert "Ward: **Seven**" in [element.value for element in page.markdown]
    assert not [i for i in app.text_input if i.key and i.key.endswith("_ward")]
