"""Papers of a clinic whose language is German, whatever the caller speaks."""

import io
from dataclasses import replace
from functools import partial
from uuid import uuid4
from zipfile import ZipFile

import pytest

from api.core.dependencies import DocumentServices
from dashboard.ui.language.papers import wording_in
from services.core.actors import Role
from tests.api.conftest import NEWEST
from tests.api.document_samples import pdf, upload
from tests.services.documents.forms.samples import record_form, words_of


@pytest.fixture(scope="module")
def papers(papers: DocumentServices) -> DocumentServices:
    return replace(papers, wording=partial(wording_in, usual="de"))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/files/day-list.pdf", "Termine des Tages"),
        ("/files/patients/{uuid}/summary.pdf", "Übersicht der Patientenakte"),
        ("/files/patients/{uuid}/labels.pdf", "1980"),
    ],
)
def test_what_the_desk_prints_is_german(as_role, ada, path, said):
    answer = as_role(Role.STAFF).get(path.format(uuid=ada["uuid"]), headers=NEWEST)

    words = words_of(answer.content)
    assert said in " ".join(words)
    assert not {"Visits", "Chart", "May", "Female", "Page"} & {*words}


def test_a_document_made_from_a_form_is_german_and_so_is_its_title(as_role, ada):
    desk, body = as_role(Role.STAFF), {"form": record_form(), "patient_id": ada["uuid"]}

    filed = desk.post("/api/document-forms/medical_record", body)

    document = filed.json()["document"]
    assert document["title"] == "Krankenakte"
    content = desk.get(f"/api/documents/{document['id']}", headers=NEWEST).content
    assert "Krankenakte Name Ada Lovelace Geburtsdatum" in " ".join(words_of(content))


def test_an_archive_names_in_german_what_is_not_in_it(client):
    filed = upload(client, pdf("Blood count"), "blood.pdf").json()["document"]
    wanted = f"document={filed['id']}&document={uuid4()}"

    answer = client.get(f"/files/documents.zip?{wanted}", headers=NEWEST)

    with ZipFile(io.BytesIO(answer.content)) as archive:
        why = archive.read("Nicht enthalten.txt").decode()
    assert why.endswith(": Dokument nicht gefunden")
