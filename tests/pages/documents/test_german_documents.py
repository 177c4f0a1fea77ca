"""Colleagues who have chosen German find no English on the pages of documents."""

from datetime import date

import pytest
from sqlalchemy import func, select, update
from streamlit.testing.v1 import AppTest

from dashboard.documents.retention import erasures, retention_tables
from dashboard.ui.language import gettext
from db.models.document import DocumentVersion
from services.core.actors import Role
from services.documents import erasure, fields, records, retention, tags
from services.documents.fields import KIND_LABELS, FieldDefinition, FieldKind
from services.documents.forms import TEMPLATES
from services.documents.inbox import InboxView
from services.documents.integrity import runs, sweeping
from services.documents.integrity.runs import Job
from services.documents.integrity.sweeping import SweepResult
from services.documents.records.kinds import TYPE_LABELS, DocumentType
from services.documents.records.model import DocumentRecord
from services.patients.care import care
from services.patients.records.model import SEX_LABELS, Sex
from tests.kit.german_pages import english, said, texts_of
from tests.kit.sentences import lacking
from tests.pages.conftest import Clinic
from tests.pages.document_samples import File, press
from tests.services.documents.erasure import samples as erasure_samples

#: Names of actions, which a table sends, and the title of a paper, which is English.
pytestmark = pytest.mark.usefixtures("german_choices")
NOT_READ = {"patient", "tag", "done", "Medical record"}
ADMIN, STAFF, DOCTOR = Role.ADMIN, Role.STAFF, Role.CLINICIAN


@pytest.fixture
def paper(german: Clinic, file: File) -> DocumentRecord:
    """A document of a patient whom the clinician treats, with a tag and a field."""
    patient, boss = german.register(), german.cast[ADMIN]

    def prepare(session):
        care.assign(session, german.clerk, patient.id, german.cast[DOCTOR].id)
        if not tags.list_tags(session, boss):
            tags.add_tag(session, boss, "Dringlich")
            definition = FieldDefinition("Labornummer", choices=("eins", "zwei"))
            fields.add_field(session, boss, FieldKind.CHOICE, definition)

    german.write(prepare)
    return file(title="Brief", of=patient.id, urgent=True, dated_on=date(2026, 9, 5))


def opened(german: Clinic, page: str, role: Role = STAFF, **query: object) -> AppTest:
    app = german.open(page, role, **query)
    assert english(texts_of(app)) <= NOT_READ
    return app


@pytest.mark.parametrize("role", [STAFF, DOCTOR])
@pytest.mark.parametrize(
    "page", ["documents", "upload_documents", "create_document", "trash"]
)
def test_pages_of_documents_are_german(
    german: Clinic, paper: DocumentRecord, page: str, role: Role
) -> None:
    opened(german, page, role)


def test_the_inbox_is_german(german: Clinic, file: File) -> None:
    file(title="Fax", role=DOCTOR, urgent=True)

    app = opened(german, "inbox")

    assert "Dringend: Sonstiges" in said(app)
    assert "Nicht zugeordnet" in said(app)
    assert "Niemand" in said(app)


@pytest.mark.parametrize("form", sorted(TEMPLATES))
def test_forms_are_german(german: Clinic, form: str) -> None:
    app = german.open("create_document", template=form)

    app.button(key="create_document_generate").click().run()

    assert english(texts_of(app)) == set()


@pytest.mark.parametrize(
    "part", ["Vorschau", "Versionen", "Links", "Wer es geöffnet hat", "Details"]
)
def test_a_document_is_german(german: Clinic, paper: DocumentRecord, part: str) -> None:
    app = german.open("document", document=paper.id)

    app.session_state["document_tabs"] = f":gray[{part}]"
    app.run()

    assert english(texts_of(app)) == set()
    assert "vom 5.\u00a0Sept. 2026" in said(app)


@pytest.mark.parametrize(
    "opener",
    [
        "document_edit",
        "document_replace",
        "document_hold",
        "document_delete",
        "document_assign",
    ],
)
def test_what_is_done_with_a_document_is_asked_in_german(
    german: Clinic, paper: DocumentRecord, opener: str
) -> None:
    app = german.open("document", document=paper.id)

    app.button(key=opener).click().run()

    assert english(texts_of(app)) == set()


