"""Shorter answers: of fewer fields, or compressed where the client may have that."""

import pytest

from api.core.middleware.compressing import SHORTEST
from services.core.actors import Role
from tests.api.conftest import ADA
from tests.api.document_samples import upload
from tests.kit.signing_in import cookie_of

COMPRESSED = {"Accept-Encoding": "br, gzip"}
PLAIN = {"Accept-Encoding": "identity"}
LISTS = {
    "/api/v1/patients": "patients",
    "/patient-register": "data",
    "/api/documents": "documents",
    "/api/documents?page=1": "documents",
}


@pytest.fixture
def filled(client):
    """Lists that are long enough to be worth compressing."""
    for _ in range(4):
        client.post("/api/v1/patients", ADA)
        upload(client)


def _with(path, parameter):
    return f"{path}{'&' if '?' in path else '?'}{parameter}"


@pytest.mark.parametrize("path", LISTS)
def test_a_list_shows_the_fields_that_are_asked_for(client, filled, path):
    id_, other = ("id", "title") if "documents" in path else ("uuid", "last_name")

    answer = client.get(_with(path, f"fields={id_},{other}"))

    items = answer.json()[LISTS[path]]
    assert answer.status_code == 200
    assert items
    assert {frozenset(item) for item in items} == {frozenset({id_, other})}
    whole = client.get(path).json()[LISTS[path]]
    assert [item[id_] for item in whole] == [item[id_] for item in items]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("wrong", ["fields=password_hash", "fields=", "fields=,"])
def test_what_no_item_has_is_refused_by_name(client, path, wrong):
    answer = client.get(_with(path, wrong))

    body = answer.json()
    assert answer.status_code == 400
    assert (body.get("data") or body)["property"] == "fields"


def test_fields_are_said_once(client):
    answer = client.get("/api/v1/patients?fields=uuid&fields=last_name")

    assert (answer.status_code, answer.json()["property"]) == (400, "fields")


def test_asking_for_names_shows_none_to_who_sees_none(as_role, filled):
    analyst = as_role(Role.ANALYST)

    items = analyst.get("/api/v1/patients?fields=uuid,last_name").json()["patients"]

    assert {frozenset(item) for item in items} == {frozenset({"uuid"})}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br", "br"),
        ("br;q=0.5", "br"),
        ("br;q=0, gzip;q=0.1", "gzip"),
    ],
)
def test_a_long_list_comes_compressed_to_who_reads_that(
    client, filled, path, accepted, coding
):
    plain = client.get(path, headers=PLAIN)

    answer = client.get(path, headers={"Accept-Encoding": accepted})

    assert "content-encoding" not in plain.headers
    assert len(plain.content) >= SHORTEST
    assert answer.headers["content-encoding"] == coding
    assert "Accept-Encoding" in answer.headers["vary"]
    assert int(answer.headers["content-length"]) < len(plain.content) / 2
    assert answer.json() == plain.json()


@pytest.mark.parametrize("accepted", ["", "identity", "br;q=0, gzip;q=0.0", "zstd"])
def test_who_reads_neither_gets_it_as_it_is(client, filled, accepted):
    answer = client.get("/api/v1/patients", headers={"Accept-Encoding": accepted})

    assert int(answer.headers["content-length"]) >= SHORTEST
    assert "content-encoding" not in answer.headers


def test_a_short_answer_comes_as_it_is(client):
    answer = client.get("/api/v1/health", headers=COMPRESSED)

    assert "content-encoding" not in answer.headers


def test_what_answers_a_change_comes_as_it_is(client, filled):
    # Such answers contain addresses of links, which must not be guessed from a length.
    body = ADA | {"allergies": [f"Allergy {number}" for number in range(90)]}

    answer = client.post("/api/v1/patients", body, headers=COMPRESSED)

    assert int(answer.headers["content-length"]) >= SHORTEST
    assert "content-encoding" not in answer.headers


def test_a_browsers_own_sign_in_gets_nothing_compressed(application, stranger, filled):
    cookie = cookie_of(application.database, application.people[Role.STAFF].id)

    answer = stranger.get("/api/documents", headers=COMPRESSED | {"Cookie": cookie})

    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) >= SHORTEST
    assert "content-encoding" not in answer.headers


def test_files_come_as_they_are(client, filled):
    document = upload(client).json()["document"]["id"]

    for path in (f"/api/documents/{document}", "/files/patients.csv"):
        answer = client.get(path, headers=COMPRESSED)
        assert answer.status_code == 200
        assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/patients",
        "/api/doctors",
        "/api/v1/health",
        "/api/docs",
        "/fhir/metadata",
        "/fhir/Patient?_count=1",
        "/fhir/Patient/unknown",
    ],
)
def test_head_has_the_headers_of_get_and_no_body(client, path):
    read, head = client.get(path), client.ask("HEAD", path)

    assert head.status_code == read.status_code
    assert head.headers["content-type"] == read.headers["content-type"]
    assert head.content == b""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/files/patients.csv", "GET"),
        ("/fhir/$export", "GET, POST"),
        ("/fhir/Binary/unknown", "GET"),
    ],
)
def test_head_of_what_is_recorded_as_sent_is_refused(client, path, allowed):
    answer = client.ask("HEAD", path)

    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
