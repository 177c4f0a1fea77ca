"""A portal for many people, by the calls of the second source."""

from datetime import datetime, timedelta

import pytest

from services.core.actors import Role
from services.documents.sharing.links import SHARED_PATH
from tests.api.document_samples import pdf, upload
from tests.api.sources.http_files import named_requests_of

CALLS = named_requests_of("001-versions-and-links.http")


@pytest.fixture
def document(client):
    """A document with one version."""
    return upload(client, pdf("High cholesterol"), "patient_report.pdf").json()[
        "document"
    ]


def _send(client, call, document, files=None):
    return CALLS[call].filled(document=document["id"]).send(client, files)


def test_a_load_balancer_is_told_without_a_token(stranger):
    answer = CALLS["Whether this server can work"].send(stranger)

    assert (answer.status_code, answer.json()["status"]) == (200, "up")


def test_a_files_history_is_kept(client, document):
    newer = pdf("Cholesterol as it should be")

    added = _send(
        client, "A new version of a document", document, {"patient_report.pdf": newer}
    )

    assert added.status_code == 201
    details = _send(client, "The versions of a document", document).json()
    assert [version["number"] for version in details["versions"]] == [2, 1]
    first = _send(client, "The first version's file", document)
    assert first.content != newer
    assert len(first.content) == document["filesize"]


def test_a_signed_link_ends_by_itself(client, document):
    answer = _send(client, "A link that holds for five minutes", document)

    assert answer.status_code == 201
    share = answer.json()
    assert share["url"].startswith(SHARED_PATH)
    lasts = datetime.fromisoformat(share["expires_at"]) - datetime.fromisoformat(
        share["created_at"]
    )
    assert lasts == timedelta(minutes=5)


def test_documents_are_found_by_their_words(client, document):
    documents = CALLS["Find documents by their words"].send(client).json()["documents"]

    assert document["id"] in [shown["id"] for shown in documents]


def test_patients_find_none_of_the_clinics(as_role, document):
    answer = CALLS["Find documents by their words"].send(as_role(Role.PATIENT))

    assert document["id"] not in [shown["id"] for shown in answer.json()["documents"]]
