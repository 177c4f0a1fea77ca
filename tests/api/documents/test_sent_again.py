"""A file that is sent again with its Idempotency-Key is filed once."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from db.files.gridfs import Bucket
from services.core.actors import Role
from tests.api.document_samples import UPLOAD, pdf

METADATA = '{"n": 1e300, "of": [0.1, 12345678901234567890]}'


def send(client: Any, key: str, data: bytes, name: str = "Report.pdf", **facts: str):
    """File a document with a key, and return the answer."""
    return client.ask(
        "POST",
        UPLOAD,
        files={"file": (name, data)},
        data=facts,
        headers={"Idempotency-Key": key},
    )


@pytest.fixture
def stored(module_files):
    """Counts the stored files of documents, and of what they were made from."""

    def count():
        later = datetime.now(UTC) + timedelta(days=1)
        buckets = (Bucket.DOCUMENTS, Bucket.DOCUMENT_ORIGINALS)
        return [
            len(list(module_files.list_older_than(each, later))) for each in buckets
        ]

    return count


def picture() -> bytes:
    """Return a picture unlike all others."""
    made = BytesIO()
    Image.effect_noise((40, 50), 90).save(made, "PNG")
    return made.getvalue()


@pytest.mark.parametrize("make", [pdf, picture], ids=["pdf", "picture"])
def test_the_same_again_is_the_same_answer_and_is_filed_once(client, ada, stored, make):
    key, data = uuid4().hex, make()
    facts = {"patient_id": ada["uuid"], "title": "Blood", "metadata": METADATA}

    first = send(client, key, data, **facts)
    before = stored()
    again = send(client, key, data, **facts)

    assert (first.status_code, again.status_code) == (201, 201)
    # PostgreSQL writes out the digits of a number.
    shown = [answer.json()["document"] | {"metadata": {}} for answer in (first, again)]
    assert shown[0] == shown[1]
    assert again.json()["already_filed"] is None
    assert again.headers["location"] == first.headers["location"]
    assert stored() == before


@pytest.mark.parametrize(
    "other",
    [
        {"title": "Urine"},
        {"retention_class": "temporary"},
        {"urgent": "true"},
        {"metadata": '{"n": 2}'},
        {"patient_id": ""},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_key_is_refused_for_the_same_file_with_other_facts(
    client, ada, stored, other
):
    key, data = uuid4().hex, pdf()
    facts = {"patient_id": ada["uuid"], "title": "Blood", "metadata": METADATA}
    assert send(client, key, data, **facts).status_code == 201
    before = stored()

    assert send(client, key, data, **(facts | other)).status_code == 409
    assert stored() == before


def test_a_key_is_refused_for_another_file(client, stored):
    key = uuid4().hex
    assert send(client, key, pdf()).status_code == 201
    before = stored()

    assert send(client, key, pdf()).status_code == 409
    assert stored() == before


def test_nobody_elses_key_is_ones_own(client, as_role):
    key, data = str(uuid4()), pdf()
    own = send(client, key, data).json()["document"]["id"]

    others = send(as_role(Role.PATIENT), key, data)

    assert others.status_code == 201
    assert others.json()["document"]["id"] != own


def test_a_key_finds_what_it_filed_though_it_was_retitled_since(client):
    key, data = uuid4().hex, pdf()
    first = send(client, key, data).json()["document"]["id"]
    retitled = client.ask(
        "PATCH",
        f"/api/documents/{first}/details",
        json={"title": "Another title"},
        headers={"If-Match": "*"},
    )

    again = send(client, key, data)

    assert retitled.status_code == 200
    assert again.json()["document"]["id"] == first


def replace_file(client: Any, document_id: str, key: str, data: bytes):
    """Send a new version of a document's first state, with a key."""
    return client.ask(
        "POST",
        f"/api/documents/{document_id}/versions",
        files={"file": ("Report.pdf", data)},
        headers={"Idempotency-Key": key, "If-Match": '"1"'},
    )


@pytest.fixture
def filed(client, ada):
    """Return a function that files a document of Ada's, and returns its id."""

    def file():
        sent = send(client, uuid4().hex, pdf(), patient_id=ada["uuid"])
        return sent.json()["document"]["id"]

    return file


@pytest.mark.parametrize("make", [pdf, picture], ids=["pdf", "picture"])
def test_a_version_that_is_sent_again_is_added_once(client, filed, stored, make):
    document_id, key, data = filed(), uuid4().hex, make()

    first = replace_file(client, document_id, key, data)
    before = stored()
    again = replace_file(client, document_id, key, data)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["document"] == first.json()["document"]
    assert again.headers["etag"] == first.headers["etag"] == '"2"'
    assert stored() == before


def test_a_key_of_a_version_is_refused_for_another_file_or_document(
    client, filed, stored
):
    document_id, key, data = filed(), uuid4().hex, pdf()
    assert replace_file(client, document_id, key, data).status_code == 201
    other_id = filed()
    before = stored()

    refused = [
        replace_file(client, document_id, key, pdf()),
        replace_file(client, other_id, key, data),
    ]

    assert [answer.status_code for answer in refused] == [409, 409]
    assert "Another version already has this id" in refused[0].json()["detail"]
    assert stored() == before


def test_another_key_does_not_excuse_an_outdated_state(client, filed):
    document_id, data = filed(), pdf()
    assert replace_file(client, document_id, uuid4().hex, data).status_code == 201

    assert replace_file(client, document_id, uuid4().hex, data).status_code == 412


FORM = "/api/document-forms/health_statement"
STATED = {"name": "Sarah", "date_of_birth": "1980-05-15", "diagnosis": "Asthma"}


def test_a_form_that_is_sent_again_is_filed_once(as_role, stored):
    sarah, headers = as_role(Role.PATIENT), {"Idempotency-Key": uuid4().hex}
    sent = {"form": STATED, "title": "My health"}

    first = sarah.post(FORM, sent, headers=headers)
    before = stored()
    again = sarah.post(FORM, sent, headers=headers)
    other = sarah.post(FORM, sent | {"title": "Another"}, headers=headers)
    changed = {"form": STATED | {"diagnosis": "None"}, "title": "My health"}
    another = sarah.post(FORM, changed, headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["document"] == first.json()["document"]
    assert (other.status_code, another.status_code) == (409, 409)
    assert stored() == before
