"""The calls of the first source, the patient portal, word for word."""

from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pypdfium2
import pytest

from db.postgres import DatabaseUnavailable, NoPrimary
from services.core import throttling
from services.core.actors import Role
from services.documents import records
from tests.api.document_samples import pdf, upload
from tests.api.sources.http_files import named_requests_of

CALLS = named_requests_of("000-documents.http")
NAME = "patient_report.pdf"


@pytest.fixture
def uploaded(client):
    """The answer to a document uploaded as the source does, and its bytes."""
    data = pdf("High cholesterol")
    answer = CALLS["Upload a document"].send(client, {"patient_report.pdf": data})
    return answer, data


def _errors(answer, status, sentence):
    assert answer.status_code == status
    assert answer.json()["error"] == sentence


def test_an_upload_is_answered_with_its_document(uploaded):
    answer, data = uploaded

    assert answer.status_code == 201
    assert answer.json()["message"] == "File uploaded successfully"
    document = answer.json()["document"]
    assert (document["filename"], document["filesize"]) == (NAME, len(data))
    assert datetime.fromisoformat(document["created_at"]).tzinfo is not None
    # No path on a disk is returned: files are encrypted in GridFS.
    assert "filepath" not in document


@pytest.mark.parametrize(
    ("name", "data"), [("notes.doc", b"\xd0\xcf\x11\xe0"), ("fake.pdf", b"no PDF")]
)
def test_what_is_no_pdf_is_refused(client, name, data):
    _errors(upload(client, data, name), 400, "Only PDF files are allowed")


def test_a_pdf_is_taken_whatever_media_type_it_is_said_to_have(client):
    # The source trusts the media type, which anybody can write; we check the content.
    file = {"file": (NAME, pdf(), "application/octet-stream")}

    assert client.ask("POST", "/api/documents/upload", files=file).status_code == 201


def test_more_than_fifty_megabytes_are_refused(client):
    file = {"file": (NAME, b"%PDF-1.7" + b"x" * (50 * 1024 * 1024), "application/pdf")}

    answer = client.ask("POST", "/api/documents/upload", files=file)

    _errors(answer, 413, "File size exceeds 50MB limit")


def test_an_upload_without_a_file_is_refused(client):
    answer = CALLS["Upload without a file"].send(client)

    _errors(answer, 400, "No file uploaded")


def test_documents_are_listed_the_newest_first(client, uploaded):
    newer = upload(client).json()["document"]["id"]
    older = uploaded[0].json()["document"]["id"]

    listed = CALLS["Get all documents"].send(client)

    assert listed.status_code == 200
    assert [d["id"] for d in listed.json()["documents"]][:2] == [newer, older]


def test_who_has_no_document_gets_an_empty_list(as_role):
    listed = CALLS["Get all documents"].send(as_role(Role.CLINICIAN))

    assert (listed.status_code, listed.json()["documents"]) == (200, [])


def test_a_document_is_downloaded_as_an_attachment(client, uploaded):
    answer, data = uploaded
    document = answer.json()["document"]["id"]

    file = CALLS["Download a document"].filled(document=document).send(client)

    assert (file.status_code, file.content) == (200, data)
    assert file.headers["content-type"] == "application/pdf"
    assert file.headers["content-disposition"] == f'attachment; filename="{NAME}"'
    assert file.headers["content-length"] == str(len(data))


@pytest.mark.parametrize("call", ["Download a document", "Delete a document"])
# Nobody's id, the same in each worker, as the names of tests must be.
@pytest.mark.parametrize("document", ["99", str(UUID(int=99, version=4))])
def test_what_is_not_there_is_not_found(client, call, document):
    answer = CALLS[call].filled(document=document).send(client)

    _errors(answer, 404, "Document not found")


def test_a_deleted_document_is_gone_from_list_and_link(client, uploaded):
    document = uploaded[0].json()["document"]["id"]

    answer = CALLS["Delete a document"].filled(document=document).send(client)

    assert answer.status_code == 200
    assert answer.json() == {"message": "Document deleted successfully"}
    listed = CALLS["Get all documents"].send(client).json()["documents"]
    assert document not in [shown["id"] for shown in listed]
    stale = CALLS["Download a document"].filled(document=document).send(client)
    _errors(stale, 404, "Document not found")
    # For good only after 30 days: until then it can be restored.
    assert client.post(f"/api/documents/{document}/restore").status_code == 200


