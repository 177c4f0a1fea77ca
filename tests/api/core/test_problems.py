"""Every refusal is an RFC 9457 problem, and an error reveals nothing."""

import errno
import logging
from contextlib import closing
from datetime import UTC, datetime

import pytest

from api.core.outcomes import FHIR_JSON
from dashboard.web.log import json_log
from db.postgres import (
    SYSTEM,
    DatabaseUnavailable,
    DiskFull,
    NoPrimary,
    NotOnReplica,
)
from services.core.actors import Role, Scope
from services.core.errors import Unavailable
from services.patients import search
from services.people import tokens
from tests.api.conftest import ADA, Client

LIST = "/api/v1/patients"


def _problem(response):
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == "about:blank"
    assert problem["status"] == response.status_code
    return problem


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/api/nothing", 404, "Not Found"),
        ("GET", "/api", 404, "Not Found"),
        ("PATCH", LIST, 405, "Method Not Allowed"),
        ("GET", f"{LIST}/x", 400, "Bad Request"),
        ("GET", f"{LIST}?after=x", 400, "Bad Request"),
        ("GET", f"{LIST}?0_field=x&0_operator=EQUAL&0_value=1", 400, "Bad Request"),
        ("GET", "/files/patients/x/photo", 400, "Bad Request"),
        ("POST", LIST, 415, "Unsupported Media Type"),
    ],
)
def test_every_refusal_is_a_problem(client, method, path, status, title):
    response = client.ask(method, path)

    assert response.status_code == status
    assert _problem(response)["title"] == title


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ([], "body must be a JSON object."),
        ({"first_name": 1}, "first_name must be a text."),
        ({"allergies": "dust"}, "allergies must be a list."),
    ],
)
def test_a_value_of_a_wrong_kind_is_refused_in_words_for_programs(
    client, sent, sentence
):
    whole = sent and ADA | sent

    assert _problem(client.post(LIST, whole))["detail"] == sentence


def test_what_there_may_be_instead_is_named_of_a_body(client):
    sent = {"patients": [], "action": "burn"}

    problems = _problem(client.post(f"{LIST}/bulk", sent))["problems"]

    assert [each["detail"] for each in problems] == [
        "patients must have more entries: at least 1.",
        "action must be 'assign', 'archive' or 'restore'.",
    ]


def test_an_id_that_is_none_is_refused_in_words(client):
    problem = _problem(client.get(f"{LIST}?after=x"))

    assert problem["detail"] == "after must be a UUID."


def test_an_unknown_address_is_told_where_the_known_ones_are(client):
    detail = _problem(client.get("/api/v1/patient"))["detail"]

    assert detail == (
        "There is no such resource or operation here. /api/docs lists those that "
        "there are."
    )


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/documents/x", "DELETE, GET, HEAD"),
        ("/api/documents/x/details", "GET, HEAD, PATCH"),
        ("/api/v1/patients", "GET, HEAD, POST"),
        ("/files/patients.csv", "GET"),
    ],
)
def test_what_cannot_be_done_is_answered_by_all_that_can(client, path, methods):
    response = client.ask("TRACE", path)

    assert response.status_code == 405
    assert response.headers["allow"] == methods


def test_what_a_role_may_not_is_said_with_the_role(as_role):
    response = as_role(Role.ADMIN).post(LIST, ADA)

    assert response.status_code == 403
    assert "your role is admin" in _problem(response)["detail"]


SOMEBODY = "018f6b1e-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", f"/api/appointments?patient_id={SOMEBODY}", "patient_id"),
        ("GET", f"/files/patients.csv?lists={SOMEBODY}", "lists"),
        ("GET", f"/files/audit.csv?patient_id={SOMEBODY}", "patient_id"),
        ("GET", f"/api/documents/{SOMEBODY}?versio=1", "versio"),
        ("DELETE", f"/api/documents/{SOMEBODY}?dry_run=true", "dry_run"),
        ("POST", "/api/v1/replication/acts?dry_run=true", "dry_run"),
        ("GET", "/api/v1/people?role=admin&Role=analyst", "Role"),
        ("GET", "/api/v1/tokens?page=2", "page"),
    ],
)
def test_a_parameter_that_is_not_read_is_refused_by_name(as_role, method, path, name):
    """It would otherwise be answered for more than was asked for."""
    response = as_role(Role.ADMIN).ask(method, path)

    assert response.status_code == 400
    problem = _problem(response)
    assert problem["property"] == name
    assert problem["detail"] == f'There is no parameter "{name}".'


