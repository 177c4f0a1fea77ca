"""A client that keeps in step with doctors, slots and visits asks for the changes."""

import json
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from db.postgres import SYSTEM
from services.visits.schedule.doctors.changing import write_doctor
from tests.api.conftest import NEWEST, Client
from tests.api.fhir.conftest import ids_of
from tests.api.fhir.exports import ask, fetch
from tests.api.fhir.oracles import validate
from tests.api.visit_samples import Practice


@pytest.fixture
def practice(application) -> Practice:
    return Practice.open(application.database, speciality="Rheumatology")


@pytest.fixture
def rename(application, practice) -> Callable[[], None]:
    """Changes the doctor's speciality."""

    def change() -> None:
        application.database.write(
            lambda session: write_doctor(
                session, practice.doctor_id, {"speciality": "Hand surgery"}
            ),
            identity=SYSTEM,
        )

    return change


@pytest.fixture
def read(client) -> Callable[[str], Any]:
    """Reads the current version of a resource, which must be valid."""

    def ask_for(path: str):
        answer = client.get(f"/fhir/{path}", headers=NEWEST)
        assert answer.status_code == 200, answer.text
        validate(answer.json())
        return answer

    return ask_for


@pytest.fixture
def booking(client, practice, ada) -> dict[str, Any]:
    """A booking of Ada's, which is held."""
    answer = client.post("/api/bookings", practice.wish(0, ada["uuid"]))
    assert answer.is_success, answer.text
    booking: dict[str, Any] = answer.json()
    return booking


@pytest.fixture
def visit(client, booking) -> dict[str, Any]:
    """The booking once it is confirmed."""
    answer = client.post(f"/api/bookings/{booking['id']}/confirm")
    visit: dict[str, Any] = answer.json()
    return visit


def _changed_at(answer) -> datetime:
    """Return when a resource was changed; its header has that to the second."""
    changed = datetime.fromisoformat(answer.json()["meta"]["lastUpdated"])
    said = parsedate_to_datetime(answer.headers["Last-Modified"])
    assert said == changed.replace(microsecond=0)
    return changed


def _ids(client: Client, kind: str, **parameters: Any) -> list[str]:
    answer = client.get(f"/fhir/{kind}", params=parameters, headers=NEWEST)
    assert answer.status_code == 200, answer.text
    return ids_of(answer.json())


@pytest.mark.parametrize("kind", ["Practitioner", "PractitionerRole", "Schedule"])
def test_a_doctor_who_was_changed_is_found_by_when_that_was(
    client, practice, read, rename, kind
):
    path = f"{kind}/{practice.doctor_id}"
    before = _changed_at(read(path))
    rename()

    after = _changed_at(read(path))
    since = f"gt{before.isoformat()}"

    assert after > before
    id_ = {"_id": str(practice.doctor_id)}
    assert _ids(client, kind, **id_, _lastUpdated=since) == [str(practice.doctor_id)]
    assert _ids(client, kind, **id_, _lastUpdated=f"gt{after.isoformat()}") == []
    between = [since, f"lt{after.isoformat()}"]
    assert _ids(client, kind, **id_, _lastUpdated=between) == []


@pytest.mark.parametrize("kind", ["Appointment", "Encounter"])
def test_a_visit_changes_with_what_becomes_of_it_and_with_its_doctor(
    client, visit, read, rename, kind
):
    ids = {"Appointment": visit["id"], "Encounter": visit["appointment_id"]}
    path, answers = f"{kind}/{ids[kind]}", []
    for change in (lambda: client.post(f"/api/bookings/{visit['id']}/cancel"), rename):
        answers.append(read(path))
        change()
    answers.append(read(path))

    times = list(map(_changed_at, answers))
    versions = [answer.headers["ETag"] for answer in answers]

    assert times == sorted(set(times))
    assert versions == ['W/"1"', 'W/"2"', 'W/"3"']
    whose = {"patient": visit["patient_id"]}
    listed = _ids(client, kind, **whose, _lastUpdated=f"gt{times[1].isoformat()}")
    assert listed == [ids[kind]]
    assert _ids(client, kind, **whose, _lastUpdated=f"gt{times[2].isoformat()}") == []


def test_what_is_held_changes_when_it_is_held_for_longer(client, booking, read):
    path = f"Appointment/{booking['id']}"
    held = read(path)
    client.post(f"/api/bookings/{booking['id']}/renew")

    renewed = read(path)

    assert held.json()["meta"]["lastUpdated"] == held.json()["created"]
    assert _changed_at(renewed) > _changed_at(held)


def test_a_slot_has_another_version_whenever_it_is_held_booked_or_let_go(
    client, practice, booking, read
):
    path = f"Slot/{practice.slot_ids[0]}"
    free = read(f"Slot/{practice.slot_ids[1]}")
    answers = [read(path)]
    for act in ("confirm", "cancel"):
        client.post(f"/api/bookings/{booking['id']}/{act}")
        answers.append(read(path))

    states = [answer.json()["status"] for answer in answers]
    times = list(map(_changed_at, [free, *answers]))

    assert states == ["busy-tentative", "busy", "free"]
    assert times == sorted(set(times))
    versions = [answer.headers["ETag"] for answer in [free, *answers]]
    assert versions == [f'W/"{number}"' for number in (1, 2, 3, 4)]
    known = {"If-None-Match": versions[-1], **NEWEST}
    assert client.get(f"/fhir/{path}", headers=known).status_code == 304
    known["If-None-Match"] = versions[-2]
    assert client.get(f"/fhir/{path}", headers=known).status_code == 200


def test_slots_are_found_by_when_they_changed(client, practice, booking, read):
    slot = read(f"Slot/{practice.slot_ids[0]}").json()
    day = slot["start"][:10]
    schedule = {"schedule": f"Schedule/{practice.doctor_id}", "start": day}
    held_at = slot["meta"]["lastUpdated"]

    listed = _ids(client, "Slot", **schedule, _lastUpdated=f"ge{held_at}")

    assert listed == [slot["id"]]
    others = _ids(client, "Slot", **schedule, _lastUpdated=f"lt{held_at}")
    assert len(others) == len(practice.slot_ids) - 1


def test_an_export_of_what_changed_since_has_doctors_and_their_visits(
    client, exporter, practice, visit, rename
):
    others = Practice.open(practice.database)
    rename()
    read = client.get(f"/fhir/Appointment/{visit['id']}", headers=NEWEST).json()
    since = read["meta"]["lastUpdated"]
    types = "Appointment,Encounter,Practitioner,PractitionerRole"

    nothing = ask(client, _since=since, _type=types)
    exporter.look()
    before = fetch(client, nothing)
    rename()
    status = ask(client, _since=since, _type=types)
    exporter.look()
    exported = {
        kind: {json.loads(line)["id"] for line in lines}
        for kind, lines in fetch(client, status).items()
    }

    doctor = {str(practice.doctor_id)}
    assert before == {}
    assert exported == {
        "Appointment": {visit["id"]},
        "Encounter": {visit["appointment_id"]},
        "Practitioner": doctor,
        "PractitionerRole": doctor,
    }
    assert str(others.doctor_id) not in doctor
