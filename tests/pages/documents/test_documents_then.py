"""Documents of an earlier time on screen: what became of each, its file, its return."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from services.core.actors import Role
from services.documents import records, retention, tags
from services.documents.records.drafts import ChangedDocument, DraftDocument
from services.documents.records.model import DocumentRecord
from services.patients.records.model import PatientRecord
from tests.conftest import Databases
from tests.kit import cast
from tests.kit.german_pages import left_english
from tests.pages.conftest import Clinic
from tests.pages.patients.point_in_time_samples import bring_back, kept_open
from tests.services.pdf.samples import letter

REASON = "Deleted the wrong letter"


@pytest.fixture
def then(
    clinic: Clinic, patient: PatientRecord, databases: Databases, template: str
) -> Iterator[DocumentRecord]:
    """A letter of the patient, both today and in the clinic opened from backups."""
    content = clinic.receive(letter())
    draft = DraftDocument(title="Referral", patient_id=patient.id)
    filed = clinic.write(lambda s: records.file(s, clinic.clerk, draft, content))

    def file_then(session):
        same = DraftDocument(title="Referral", patient_id=patient.id, id=filed.id)
        return records.file(session, clinic.clerk, same, content)

    with kept_open(clinic, patient, databases, template, file_then):
        yield filed


@pytest.fixture
def labelled(
    clinic: Clinic, patient: PatientRecord, databases: Databases, template: str
) -> Iterator[DocumentRecord]:
    """A letter of the patient with a tag that existed then and does not exist now."""
    content = clinic.receive(letter())
    draft = DraftDocument(title="Referral", patient_id=patient.id)
    filed = clinic.write(lambda s: records.file(s, clinic.clerk, draft, content))

    def label(session):
        same = replace(draft, id=filed.id)
        then = records.file(session, clinic.clerk, same, content)
        tags.add_tag(session, cast.act_as(cast.ADAM), "Lab")
        wanted = replace(ChangedDocument.of(then), tags=("Lab",))
        given = (session, clinic.clerk, then.id, wanted)
        return records.change(*given, revision=then.revision)

    with kept_open(clinic, patient, databases, template, label):
        yield filed


def opened(clinic: Clinic, patient: PatientRecord, role: Role = Role.STAFF):
    return clinic.open("past", role, patient=patient.id)


def choose(app):
    radio = app.radio(key="past_document")
    radio.set_value(radio.options[0]).run()
    return app


def delete(clinic: Clinic, then: DocumentRecord) -> None:
    clinic.write(lambda s: records.delete(s, clinic.clerk, then.id, revision=1))


def test_what_is_the_same_is_said_to_be(
    clinic: Clinic, patient: PatientRecord, then: DocumentRecord
):
    app = opened(clinic, patient)
    [label] = app.radio(key="past_document").options
    assert "Referral" in label
    assert "the same today" in label

    choose(app)

    assert not app.text_area
    [listed] = [e for e in clinic.audit("document:list") if "as_of" in e.details]
    assert listed.patient_id == patient.id
    assert listed.details["as_of"] == "2026-11-19T14:03:07+00:00"


def test_a_deleted_one_is_read_and_brought_back_for_a_reason(
    clinic: Clinic, patient: PatientRecord, then: DocumentRecord
):
    delete(clinic, then)
    app = choose(opened(clinic, patient))
    assert "in the trash today" in app.radio(key="past_document").options[0]

    app.button(key="past_document_open").click().run()
    assert [b.key for b in app.get("download_button")] == ["past_document_download"]
    viewed = [e for e in clinic.audit("document:view") if e.subject_id == str(then.id)]
    assert viewed[0].details["as_of"] == "2026-11-19T14:03:07+00:00"

    bring_back(app, "past_document", "oops")
    assert "of at least 10 characters" in app.error[0].value
    bring_back(app, "past_document", REASON)

    document = clinic.read(lambda s: records.get(s, clinic.clerk, then.id))
    assert not document.is_deleted
    assert clinic.audit("past:copy-document")[-1].reason == REASON


def test_what_does_not_come_back_is_named(
    clinic: Clinic, patient: PatientRecord, labelled: DocumentRecord
):
    delete(clinic, labelled)

    app = choose(opened(clinic, patient))

    [lost] = [
        each.value for each in app.caption if "are not brought back" in each.value
    ]
    assert lost.endswith("for this type of document: Lab.")
    bring_back(app, "past_document", REASON)
    assert not clinic.read(
        lambda s: records.get(s, clinic.clerk, labelled.id)
    ).is_deleted


def test_what_was_purged_since_is_not_listed(
    clinic: Clinic, patient: PatientRecord, then: DocumentRecord
):
    delete(clinic, then)
    clinic.write(lambda s: retention.replay_purges(s, [then.id]))

    app = opened(clinic, patient)

    assert "past_document" not in {radio.key for radio in app.radio}
    assert "No documents from that time that you may see today" in " ".join(
        caption.value for caption in app.caption
    )


def test_one_that_is_described_otherwise_is_told_as_it_is_today(
    clinic: Clinic, patient: PatientRecord, then: DocumentRecord
):
    changed = replace(ChangedDocument.of(then), title="Letter *1*")
    clinic.write(
        lambda s: records.change(s, clinic.clerk, then.id, changed, revision=1)
    )

    app = choose(opened(clinic, patient))

    sentences = [each.value for each in app.markdown if "Today:" in each.value]
    assert sentences == [r"Today: Letter \*1\*, Other"]


def test_it_is_told_in_german(
    clinic: Clinic, patient: PatientRecord, then: DocumentRecord
):
    clinic.speak_german(Role.STAFF)
    delete(clinic, then)

    app = choose(opened(clinic, patient))

    assert left_english(app) == set()