def test_a_parameter_with_one_value_is_refused_when_it_has_two(client):
    doctors = f"doctor={SOMEBODY}&doctor={SOMEBODY[:-1]}1"

    response = client.get(f"/api/appointments?{doctors}")
    assert response.status_code == 400
    assert _problem(response)["property"] == "doctor"
    assert client.get(f"/files/day-list.pdf?{doctors}").status_code == 200


def test_only_those_who_are_known_learn_which_parameters_there_are(client):
    answer = client.ask("GET", f"{LIST}/x?y=z", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 401


def test_a_monitor_may_add_what_it_likes_to_the_address_of_health(client):
    assert client.get("/api/v1/health?at=1764460800").status_code == 200
    assert client.get(f"{LIST}?per_page=1").status_code == 200
    assert client.get("/api/doctors?after_lsn=0/0").status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'"\\ud800"', b"\xff", b"1"])
def test_a_body_that_cannot_be_read_is_refused(client, body):
    headers = {"Content-Type": "application/json"}

    response = client.ask("POST", LIST, content=body, headers=headers)

    assert response.status_code == 400
    assert _problem(response)["property"] == "body"


@pytest.mark.parametrize("text", ["\x00", "\x1b[2J"])
def test_characters_that_cannot_be_shown_are_refused(client, text):
    response = client.post(LIST, ADA | {"last_name": f"Love{text}lace"})

    assert response.status_code == 400
    assert _problem(response)["property"] == "last_name"


def test_asvs_5_2_1_a_body_without_end_is_cut_off(client):
    response = client.post(LIST, ADA | {"address": "x" * 1_000_001})

    assert response.status_code == 413
    _problem(response)


def test_nothing_that_was_typed_wrongly_is_echoed_to_the_log(client, caplog):
    caplog.set_level(logging.DEBUG)

    client.post(LIST, ADA | {"date_of_birth": "Lovelace", "shoe_size": "Lovelace"})
    client.get(f"{LIST}?0_field=last_name&0_operator=EQUAL&0_value=Lovelace")
    client.get(f"{LIST}?0_field=Lovelace")

    ours = [record for record in caplog.records if record.name.startswith("chartroom")]
    assert len(ours) == 3
    ours_and_servers = [r for r in caplog.records if not r.name.startswith("httpx")]
    assert "Lovelace" not in " ".join(r.getMessage() for r in ours_and_servers)


@pytest.fixture
def break_with(monkeypatch):
    def arrange(error):
        def broken(*_, **__):
            raise error

        monkeypatch.setattr(search, "list_patients", broken)
        monkeypatch.setattr(search, "list_numbered", broken)

    before = logging.getLogRecordFactory()
    json_log.omit_exception_messages()
    yield arrange
    logging.setLogRecordFactory(before)


def test_what_nobody_foresaw_is_logged_without_values_and_told_to_nobody(
    client, break_with, caplog
):
    break_with(ValueError("Failing row contains (Lovelace)"))

    response = client.get(LIST)
    enveloped = client.get("/patient-register")

    assert response.status_code == enveloped.status_code == 500
    assert "logged" in _problem(response)["detail"]
    assert enveloped.json()["code"] == 500
    assert "Lovelace" not in response.text + enveloped.text + caplog.text
    assert "ValueError" in caplog.text
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "error",
    [DatabaseUnavailable("db-01: Lovelace"), Unavailable("Photos cannot be reached.")],
)
def test_what_cannot_answer_now_says_when_to_try_again(client, break_with, error):
    break_with(error)

    response = client.get(LIST)

    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert "Lovelace" not in _problem(response)["detail"]


