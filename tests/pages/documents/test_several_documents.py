"""Several documents at once: what is offered to whom, asked, done and refused."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.ui.record_table import TableEvent
from services.core.actors import Role
from services.documents import records
from services.documents.records.model import DocumentRecord
from tests.pages.conftest import Clinic, markdown_of
from tests.pages.document_samples import File, said, shown, stored
from tests.services.pdf.samples import letter

Choose = Callable[[str], AppTest]


@pytest.fixture
def three(file: File) -> list[DocumentRecord]:
    """Three unfiled documents."""
    return [
        file(letter(f"The {title} letter"), title=title)
        for title in ("First", "Second", "Third")
    ]


@pytest.fixture
def choose(clinic: Clinic, monkeypatch, three: list[DocumentRecord]) -> Choose:
    """Tick the first two and press an action; AppTest cannot click into a table."""

    def choose(action: str) -> AppTest:
        app = clinic.open("documents")
        event = TableEvent(selected=(tuple(str(d.id) for d in three[:2]), action))
        monkeypatch.setattr(
            "dashboard.documents.search.document_list.document_table",
            lambda *_, **__: event,
        )
        return app.run()

    return choose


@pytest.mark.parametrize(
    ("action", "button"),
    [
        ("type", "documents_bulk_type_set"),
        ("tag", "documents_bulk_tag_set"),
        ("handling", "documents_bulk_mark_set"),
        ("patient", "documents_bulk_patient_set"),
    ],
)
def test_a_dialog_can_be_left_without_doing_it(choose, action, button):
    app = choose(action)

    assert app.button(key=button)
    assert app.button(key=f"{button}_not").label == "Cancel"


def hold_reason(app: AppTest):
    """Return the field for the reason why the documents are kept."""
    (field,) = [f for f in app.text_area if str(f.key).endswith("_hold_reason")]
    return field


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        (Role.STAFF, ["type", "tag", "handling", "patient", "hold", "zip", "delete"]),
        (Role.PATIENT, ["zip", "delete"]),
    ],
)
def test_each_role_is_offered_what_it_may_do(
    clinic: Clinic, file: File, maya, role: Role, acts: list[str]
):
    file(letter("A letter of my own"), role=Role.PATIENT)
    selection = shown(clinic.open("documents", role), "documents_table")["selection"]

    assert [action["name"] for action in selection["actions"]] == acts


def test_a_hold_needs_a_reason_and_is_of_all(clinic: Clinic, three, choose):
    app = choose("hold")
    app.button(key="documents_bulk_hold_confirm").click().run()
    assert "reason" in app.error[0].value
    hold_reason(app).set_value("Case 7 of 2026")
    app.button(key="documents_bulk_hold_confirm").click().run()

    assert "2 documents on legal hold." in said(app)
    held = [stored(clinic, document).is_held for document in three]
    assert held == [True, True, False]


def test_a_reason_for_some_is_none_for_others(three, choose, monkeypatch):
    app = choose("hold")
    hold_reason(app).set_value("Case 7")
    app.button(key="documents_bulk_hold_confirm").click().run()
    assert "at least 10 characters" in app.error[0].value
    assert hold_reason(app).value == "Case 7"

    event = TableEvent(selected=((str(three[2].id),), "hold"))
    monkeypatch.setattr(
        "dashboard.documents.search.document_list.document_table",
        lambda *_, **__: event,
    )
    app.run()

    assert hold_reason(app).value == ""


def test_what_is_on_hold_stays_and_the_summary_says_so(clinic: Clinic, three, choose):
    clinic.write(
        lambda s: records.hold(s, clinic.clerk, three[1].id, reason="Case 7 of 2026")
    )
    app = choose("delete")
    app.button(key="documents_bulk_delete_confirm").click().run()

    assert "1 document deleted." in said(app)
    assert "Not “Second”:" in said(app)
    deleted = [stored(clinic, document).is_deleted for document in three]
    assert deleted == [True, False, False]

    app.button(key="documents_bulk_summary_read").click().run()
    assert "1 document deleted." not in said(app)


def test_from_a_patients_record_one_uploads_and_creates_for_them(clinic: Clinic):
    patient = clinic.register()
    name = f"{patient.last_name}, {patient.first_name}"
    for way, title in (("upload", "Upload documents"), ("create", "Create a document")):
        app = clinic.open("patient", patient=patient.id, part="documents")
        app.button(key=f"patient_{way}").click().run()

        assert app.title[0].value == title
        assert app.query_params["patient"] == str(patient.id)
        assert name in markdown_of(app)
