"""The versions of a Patient, read by FHIR."""

from typing import Any

import pytest
from sqlalchemy import func, update

from db.models.patient import Patient
from db.postgres import SYSTEM
from services.core.actors import Role
from tests.api.fhir.conftest import actions_about
from tests.api.fhir.oracles import validate


@pytest.fixture
def moved(client, ada) -> dict[str, Any]:
    """Ada, who has moved since she was registered."""
    path = f"/api/v1/patients/{ada['uuid']}"
    read = client.get(path).json()
    body = {name: read[name] for name in ("first_name", "last_name", "date_of_birth")}
    body |= {"email": read["email"], "address": "2 Quay Street"}
    answer = client.put(path, body, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    moved: dict[str, Any] = answer.json()
    return moved


def _history(patient: dict[str, Any], number: int | None = None) -> str:
    path = f"/fhir/Patient/{patient['uuid']}/_history"
    return path if number is None else f"{path}/{number}"


def test_all_versions_are_told_the_newest_first(client, moved):
    bundle = client.get(_history(moved)).json()

    validate(bundle)
    newest, first = bundle["entry"]
    assert (bundle["type"], bundle["total"]) == ("history", 2)
    assert (newest["request"]["method"], first["request"]["method"]) == ("PUT", "POST")
    assert newest["response"]["etag"] == 'W/"2"'
    assert newest["resource"] == client.get(f"/fhir/Patient/{moved['uuid']}").json()
    assert newest["resource"]["address"] == [{"text": "2 Quay Street"}]
    assert "address" not in first["resource"]
    assert first["resource"]["meta"]["versionId"] == "1"


def test_a_version_is_read_by_its_number_and_known_by_its_tag(client, moved):
    answer = client.get(_history(moved, 1))

    assert answer.status_code == 200
    validate(answer.json())
    assert answer.headers["ETag"] == 'W/"1"'
    assert "address" not in answer.json()
    known = {"If-None-Match": 'W/"1"'}
    assert client.get(_history(moved, 1), headers=known).status_code == 304
    assert client.get(_history(moved, 2), headers=known).status_code == 200
    assert client.get(_history(moved, 3)).status_code == 404


def test_no_part_of_a_history_is_asked_for(client, moved):
    answer = client.get(f"{_history(moved)}?_since=2026-01-01")

    assert answer.status_code == 400
    validate(answer.json())


def test_nobody_reads_a_version_who_may_not_read_the_patient(as_role, moved):
    for role, status in (
        (Role.CLINICIAN, 404),
        (Role.PATIENT, 404),
        (Role.ANALYST, 403),
        (Role.ADMIN, 403),
    ):
        for path in (_history(moved), _history(moved, 1)):
            assert as_role(role).get(path).status_code == status


def test_of_who_was_erased_no_version_is_left(application, client, moved):
    erased = {"deleted_at": func.now(), "erased_at": func.now()}
    statement = update(Patient).where(Patient.id == moved["uuid"]).values(erased)
    application.database.write(
        lambda session: session.execute(statement) and None, identity=SYSTEM
    )

    for path in (_history(moved), _history(moved, 1)):
        answer = client.get(path, headers={"X-Chartroom-LSN": "FFFFFFFF/0"})
        assert answer.status_code == 410


def test_who_read_the_history_is_in_the_audit_log(application, client, moved):
    client.get(_history(moved))

    assert actions_about(application, moved["uuid"]).count("patient:read") == 2
