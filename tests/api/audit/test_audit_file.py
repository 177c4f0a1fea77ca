"""Calls of the API are in the audit log, which the API also serves as a file."""

import csv
import io
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.application import create_api
from api.core.answers import LSN_HEADER
from api.core.dependencies import Stores
from db.models.audit import AuditEvent
from db.postgres import SYSTEM, Database
from services.audit import chain
from services.core.actors import Role
from tests.api.conftest import Client


@pytest.fixture
def recorded(module_engine):
    """Return the outbox's events of a request."""

    def read(response):
        request_id = response.headers["X-Request-ID"]
        wanted = AuditEvent.request_id == request_id
        with Session(module_engine) as session:
            events = session.scalars(
                select(AuditEvent).where(wanted).order_by(AuditEvent.position)
            )
            return [(event.action, event.outcome, event.patient_id) for event in events]

    return read


def rows(response):
    return list(csv.DictReader(io.StringIO(response.text)))


def test_a_request_is_found_in_the_log_by_the_id_it_was_answered_with(
    client, ada, recorded
):
    response = client.get(f"/api/v1/patients/{ada['uuid']}")

    assert recorded(response) == [("patient:read", "done", UUID(ada["uuid"]))]


def test_what_is_refused_is_in_the_log(as_role, ada, recorded):
    response = as_role(Role.ADMIN).get(f"/api/v1/patients/{ada['uuid']}")

    assert response.status_code == 403
    assert recorded(response) == [("access:refuse", "refused", UUID(ada["uuid"]))]


def test_whoever_tries_ids_is_in_the_log(client, recorded):
    wanted = uuid4()
    response = client.get(f"/api/v1/patients/{wanted}")

    assert response.status_code == 404
    assert recorded(response) == [("access:refuse", "refused", wanted)]


def test_a_token_that_nobody_knows_is_in_the_log(stranger, recorded):
    token = {"Authorization": f"Bearer chartroom_{'x' * 43}"}
    response = stranger.get("/api/v1/patients", headers=token)

    assert response.status_code == 401
    assert recorded(response) == [("access:refuse", "refused", None)]


def test_an_export_is_in_the_log_before_its_first_byte(client, recorded):
    response = client.get("/files/patients.csv")

    assert response.status_code == 200
    assert [action for action, *_ in recorded(response)] == ["patient:export"]


def test_a_look_at_the_servers_is_in_the_log(admin, recorded):
    response = admin.get("/api/v1/replication/status")

    assert recorded(response) == [("replication:read", "done", None)]


def test_an_administrator_takes_the_log_along(
    client, admin, ada, application, module_log
):
    client.get(f"/api/v1/patients/{ada['uuid']}")
    while application.database.write(
        lambda session: chain.ship(session, module_log), identity=SYSTEM
    ).value:
        pass

    response = admin.get(
        "/files/audit.csv", params={"patient": ada["uuid"], "actions": "patient:read"}
    )

    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = rows(response)
    assert (row["action"], row["patient_id"]) == ("patient:read", ada["uuid"])
    assert row["role"] == "staff"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("person", "somebody"),
        ("patient", "1234"),
        ("actions", "patient:eat"),
        ("outcome", "lost"),
        ("from", "yesterday"),
        ("to", "9999-12-31"),
    ],
)
def test_a_question_that_makes_no_sense_is_explained(admin, name, value):
    response = admin.get("/files/audit.csv", params={name: value})

    assert response.status_code == 400
    assert response.json()["property"] == name


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN}))
def test_nobody_else_takes_the_log_along(as_role, role, recorded):
    response = as_role(role).get("/files/audit.csv")

    assert response.status_code == 403
    assert recorded(response) == [("access:refuse", "refused", None)]


def test_what_is_read_makes_nobody_wait_for_a_position(client, ada):
    response = client.get(f"/api/v1/patients/{ada['uuid']}", headers={LSN_HEADER: ""})

    assert LSN_HEADER not in response.headers


@pytest.fixture
def headless(module_endpoints, module_files, module_log, papers, application):
    """The same clinic while replicas answer and there is no primary."""
    nowhere = "postgresql://nobody@127.0.0.1:1/gone?connect_timeout=1"
    alone = replace(module_endpoints, database_url=nowhere)
    with closing(Database(alone, retry_seconds=0.2)) as database:
        given = (database, module_files, module_log, application.limits, papers)
        now = datetime(2026, 11, 20, tzinfo=UTC)
        api = create_api(Stores(*given, monitor=None, runner=None, now=lambda: now))
        with closing(Client(api, application.tokens[Role.STAFF])) as client:
            yield client


@pytest.mark.parametrize("path", ["/api/v1/patients", "/files/patients.csv"])
def test_what_cannot_be_written_down_is_not_answered(headless, path):
    response = headless.get(path)

    assert response.status_code == 503
    assert "audit log" in response.json()["detail"]
    assert response.headers["Retry-After"]
