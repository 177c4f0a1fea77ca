"""The calls of the third source, the personal health record, word for word."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest

from tests.api.sources.http_files import HttpRequest, requests_of

READING = requests_of("get-patient-record.http")


@pytest.fixture
def record() -> dict[str, object]:
    """The source's own body, with a uuid that nobody has yet."""
    (creating,) = requests_of("create-patient-record.http")
    assert creating.path == "/patient-register"
    assert UUID(creating.body["uuid"]) == UUID("7b878376-057d-4203-950a-f4bb4f2f9805")
    return {**creating.body, "uuid": str(uuid4())}


def test_complete_valid_data_with_uuid_is_registered(client, record):
    answer = client.post("/patient-register", record)

    body = answer.json()
    assert answer.status_code == body["code"] == 200
    assert body["is_success"] is True
    assert body["message"] == "Patient register created successfully"
    assert {name: body["data"][name] for name in record} == record


def test_the_same_again_is_the_same_answer_and_no_second_patient(client, record):
    first = client.post("/patient-register", record)

    again = client.post("/patient-register", record)

    assert again.status_code == 200
    assert again.json() == first.json()
    patient = client.get(f"/api/v1/patients/{record['uuid']}").json()
    assert patient["version"] == 1


def test_the_same_uuid_with_other_data_is_refused(client, record):
    client.post("/patient-register", record)

    answer = client.post("/patient-register", record | {"first_name": "Maria"})

    body = answer.json()
    assert answer.status_code == body["code"] == 409
    assert body["is_success"] is False
    kept = client.get(f"/api/v1/patients/{record['uuid']}").json()
    assert kept["first_name"] == record["first_name"]


@pytest.mark.parametrize("uuid", ["7b878376", "", 7, ["x"]])
def test_what_is_no_uuid_is_named(client, record, uuid):
    answer = client.post("/patient-register", record | {"uuid": uuid})

    assert answer.status_code == 400
    assert answer.json()["data"]["property"] == "uuid"


@pytest.mark.parametrize("request_", READING, ids=lambda request: request.name)
def test_the_examples_of_reading_are_answered(client, request_: HttpRequest):
    answer = client.ask(request_.method, request_.path)

    body = answer.json()
    assert answer.status_code == 200
    if request_.path.startswith("/patient-register"):
        assert (body["code"], body["is_success"]) == (200, True)
        assert isinstance(body["data"], list)


def test_a_patient_is_found_by_uuid(client, record):
    client.post("/patient-register", record)

    answer = client.get(
        f"/patient-register?0_field=uuid&0_operator=EQUAL&0_value={record['uuid']}"
    )

    assert [patient["uuid"] for patient in answer.json()["data"]] == [record["uuid"]]


@pytest.mark.parametrize("path", ["/health", "/api/v1/health"])
def test_health_needs_no_token(stranger, path):
    answer = stranger.get(path)

    body = answer.json()
    assert answer.status_code == 200
    assert (body["status"], body["database"]) == ("up", "up")
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None
    # The members of the cluster and their lag are shown to programs with a token.
    assert body.keys() == {"status", "database", "timestamp"}


COLUMNS = {
    "uuid": "7b878376-057d-4203-950a-f4bb4f2f9805",
    "first_name": "Jose Carlos",
    "last_name": "Huerta",
    "date_of_birth": "1990-05-15",
    "email": "jane.smith@example.com",
    "phone_number": "1234567890",
    "address": "123 Main St, Springfield",
    "emergency_contact": "John Smith",
    "allergies": "penicillin",
    "medical_history": "asthma",
    "current_medications": "lisinopril",
}
RANGES = ("LESS_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL")


LISTS = {"allergies", "medical_history", "current_medications"}


def _is_listed(client, record, column, operator):
    """Return whether the patient is in the list filtered by this comparison."""
    value = COLUMNS[column] if column in LISTS else record[column]
    answer = client.get(
        f"/patient-register?0_field={column}&0_operator={operator}&0_value={value}"
        "&per_page=1000"
    )
    assert answer.status_code == 200, answer.json()
    return record["uuid"] in [patient["uuid"] for patient in answer.json()["data"]]


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_is_compared_by_equal_and_not_equal(client, record, column):
    client.post("/patient-register", record)

    assert _is_listed(client, record, column, "EQUAL")
    assert not _is_listed(client, record, column, "NOT_EQUAL")


@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "uuid"])
def test_every_column_is_compared_by_less_and_greater(client, record, column):
    client.post("/patient-register", record)

    outcomes = [_is_listed(client, record, column, operator) for operator in RANGES]

    # Lists are compared entry by entry: one with further entries is greater.
    is_behind = column in LISTS
    expected = [False, not is_behind, is_behind, True]
    assert outcomes == expected


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("column", COLUMNS)
def test_a_list_is_sorted_by_every_column(client, record, column, order):
    client.post("/patient-register", record)
    client.post("/patient-register", record | {"uuid": str(uuid4())})

    answer = client.get(
        f"/patient-register?orderBy={column}&order={order}&per_page=1000"
    )

    assert answer.status_code == 200
    shown = [patient[column] for patient in answer.json()["data"]]
    there = [value for value in shown if value is not None]
    keys = [", ".join(v).lower() if isinstance(v, list) else v.lower() for v in there]
    assert keys == sorted(keys, reverse=order == "DESC")
