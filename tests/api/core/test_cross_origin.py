"""Scripts of other sites: only those of admitted sites, and only with a token."""

import pytest

from services.core.actors import Role
from tests.api.conftest import ADA, ADMITTED_ORIGIN
from tests.kit.signing_in import cookie_of

ALLOW = "access-control-allow-origin"
ADMITTED = {"Origin": ADMITTED_ORIGIN}
STRANGE = {"Origin": "https://elsewhere.example.org"}


def _ask_before(stranger, headers, method="PUT"):
    """Send a preflight request as a browser does."""
    preflight = {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,if-match",
    }
    return stranger.ask("OPTIONS", "/api/v1/patients", headers=headers | preflight)


def test_an_admitted_site_calls_with_a_token(client, stranger):
    before = _ask_before(stranger, ADMITTED)
    made = client.post("/api/v1/patients", ADA, headers=ADMITTED)

    assert before.status_code == 200
    assert before.headers[ALLOW] == ADMITTED_ORIGIN
    assert "PUT" in before.headers["access-control-allow-methods"]
    assert made.status_code == 201
    assert made.headers[ALLOW] == ADMITTED_ORIGIN
    assert "ETag" in made.headers["access-control-expose-headers"]
    assert "Origin" in made.headers["vary"]


@pytest.mark.parametrize(
    "sent", ["if-none-exist", "prefer", "x-chartroom-reason", "if-range"]
)
def test_an_admitted_site_sends_what_calls_are_documented_with(stranger, sent):
    preflight = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": f"authorization,{sent}",
    }

    before = stranger.ask("OPTIONS", "/fhir/$export", headers=ADMITTED | preflight)

    assert before.status_code == 200
    assert sent in before.headers["access-control-allow-headers"].lower()


def test_an_admitted_site_reads_where_an_export_is(client):
    answer = client.get("/fhir/metadata", headers=ADMITTED)

    exposed = answer.headers["access-control-expose-headers"]
    assert {"Content-Location", "X-Progress", "Content-Range"} <= set(
        exposed.split(", ")
    )


def test_an_admitted_site_reads_why_it_is_refused(stranger):
    unknown = ADMITTED | {"Authorization": "Bearer chartroom_x"}

    answers = {
        "WWW-Authenticate": stranger.get("/fhir/Patient", headers=unknown),
        "Allow": stranger.ask("PATCH", "/api/v1/patients", headers=ADMITTED),
    }

    for header, answer in answers.items():
        assert header in answer.headers
        assert answer.headers[ALLOW] == ADMITTED_ORIGIN
        assert header in answer.headers["access-control-expose-headers"].split(", ")


def test_another_site_is_told_nothing_and_changes_nothing(client, stranger):
    assert ALLOW not in _ask_before(stranger, STRANGE).headers
    assert ALLOW not in client.get("/api/v1/patients", headers=STRANGE).headers
    assert client.post("/api/v1/patients", ADA, headers=STRANGE).status_code == 403


@pytest.mark.parametrize("headers", [ADMITTED, STRANGE], ids=["admitted", "strange"])
def test_nobodys_sign_in_counts_from_elsewhere(application, as_role, stranger, headers):
    cookie = cookie_of(application.database, application.people[Role.STAFF].id)
    signed_in = headers | {"Cookie": cookie}

    before = _ask_before(stranger, signed_in)
    read = stranger.get("/api/documents", headers=signed_in)
    changed = stranger.post("/api/bookings", {}, headers=signed_in)

    for answer in (before, read, changed):
        assert "access-control-allow-credentials" not in answer.headers
    assert changed.status_code == 403


def test_a_refusal_can_be_read_by_an_admitted_site(stranger):
    answer = stranger.get("/api/v1/patients", headers=ADMITTED)

    assert (answer.status_code, answer.headers[ALLOW]) == (401, ADMITTED_ORIGIN)