@pytest.mark.parametrize(
    "error",
    [DiskFull("db-01: Lovelace"), OSError(errno.ENOSPC, "Lovelace")],
    ids=["of a database server", "of our own"],
)
def test_a_full_disk_says_who_has_to_do_what(client, break_with, error):
    break_with(error)

    response = client.get(LIST)
    enveloped = client.get("/patient-register")

    assert response.status_code == enveloped.status_code == 507
    assert "disk is full" in (detail := _problem(response)["detail"])
    assert "free some space" in detail
    assert "Lovelace" not in response.text + enveloped.text
    assert response.headers["retry-after"] == "30"


def test_what_else_a_file_system_refuses_stays_unforeseen(client, break_with):
    break_with(PermissionError(errno.EACCES, "Lovelace"))

    response = client.get(LIST)

    assert response.status_code == 500
    assert "Lovelace" not in response.text


def test_a_lasting_absence_says_since_when(client, break_with):
    break_with(NoPrimary(datetime(2026, 11, 20, 19, 3, tzinfo=UTC)))

    response = client.get(LIST)

    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert "since 2026-11-20 19:03:00 UTC" in _problem(response)["detail"]


def test_what_only_a_primary_could_find_is_not_called_missing(client, break_with):
    break_with(NotOnReplica(datetime(2026, 11, 20, 19, 3, tzinfo=UTC)))

    response = client.get(LIST)

    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert _problem(response)["detail"].startswith("Not found on a replica")


@pytest.mark.parametrize(
    ("path", "media_type", "body"),
    [
        (LIST, "application/json", '{"first_name": "Ada", "first_name": "Eve"}'),
        (
            LIST,
            "application/json",
            '{"allergies": [{"a": 1, "b": 2, "a": 3}]}',
        ),
        ("/fhir/Patient", FHIR_JSON, '{"resourceType": "Patient", "id": 1, "id": 1}'),
    ],
)
def test_a_key_that_is_given_twice_is_named(client, path, media_type, body):
    headers = {"Content-Type": media_type}

    answer = client.ask("POST", path, content=body, headers=headers)

    assert answer.status_code == 400
    assert "is given more than once." in answer.text


def test_nesting_that_no_parser_follows_is_not_json(client):
    body = '{"a":' * 1_000 + "1" + "}" * 1_000
    headers = {"Content-Type": "application/json"}

    answer = client.ask("POST", LIST, content=body, headers=headers)

    assert answer.status_code == 400


def test_a_key_that_a_call_takes_no_notice_of_is_refused(as_role):
    headers = {"Idempotency-Key": "once"}
    admin = as_role(Role.ADMIN)

    created = admin.post("/api/document-tags", {"name": "Twice"}, headers=headers)
    acted = admin.post("/api/v1/notifications/read", {}, headers=headers)

    assert (created.status_code, created.json()["property"]) == (400, "Idempotency-Key")
    assert acted.status_code != 400


def test_a_refused_token_says_why(stranger):
    headers = {"Authorization": "Bearer chartroom_x"}

    answer = stranger.get(LIST, headers=headers)

    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="Chartroom", error="invalid_token"')


@pytest.mark.parametrize(
    ("role", "has", "path", "scope"),
    [
        (Role.STAFF, Scope.READ_VISITS, LIST, "patients:read"),
        (Role.STAFF, Scope.READ_VISITS, "/fhir/Patient", "patients:read"),
        (Role.STAFF, Scope.READ_VISITS, "/api/admin/stats", None),
        (Role.ADMIN, Scope.READ_AUDIT, "/api/v1/people", "people:manage"),
    ],
    ids=["of the API", "of FHIR", "that the role forbids", "of administrators"],
)
def test_a_token_made_for_less_is_told_which_scope_would_suffice(
    application, role, has, path, scope
):
    token = application.database.write(
        lambda s: tokens.issue(s, role, scopes={has}), identity=SYSTEM
    ).value
    with closing(Client(application.app, token, application.position)) as program:
        refused = program.get(path)

    assert refused.status_code == 403
    assert refused.headers.get("WWW-Authenticate") == (
        f'Bearer realm="Chartroom", error="insufficient_scope", scope="{scope}"'
        if scope
        else None
    )
    assert scope is None or f"scope {scope}." in refused.text
