"""Booking by IHE's operations: a time is found, held and booked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.core.actors import Role
from tests.api.conftest import NEWEST, Client
from tests.api.fhir.conftest import ids_of
from tests.api.fhir.oracles import validate
from tests.api.visit_samples import Practice

RACERS = 12


@pytest.fixture
def practice(application) -> Practice:
    return Practice.open(application.database, speciality="Rheumatology")


def _parameters(**parameters: str) -> dict[str, Any]:
    """Return the Parameters of a call; those named after a type are references."""
    return {
        "resourceType": "Parameters",
        "parameter": [_parameter(name, value) for name, value in parameters.items()],
    }


def _parameter(name: str, value: str) -> dict[str, Any]:
    if name.startswith(("appointment", "patient", "practitioner")):
        hyphened = name.replace("_", "-")
        return {"name": hyphened, "valueReference": {"reference": value}}
    return {"name": name, "valueString": value}


def _invoke(client: Client, operation: str, headers=NEWEST, **parameters: str):
    headers = {"Content-Type": "application/fhir+json", **headers}
    path = f"/fhir/Appointment/${operation}"
    return client.post(path, _parameters(**parameters), headers=headers)


def _stretch(**parameters: str) -> dict[str, str]:
    now = datetime.now(UTC)
    until = now + timedelta(days=60)
    return {"start": now.isoformat(), "end": until.isoformat()} | parameters


def _find(client: Client, **parameters: str):
    answer = _invoke(client, "find", **_stretch(**parameters))
    assert answer.status_code == 200, answer.text
    return answer.json()


def _resource(answer) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    [entry] = answer.json()["entry"]
    validate(entry["resource"])
    return entry["resource"]


def _of(practice: Practice, patient: dict[str, Any], number: int = 0) -> dict[str, str]:
    return {
        "appointment_reference": f"Appointment/{practice.slot_ids[number]}",
        "patient_reference": f"Patient/{patient['uuid']}",
    }


def test_what_is_free_is_proposed_by_post_and_get_with_its_total(client, practice):
    doctor = f"Practitioner/{practice.doctor_id}"

    posted = _find(client, practitioner=doctor)
    parameters = _stretch(practitioner=doctor, _count="2")
    got = client.get(
        "/fhir/Appointment/$find", params=parameters, headers=NEWEST
    ).json()

    validate(posted)
    assert {entry["resource"]["status"] for entry in posted["entry"]} == {"proposed"}
    assert set(ids_of(posted)) == set(map(str, practice.slot_ids))
    assert ids_of(got) == ids_of(posted)[:2]
    assert posted["total"] == got["total"] == len(practice.slot_ids)


def test_times_are_found_by_specialisation(client, practice):
    bundle = _find(client, specialty="urn:ours|rheumatology", _count="1000")
    others = _find(client, specialty="Somnology")

    assert set(map(str, practice.slot_ids)) <= set(ids_of(bundle))
    assert others["total"] == 0


def test_what_is_held_is_pending_until_its_hold_ends_and_is_proposed_to_nobody(
    client, practice, ada
):
    held = _resource(_invoke(client, "hold", **_of(practice, ada)))

    [ends] = held["extension"]
    lasts = datetime.fromisoformat(ends["valueInstant"]) - datetime.now(UTC)
    assert held["status"] == "pending"
    assert timedelta(0) < lasts <= timedelta(seconds=120)
    read = client.get(f"/fhir/Appointment/{held['id']}", headers=NEWEST)
    assert read.json() == held
    own = {"patient": f"Patient/{ada['uuid']}", "status": "pending"}
    bundle = client.get("/fhir/Appointment", params=own, headers=NEWEST).json()
    assert [entry["resource"] for entry in bundle["entry"]] == [held]
    assert bundle["total"] == 1
    slot = client.get(f"/fhir/{held['slot'][0]['reference']}", headers=NEWEST).json()
    assert slot["status"] == "busy-tentative"
    proposed = _find(client, practitioner=str(practice.doctor_id))
    assert str(practice.slot_ids[0]) not in ids_of(proposed)


def test_what_was_held_is_booked_under_the_same_id(client, practice, ada):
    held = _resource(_invoke(client, "hold", **_of(practice, ada)))

    parameters = {"appointment_reference": f"Appointment/{held['id']}"}
    booked = _resource(_invoke(client, "book", **parameters))
    again = _resource(_invoke(client, "book", **parameters))
    own = {"patient": f"Patient/{ada['uuid']}", "status": "pending"}
    pending = client.get("/fhir/Appointment", params=own, headers=NEWEST).json()

    assert (booked["id"], booked["status"]) == (held["id"], "booked")
    assert again == booked
    assert booked["id"] not in ids_of(pending)
    listed = client.get(f"/fhir/Appointment?patient={ada['uuid']}", headers=NEWEST)
    assert ids_of(listed.json()) == [held["id"]]


def test_what_is_held_for_one_patient_is_not_booked_for_another(
    client, practice, ada, register
):
    held = _resource(_invoke(client, "hold", **_of(practice, ada)))
    of_held = {"appointment_reference": f"Appointment/{held['id']}"}

    other = {"patient_reference": f"Patient/{register()['uuid']}"}
    refused = _invoke(client, "book", **of_held, **other)
    own = {"patient_reference": f"Patient/{ada['uuid']}"}
    booked = _resource(_invoke(client, "book", **of_held, **own, comment="A cough"))

    assert refused.status_code == 400
    assert "held for another patient" in refused.json()["issue"][0]["diagnostics"]
    booking = client.get(f"/api/bookings/{booked['id']}", headers=NEWEST).json()
    assert booking["note"] == "A cough"


def test_a_mistyped_patient_does_not_count_as_none(client, practice, ada):
    held = _resource(_invoke(client, "hold", **_of(practice, ada)))
    mistyped = {
        "appointment_reference": f"Appointment/{held['id']}",
        "patient_reference": f"Patient/{ada['uuid'].upper()}",
    }

    assert _invoke(client, "book", **mistyped).status_code == 400
    read = client.get(f"/fhir/Appointment/{held['id']}", headers=NEWEST)
    assert read.json()["status"] == "pending"


def test_a_proposed_time_is_booked_in_one_step_with_what_it_is_for(
    client, practice, ada
):
    booked = _resource(
        _invoke(client, "book", **_of(practice, ada), comment="A stiff wrist")
    )

    assert booked["status"] == "booked"
    booking = client.get(f"/api/bookings/{booked['id']}", headers=NEWEST).json()
    assert booking["note"] == "A stiff wrist"


def test_a_hold_that_ran_out_is_booked_no_more(client, practice, ada):
    held = _resource(_invoke(client, "hold", **_of(practice, ada)))
    practice.let_pass(held["id"], 121)

    late = _invoke(client, "book", appointment_reference=f"Appointment/{held['id']}")

    assert late.status_code == 410
    read = client.get(f"/fhir/Appointment/{held['id']}", headers=NEWEST)
    assert read.json()["status"] == "cancelled"
    assert "extension" not in read.json()


def test_of_many_who_want_one_time_one_gets_it_and_the_others_are_told_as_ihe_asks(
    application, client, practice, register
):
    people = [register() for _ in range(RACERS)]
    clients = [Client(application.app, application.tokens[Role.STAFF]) for _ in people]

    def race(client: Client, patient: dict[str, Any]):
        return _invoke(client, "hold", **_of(practice, patient))

    with ThreadPoolExecutor(RACERS) as pool:
        answers = list(pool.map(race, clients, people))
    for each in clients:
        each.close()

    won = [answer for answer in answers if answer.status_code == 200]
    lost = [answer for answer in answers if answer.status_code != 200]
    assert (len(won), len(lost)) == (1, RACERS - 1)
    for answer in lost:
        assert answer.status_code == 409
        [issue] = answer.json()["issue"]
        assert (issue["severity"], issue["code"]) == ("fatal", "not-found")


def test_the_same_key_holds_once(client, practice, ada):
    key = NEWEST | {"Idempotency-Key": uuid4().hex}

    first = _resource(_invoke(client, "hold", key, **_of(practice, ada)))
    again = _resource(_invoke(client, "hold", key, **_of(practice, ada)))

    assert again["id"] == first["id"]


def test_a_time_that_is_not_offered_is_fatally_not_found(client, practice, ada):
    parameters = _of(practice, ada) | {
        "appointment_reference": f"Appointment/{UUID(int=9)}"
    }

    answer = _invoke(client, "hold", **parameters)

    [issue] = answer.json()["issue"]
    assert answer.status_code == 404
    assert (issue["severity"], issue["code"]) == ("fatal", "not-found")


def test_patients_book_for_themselves_and_nobody_else(
    application, as_role, practice, ada
):
    patient = as_role(Role.PATIENT)
    own = str(application.people[Role.PATIENT].patient_id)
    reference = f"Appointment/{practice.slot_ids[3]}"

    booked = _resource(_invoke(patient, "book", appointment_reference=reference))
    others = _invoke(patient, "hold", **_of(practice, ada, 4))

    assert booked["participant"][0]["actor"] == {"reference": f"Patient/{own}"}
    assert others.status_code in {403, 404}


@pytest.mark.parametrize("operation", ["hold", "book"])
def test_analysts_book_nothing(as_role, practice, ada, operation):
    answer = _invoke(as_role(Role.ANALYST), operation, **_of(practice, ada))

    assert answer.status_code == 403


@pytest.mark.parametrize("operation", ["hold", "book"])
def test_nothing_is_changed_by_get(client, operation):
    answer = client.get(f"/fhir/Appointment/${operation}")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert "POST" in answer.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize("path", ["Appointment/$nope", "Patient/_nope"])
def test_what_is_no_operation_is_called_none(client, path):
    answer = client.get(f"/fhir/{path}")

    assert answer.status_code == 404
    assert "operation" in answer.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"status": "pending"}, "requires a patient"),
        ({"status": "pending", "date": "2026-11-23"}, "requires a patient"),
        ({"status": "pending,booked", "patient": str(uuid4())}, "other statuses"),
        ({"status": "pending", "patient": str(uuid4()), "date": "2026"}, "no other"),
        ({"status": "nope", "patient": str(uuid4())}, "one of proposed, pending"),
    ],
)
def test_holds_are_found_of_a_patient_and_by_themselves(client, parameters, word):
    answer = client.get("/fhir/Appointment", params=parameters)

    assert answer.status_code == 400
    assert word in answer.json()["issue"][0]["diagnostics"]


def test_patients_find_what_is_held_for_them_alone(
    application, as_role, client, practice, ada
):
    patient = as_role(Role.PATIENT)
    own = str(application.people[Role.PATIENT].patient_id)
    _resource(_invoke(client, "hold", **_of(practice, ada)))
    reference = f"Appointment/{practice.slot_ids[1]}"
    held = _resource(_invoke(patient, "hold", appointment_reference=reference))

    bundle = patient.get("/fhir/Appointment?status=pending", headers=NEWEST).json()

    assert ids_of(bundle) == [held["id"]]
    [entry] = bundle["entry"]
    participant = entry["resource"]["participant"][0]["actor"]
    assert participant == {"reference": f"Patient/{own}"}


@pytest.mark.parametrize("path", ["Appointment", "Encounter"])
def test_no_status_of_the_standard_is_refused(client, ada, path):
    own = {"patient": f"Patient/{ada['uuid']}", "status": "entered-in-error"}

    answer = client.get(f"/fhir/{path}", params=own)

    assert (answer.status_code, answer.json()["total"]) == (200, 0)


@pytest.mark.parametrize(
    ("operation", "parameters", "word"),
    [
        ("find", {}, "start and end"),
        ("find", {"start": "2026-11-23"}, "start and end"),
        ("find", {"start": "soon", "end": "2026-11-24"}, "2026-11-23T10:00:00Z"),
        ("find", {"start": "2026-11-24", "end": "2026-11-23"}, "must be after"),
        ("find", {"start": "2026-01-01", "end": "2026-11-23"}, "62 days"),
        ("find", _stretch(_count="many"), "_count"),
        ("find", _stretch(color="red"), '"color"'),
        ("find", _stretch(specialty="\0"), "character"),
        ("hold", {}, "appointment-reference"),
        ("hold", {"appointment_reference": "Appointment/x"}, "patient-reference"),
        ("book", {"appointment_reference": "Appointment/x"}, "patient-reference"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    client, operation, parameters, word
):
    answer = _invoke(client, operation, **parameters)

    assert answer.status_code == 400, answer.text
    assert word in answer.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize("operation", ["hold", "book"])
def test_nothing_is_booked_for_somebody_of_another_server(
    client, practice, ada, operation
):
    """A copy of the clinic has the same ids."""
    wanted = _of(practice, ada)
    elsewhere = {
        name: f"https://copy.example/fhir/{reference}"
        for name, reference in wanted.items()
    }

    for name, reference in elsewhere.items():
        answer = _invoke(client, operation, **wanted | {name: reference})
        assert answer.status_code == 400
        assert "on this server" in answer.json()["issue"][0]["diagnostics"]
    base = client.get("/fhir/metadata").json()["implementation"]["url"]
    here = {name: f"{base}/{reference}" for name, reference in wanted.items()}
    assert _invoke(client, operation, **here).status_code == 200


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("{", "not JSON"),
        ('{"resourceType": "Patient"}', "Parameters"),
        ('{"resourceType": "Parameters", "parameter": 1}', "list"),
        ('{"resourceType": "Parameters", "parameter": [1]}', "a name"),
        (
            '{"resourceType": "Parameters", "parameter": [{"name": "start"}]}',
            "one value",
        ),
        (
            '{"resourceType": "Parameters", "parameter": [{"name":"x","valueUri":[]}]}',
            "cannot be read",
        ),
    ],
)
def test_a_body_that_is_no_parameters_is_refused_in_a_sentence(client, body, word):
    answer = client.ask(
        "POST",
        "/fhir/Appointment/$find",
        content=body,
        headers={"Content-Type": "application/fhir+json"},
    )

    assert answer.status_code == 400
    assert word in answer.json()["issue"][0]["diagnostics"]


def test_a_body_in_another_format_is_refused(client):
    answer = client.ask("POST", "/fhir/Appointment/$find", content="start=1")

    assert answer.status_code == 415
