"""The versions of a Patient and of a DocumentReference, read by FHIR."""

from typing import Any

from sqlalchemy import func, update

from db.models.patient import Patient
from db.postgres import SYSTEM
from services.core.actors import Role
from tests.api.fhir.conftest import actions_about
from tests.api.fhir.oracles import validate


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


def test_a_document_is_told_as_it_was_with_each_of_its_files(client, revised):
    path = f"/fhir/DocumentReference/{revised}"

    bundle = client.get(f"{path}/_history").json()

    validate(bundle)
    restored, deleted, replaced, filed = bundle["entry"]
    for entry in (restored, replaced, filed):
        validate(entry["resource"])
        number = entry["resource"]["meta"]["versionId"]
        assert client.get(f"{path}/_history/{number}").json() == entry["resource"]
    assert restored["resource"] == client.get(path).json()
    assert deleted["request"]["method"] == "DELETE"
    assert "resource" not in deleted
    assert client.get(f"{path}/_history/3").status_code == 410
    files = [
        entry["resource"]["content"][0]["attachment"]["url"]
        for entry in (restored, replaced, filed)
    ]
    assert files == [f"Binary/{revised}.{number}" for number in (2, 2, 1)]
    assert client.get(f"/fhir/{files[-1]}").status_code == 200
    times = [entry["response"]["lastModified"] for entry in bundle["entry"]]
    assert times == sorted(times, reverse=True)


def test_what_a_document_was_called_before_is_not_known_any_more(client, paper):
    path = f"/api/documents/{paper['id']}/details"
    body = {"title": "Blood count of May", "document_type": "imaging"}
    sent = client.ask("PATCH", path, json=body, headers={"If-Match": "*"})
    assert sent.is_success, sent.text

    history = f"/fhir/DocumentReference/{paper['id']}/_history"
    newest, first = (client.get(f"{history}/{number}").json() for number in (2, 1))

    assert newest["description"] == "Blood count of May"
    assert "description" not in first
    codes = [version["type"]["coding"][-1]["code"] for version in (newest, first)]
    assert codes == ["imaging", "lab_report"]


def test_nobody_reads_a_document_s_versions_who_may_not_open_it(as_role, revised):
    path = f"/fhir/DocumentReference/{revised}/_history"
    for role, status in (
        (Role.CLINICIAN, 404),
        (Role.PATIENT, 404),
        (Role.ANALYST, 403),
        (Role.ADMIN, 403),
    ):
        for address in (path, f"{path}/1"):
            assert as_role(role).get(address).status_code == status