@pytest.mark.parametrize(
    "failure",
    [DatabaseUnavailable(), NoPrimary(datetime(2026, 11, 20, tzinfo=UTC))],
    ids=["unavailable", "nobody leads"],
)
def test_a_deletion_that_fails_says_so_and_may_be_tried_again(
    client, uploaded, monkeypatch, failure
):
    document = uploaded[0].json()["document"]["id"]

    def broken(*_, **__):
        raise failure

    with monkeypatch.context() as broken_for_now:
        broken_for_now.setattr(records, "delete", broken)
        answer = CALLS["Delete a document"].filled(document=document).send(client)

    # 503 where the source has 500: it is right to try again in a moment.
    _errors(answer, 503, "Failed to delete document")
    assert answer.headers["retry-after"] == "2"
    again = CALLS["Delete a document"].filled(document=document).send(client)
    assert again.status_code == 200


def test_ten_uploads_in_an_hour_are_a_patients_limit(as_role, monkeypatch):
    usual = throttling.UPLOADS_PATIENT
    assert (usual.amount, usual.seconds) == (10, 3600)
    fresh = throttling.Limit(
        f"uploads-{uuid4().hex}", 1, usual.seconds, usual.complaint
    )
    monkeypatch.setattr(throttling, "UPLOADS_PATIENT", fresh)
    patient = as_role(Role.PATIENT)
    upload(patient)

    answer = upload(patient)

    _errors(answer, 429, "Too many uploads. Try again in 1 hour.")


# What Sarah types in the source's story.
SARAH = {
    "name": "Sarah",
    "date_of_birth": "1980-05-15",
    "diagnosis": "High cholesterol",
    "allergies": "Penicillin",
}


def test_sarah_makes_a_document_of_a_form_and_finds_it_among_hers(as_role):
    sarah = as_role(Role.PATIENT)

    answer = CALLS["Create a document from a form"].send(sarah)

    assert answer.status_code == 201
    made = answer.json()
    assert made["message"] == "Document generated and uploaded successfully"
    document = made["document"]
    assert document["stated_by_patient"]
    assert document["filename"].startswith("Health statement Sarah ")
    listed = sarah.get("/api/documents").json()["documents"]
    assert document["id"] in [shown["id"] for shown in listed]
    read = sarah.get(f"/api/documents/{document['id']}").content
    with closing(pypdfium2.PdfDocument(read)) as paper:
        text = paper[0].get_textpage().get_text_range()
    for said in ("Stated by the patient", "15 May 1980", "High cholesterol"):
        assert said in text


def test_a_form_with_mistakes_names_each_of_them_and_counts_for_nothing(as_role):
    answer = as_role(Role.PATIENT).post(
        "/api/document-forms/health_statement",
        {"form": SARAH | {"name": "", "date_of_birth": "15/05/1980"}},
    )

    assert answer.status_code == 400
    assert [problem["property"] for problem in answer.json()["problems"]] == [
        "name",
        "date_of_birth",
    ]


def test_patients_write_of_nobody_but_themselves_and_in_their_own_forms(as_role, ada):
    sarah = as_role(Role.PATIENT)
    of_ada = {"form": SARAH, "patient_id": ada["uuid"]}

    known = sarah.get("/api/document-forms").json()["forms"]

    assert {form["name"] for form in known} == {
        "health_statement",
        "message_to_clinic",
        "visit_questionnaire",
    }
    for form, body in (("health_statement", of_ada), ("sick_note", {"form": SARAH})):
        assert sarah.post(f"/api/document-forms/{form}", body).status_code == 404


def test_a_form_that_is_filed_counts_as_an_upload(as_role, monkeypatch):
    usual = throttling.UPLOADS_PATIENT
    fresh = throttling.Limit(
        f"uploads-{uuid4().hex}", 1, usual.seconds, usual.complaint
    )
    monkeypatch.setattr(throttling, "UPLOADS_PATIENT", fresh)
    sarah = as_role(Role.PATIENT)
    path, body = "/api/document-forms/health_statement", {"form": SARAH}
    assert sarah.post(path, body).status_code == 201

    answer = sarah.post(path, body)

    _errors(answer, 429, "Too many uploads. Try again in 1 hour.")


def test_nobody_lists_documents_without_signing_in(stranger):
    assert CALLS["Get all documents"].send(stranger).status_code == 401
