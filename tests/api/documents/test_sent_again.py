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
