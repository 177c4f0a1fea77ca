"""The page behind a shared link: it reveals nobody, and its button sends the file."""

import re
from dataclasses import dataclass

import httpx
import pytest

from api.core.answers import LSN_HEADER
from services.core import throttling
from services.core.actors import Role
from tests.api.document_samples import UPLOAD, pdf

NAME = "Lovelace, Ada – Blutbild.pdf"


@dataclass
class Shared:
    """A link, the document it opens, and the person who made it."""

    path: str
    data: bytes
    document: str
    clerk: httpx.Client

    @property
    def share(self):
        # No replica has replayed this position, so the primary answers.
        newest = {LSN_HEADER: "FFFFFFFF/0"}
        answer = self.clerk.get(f"{self.document}/shares", headers=newest)
        (share,) = answer.json()["shares"]
        return share


@pytest.fixture
def clerk(server):
    with server.signed_in(Role.STAFF) as browser:
        yield browser


@pytest.fixture
def shared(clerk):
    data = pdf("Haemoglobin 14.1")
    file = {"file": (NAME, data, "application/pdf")}
    filed = clerk.post(UPLOAD, files=file, data={"title": "Blood of Lovelace"}).json()
    document = f"/api/documents/{filed['document']['id']}"
    made = clerk.post(f"{document}/shares", json={"minutes": 60})
    assert made.status_code == 201
    return Shared(made.json()["url"], data, document, clerk)


def _without_nonce(page):
    return re.sub(r'nonce="[^"]+"', "", page.text)


def test_the_page_says_who_shares_and_reveals_nobody(server, shared):
    with server.browser() as reader:
        answers = [reader.get(shared.path) for _ in range(2)]

    for page in answers:
        assert page.status_code == 200
        assert "Your clinic shares a document with you" in page.text
        assert "The link works until" in page.text
        for word in ("Lovelace", "Ada", "Blutbild", shared.document.split("/")[-1]):
            assert word not in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in page.headers
    assert shared.share["opened"] == 0


def test_the_button_sends_the_version_and_counts(server, shared):
    with server.browser() as reader:
        sent = reader.post(shared.path)

    assert sent.status_code == 200
    assert sent.content == shared.data
    assert sent.headers["content-type"] == "application/pdf"
    assert sent.headers["content-length"] == str(len(shared.data))
    assert "filename*=UTF-8''Lovelace" in sent.headers["content-disposition"]
    assert shared.share["opened"] == 1


def test_a_link_keeps_to_its_version(server, shared):
    file = {"file": ("Newer.pdf", pdf("Newer"), "application/pdf")}
    assert shared.clerk.post(f"{shared.document}/versions", files=file).is_success

    with server.browser() as reader:
        assert reader.post(shared.path).content == shared.data


def test_another_sites_form_gets_nothing(server, shared):
    with httpx.Client(base_url=server.url) as stranger:
        for headers in (
            {},
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
        ):
            answer = stranger.post(shared.path, headers=headers)

            assert answer.status_code == 403
            assert not answer.content.startswith(b"%PDF")
    assert shared.share["opened"] == 0


def test_what_is_over_and_what_never_was_look_the_same(server, shared):
    revoke = f"{shared.document}/shares/{shared.share['id']}/revoke"
    assert shared.clerk.post(revoke).json()["is_live"] is False
    secret, _, signature = shared.path.rpartition(".")
    forged = f"{secret}.{signature[::-1]}"
    with server.browser() as reader:
        pages = [
            answer
            for path in (shared.path, forged, "/shared/nothing", f"/shared/{'A' * 87}")
            for answer in (reader.get(path), reader.post(path))
        ]

    assert {page.status_code for page in pages} == {410}
    assert len({_without_nonce(page) for page in pages}) == 1


def test_a_deleted_documents_link_opens_nothing(server, shared):
    assert shared.clerk.delete(shared.document).is_success

    with server.browser() as reader:
        assert reader.get(shared.path).status_code == 410
        assert reader.post(shared.path).status_code == 410


def test_no_token_is_written_into_the_log(server, shared):
    with server.browser() as reader:
        reader.get(shared.path)
        reader.post(shared.path)

    written = server.log.read_text()
    token = shared.path.rpartition("/")[2]
    assert "request" in written
    for part in (token, *token.split("."), "Lovelace", "Blutbild"):
        assert part not in written


def test_a_network_may_try_so_many_links(guessed):
    with guessed.browser() as reader:
        answers = [
            reader.get("/shared/nothing")
            for _ in range(throttling.SHARES_PER_NETWORK.amount + 1)
        ]

    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
