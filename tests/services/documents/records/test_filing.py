"""Documents are filed under a patient or unfiled."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from services.core.actors import Role
from services.core.errors import NotAllowed, NotFound
from services.documents import records
from services.documents.records.drafts import DraftDocument
from services.documents.records.errors import DocumentIdTaken, NoSuchDocument
from services.documents.records.kinds import Classification, DocumentType
from services.patients.duplicates import merging
from services.patients.records import patients
from services.pdf.report import PdfReport
from tests.kit import cast
from tests.kit.cast import ADA, ada
from tests.services.documents.records.samples import TEXT, content, file, recorded


def test_a_document_is_filed_with_its_facts_its_version_and_its_text(
    session, clerk, patient
):
    filed = file(
        session,
        clerk,
        of=patient,
        document_type=DocumentType.LAB_REPORT,
        description=" From the city's lab\r\nby mail ",
        metadata={"lab": "City", "pages": [1, 2]},
    )

    assert filed == records.get(session, clerk, filed.id)
    assert (filed.patient_id, filed.patient_name) == (patient.id, "Ada Lovelace")
    assert filed.description == "From the city's lab\nby mail"
    assert filed.metadata == {"lab": "City", "pages": [1, 2]}
    assert (filed.latest, filed.revision, filed.version.number) == (1, 1, 1)
    assert (filed.created_by_name, filed.version.author_name) == ("Cleo Clerk",) * 2
    assert records.text_of(session, clerk, filed.id) == TEXT


def test_without_a_title_the_files_name_is_one(session, clerk):
    named = file(session, clerk, holding=content(filename="C:\\tmp\\X-ray left.PDF"))

    assert (named.title, named.version.filename) == ("X-ray left", "X-ray left.PDF")


@pytest.mark.parametrize(
    ("draft", "classification"),
    [
        (DraftDocument(), Classification.CLINICAL),
        (
            DraftDocument(document_type=DocumentType.INVOICE),
            Classification.ADMINISTRATIVE,
        ),
        (
            DraftDocument(classification=Classification.TEMPORARY),
            Classification.TEMPORARY,
        ),
    ],
    ids=["unsaid", "by its type", "said"],
)
def test_a_document_is_classified_by_what_is_said_or_by_its_type(
    session, clerk, draft, classification
):
    filed = records.file(session, clerk, draft, content())

    assert filed.classification is classification


def test_a_document_without_a_patient_is_unfiled(session, clerk):
    filed = file(session, clerk)

    assert (filed.patient_id, filed.patient_name) == (None, None)


def test_filing_and_reading_are_written_down_with_the_version(session, clerk, patient):
    filed = file(session, clerk, of=patient)
    records.get(session, clerk, filed.id)

    assert recorded(session) == [("document:file", 1), ("document:read", 1)]


@pytest.mark.parametrize(
    ("report", "reading"),
    [
        (PdfReport(1, text=("words",)), "embedded"),
        (PdfReport(1, text=(" \n",)), "waiting"),
        (PdfReport(1), "waiting"),
        (PdfReport(None, ("encrypted",)), "none"),
    ],
    ids=["text", "only spaces", "no text", "needs a password"],
)
def test_pages_without_words_wait_to_be_recognised(session, clerk, report, reading):
    filed = file(session, clerk, holding=content(report=report))

    assert filed.version.reading == reading


def test_text_that_cannot_be_stored_is_stored_without_what_cannot(session, clerk):
    odd = PdfReport(2, text=("nul \0 here", "half \ud83d pair"))

    filed = file(session, clerk, holding=content(report=odd))

    pages = records.text_of(session, clerk, filed.id)
    assert pages == ("nul   here", "half ? pair")


def test_what_was_typed_into_the_form_stays_with_the_version(session, clerk):
    typed = {"diagnosis": "Influenza"}
    made = content(origin="form", template="sick_note", form=typed)

    version = file(session, clerk, holding=made).version
    plain = file(session, clerk).version

    assert (version.origin, version.template, version.form) == (
        "form",
        "sick_note",
        typed,
    )
    assert plain.form is None


def test_whoever_chose_the_id_may_file_the_same_again(session, clerk):
    chosen, stored = uuid4(), content()
    first = file(session, clerk, id=chosen, holding=stored)

    again = file(session, clerk, id=chosen, holding=stored)

    assert again == first
    assert first.id == chosen
    assert len(records.versions(session, clerk, chosen)) == 1


def test_the_same_form_is_the_same_document_though_its_pdf_was_made_anew(
    session, clerk
):
    chosen, typed = uuid4(), {"rows": (("one", 1),)}
    of_form = {"origin": "form", "template": "sick_note"}
    first = file(
        session,
        clerk,
        id=chosen,
        dated_on=date(2026, 11, 20),
        holding=content(b"at noon", form=typed, **of_form),
    )

    again = file(
        session,
        clerk,
        id=chosen,
        dated_on=date(2026, 11, 21),
        holding=content(b"after midnight", form=typed, **of_form),
    )

    assert again == replace(first, version=again.version)
    assert again.version.sha256 == first.version.sha256
    for other in ({"form": {"rows": ()}}, {"form": typed, "template": "referral"}):
        with pytest.raises(DocumentIdTaken):
            file(session, clerk, id=chosen, holding=content(**{**of_form, **other}))


def test_an_id_is_not_taken_over_with_other_content_or_by_somebody_else(
    session, clerk, clinician
):
    chosen = uuid4()
    file(session, clerk, id=chosen)

    with pytest.raises(DocumentIdTaken):
        file(session, clerk, id=chosen, holding=content(b"another"))
    with pytest.raises(DocumentIdTaken):
        file(session, clinician, id=chosen)


def test_nothing_is_filed_under_a_patient_who_is_not_there(session, clerk):
    with pytest.raises(patients.NoSuchPatient):
        records.file(session, clerk, DraftDocument(patient_id=uuid4()), content())


def test_nothing_is_filed_under_an_archived_patient(session, clerk, patient):
    patients.archive(session, clerk, patient.id, version=1)

    with pytest.raises(patients.PatientArchived, match="restore it first"):
        file(session, clerk, of=patient)


def test_documents_follow_their_patient_into_a_merge(
    session, clerk, today, patient, filed
):
    kept = patients.register(session, clerk, ada(email="a@example.org"), today=today)
    merging.merge(
        session,
        clerk,
        kept.id,
        patient.id,
        ADA,
        kept_version=1,
        merged_version=1,
        today=today,
    )

    assert records.get(session, clerk, filed.id).patient_id == kept.id
    with pytest.raises(patients.PatientArchived, match="merged into another"):
        file(session, clerk, of=patient)


def test_what_patients_file_is_their_own_and_clinical(session, herself, patient):
    filed = file(session, herself, classification=Classification.TEMPORARY)

    assert filed.patient_id == patient.id
    assert filed.classification is Classification.CLINICAL


def test_asvs_8_2_2_patients_file_under_nobody_else(session, herself):
    with pytest.raises(patients.NoSuchPatient):
        records.file(session, herself, DraftDocument(patient_id=uuid4()), content())


def test_a_patient_without_a_record_files_nothing_and_sees_nothing(session, clerk):
    unfiled = file(session, clerk)
    nobody = replace(cast.act_as_somebody(Role.PATIENT), patient_id=None)

    with pytest.raises(NotFound, match="not linked to a patient record"):
        file(session, nobody)
    with pytest.raises(NoSuchDocument):
        records.get(session, nobody, unfiled.id)


@pytest.mark.parametrize("who", ["analyst", "admin"])
def test_who_sees_no_documents_files_none(session, request, who):
    with pytest.raises(NotAllowed):
        file(session, request.getfixturevalue(who))


def test_the_same_content_of_the_same_patient_is_found_again(
    session, clerk, patient, filed
):
    document = records.find_filed(session, clerk, content().sha256, patient.id)

    assert document == filed


def test_content_of_an_earlier_version_is_found_too(session, clerk, patient, filed):
    newer = content(b"newer")
    records.add_version(session, clerk, filed.id, newer, revision=1)

    document = records.find_filed(session, clerk, content().sha256, patient.id)

    assert document is not None
    assert (document.id, document.version.number) == (filed.id, 2)


def test_content_elsewhere_or_deleted_is_not_already_filed(session, clerk, patient):
    unfiled = file(session, clerk)
    gone = file(session, clerk, of=patient, holding=content(b"gone"))
    records.delete(session, clerk, gone.id, revision=1)

    assert not records.find_filed(session, clerk, content().sha256, patient.id)
    assert not records.find_filed(session, clerk, content(b"gone").sha256, patient.id)
    document = records.find_filed(session, clerk, content().sha256, None)
    assert document is not None
    assert document.id == unfiled.id


def test_patients_are_not_told_of_content_that_is_in_quarantine(
    session, clerk, herself, patient, filed
):
    hidden = content(b"hidden", scan="waiting")
    file(session, clerk, of=patient, holding=hidden)

    mine = records.find_filed(session, herself, content().sha256, None)

    assert mine is not None
    assert mine.id == filed.id
    assert records.find_filed(session, herself, hidden.sha256, None) is None