def test_an_assignment_is_refused_in_german(german: Clinic, file: File) -> None:
    foreign = file(title="Fremd", of=german.register().id)
    page = german.open("document", document=foreign.id)

    page.button(key="document_assign").click().run()
    key = f"inbox_assignee_{foreign.id}"
    page.selectbox(key=key).set_value(german.cast[DOCTOR].id)
    press(page, "document_assign", "inbox_assign_save")

    assert "darf dieses Dokument nicht öffnen" in page.error[0].value


def test_tags_and_fields_are_kept_in_german(
    german: Clinic, paper: DocumentRecord
) -> None:
    labels = opened(german, "tags", ADMIN)
    labels.button(key="tags_add_submit").click().run()
    refused = labels.error[0].value
    (change,) = [b for b in labels.button if b.key.startswith("tags_delete_")][:1]
    change.click().run()
    own = opened(german, "fields", ADMIN)
    own.button(key="fields_add_submit").click().run()

    assert refused == "Ein Schlagwort braucht einen Namen. Geben Sie einen ein."
    assert "Dieses Schlagwort löschen?" in said(labels)
    assert english(texts_of(labels)) == set()
    assert own.error[0].value == "Der Name des Feldes fehlt. Bitte eingeben."
    assert english(texts_of(own)) == set()


def test_retention_is_german(
    german: Clinic, paper: DocumentRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    grace = german.register()
    row = update(DocumentVersion).where(DocumentVersion.document_id == paper.id)

    def prepare(session):
        records.hold(session, german.clerk, paper.id, reason="Streitfall 17 von 2026")
        session.execute(row.values(damaged_at=func.now()))
        wanted = sweeping.versions().where(DocumentVersion.document_id == paper.id)
        missing = sweeping.list_versions(session, wanted)
        few = tuple(map(str, range(200)))
        sweeps = {
            "documents": SweepResult(1, (), missing).as_details(),
            "patient_photos": SweepResult(1, few, ()).as_details(),
        }
        runs.note(session, Job.SWEEP, sweeps)
        runs.note(session, Job.CHECK, {"checked": 0})
        for run in session.scalars(select(runs.IntegrityRun)):
            run.ended_at = func.now() - func.make_interval(0, 0, 0, 1)
        erasure_samples.let_erase(session)
        erasure_samples.archive_long_ago(session, german.clerk, grace)

    german.write(prepare)
    app = opened(german, "retention", ADMIN)
    boss = german.cast[ADMIN]
    (held, *_), due = (
        german.write(lambda s: retention.list_holds(s, boss)),
        german.write(lambda s: erasure.read_due_erasures(s, boss)).dues[0],
    )
    monkeypatch.setattr(erasures, "erasures_table", lambda *_: due)
    postponing = opened(german, "retention", ADMIN)
    monkeypatch.setattr(erasures, "erasures_table", lambda *_: None)
    monkeypatch.setattr(retention_tables, "holds_table", lambda *_, **__: held)
    releasing = opened(german, "retention", ADMIN)

    shown = said(app)
    assert "Seit " in shown
    assert "ist dieser Lauf nicht zu Ende gekommen: Abgleich." in shown
    assert f"fehlende Dateien: 1 (Dokument {paper.id}, Version 1)." in shown
    assert "Wird gelöscht" in shown
    assert "Diese Löschung aufschieben" in said(postponing)
    assert "Diese Löschsperre aufheben?" in said(releasing)


def test_a_word_of_several_meanings_is_said_by_its_context() -> None:
    templates = {name: TEMPLATES[name] for name in ("referral_letter", "visit_summary")}
    labels = {
        str(field.label): gettext(field.label)
        for template in templates.values()
        for field in template.fields
    }

    assert gettext(TYPE_LABELS[DocumentType.OTHER]) == "Sonstiges"
    assert gettext(SEX_LABELS[Sex.OTHER]) == "Divers"
    assert (labels["To"], labels["Findings"]) == ("An", "Befunde")


def test_labels_of_fields_and_of_the_inbox_are_german() -> None:
    assert lacking([*KIND_LABELS.values(), *(view.value for view in InboxView)]) == []
