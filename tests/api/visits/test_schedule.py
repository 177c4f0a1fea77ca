"""Doctors, their plans and single slots over HTTP: made by those who may plan."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from db.postgres import SYSTEM
from services.core.actors import Role, Scope
from services.people import tokens
from tests.api.conftest import NEWEST, Client

MORNING = {"weekday": 1, "starts_at": "09:00:00", "ends_at": "11:00:00"}
PAUSE = {"weekday": 1, "starts_at": "10:00:00", "ends_at": "10:20:00", "kind": "break"}
EVENING = "2099-01-05T18:00:00Z"


@pytest.fixture
def doctor(client):
    """A doctor who has just been added."""
    body = {"name": f"Dora {uuid4().hex}", "specialization": "Nephrology"}
    return client.post("/api/doctors", body).json()


def _slots(client, doctor, day):
    # As new as the last write: a read of the newest state may be cached for the next.
    path = f"/api/doctors/{doctor['id']}/slots?from={day}&to={day}"
    return client.get(path).json()["slots"]


def test_a_new_doctor_has_a_place_and_can_be_found(client):
    name = f"Dora {uuid4().hex}"
    body = {"name": name, "specialization": "Nephrology", "fee": 80.5, "room": "12"}

    answer = client.post("/api/doctors", body)

    assert answer.status_code == 201
    doctor = client.get(answer.headers["Location"], headers=NEWEST).json()
    assert doctor == answer.json()
    assert (doctor["name"], doctor["specialization"]) == (name, "Nephrology")
    assert (doctor["fee"], doctor["slot_minutes"], doctor["next_free"]) == (
        80.5,
        20,
        None,
    )


@pytest.mark.parametrize(
    ("wrong", "status", "name"),
    [
        ({"name": " "}, 400, "name"),
        ({"slot_minutes": 0}, 400, "slot_minutes"),
        ({"fee": -1}, 400, "fee"),
        ({"user_id": str(uuid4())}, 400, "user_id"),
        ({"licence": "7"}, 400, "licence"),
    ],
)
def test_a_doctor_who_cannot_be_kept_is_refused_by_name(client, wrong, status, name):
    body = {"name": "Dora", "specialization": "Nephrology"} | wrong

    answer = client.post("/api/doctors", body)

    assert answer.status_code == status
    assert answer.json()["property"] == name


def test_a_license_number_is_one_doctors(client):
    body = {"name": "Dora", "specialization": "Surgery", "license_number": uuid4().hex}
    client.post("/api/doctors", body)

    assert client.post("/api/doctors", body).status_code == 409


def test_a_plan_makes_slots_and_an_emptied_one_takes_the_free_ones_back(client, doctor):
    path = f"/api/doctors/{doctor['id']}/plan"

    made = client.put(path, {"hours": [MORNING, PAUSE]}).json()

    assert made["added"] > 0
    assert (made["withdrawn"], made["left"]) == (0, 0)
    assert made["hours"] == [MORNING | {"kind": "work"}, PAUSE]
    assert client.get(path, headers=NEWEST).json() == {"hours": made["hours"]}
    emptied = client.put(path, {"hours": []}).json()
    assert (emptied["withdrawn"], emptied["hours"]) == (made["added"], [])


def test_hours_that_overlap_are_refused(client, doctor):
    hours = [MORNING, MORNING | {"starts_at": "10:00:00", "ends_at": "12:00:00"}]

    answer = client.put(f"/api/doctors/{doctor['id']}/plan", {"hours": hours})

    assert answer.status_code == 400
    assert "overlaps" in answer.json()["detail"]


def test_a_single_slot_is_added_booked_and_not_withdrawn_then(client, doctor, ada):
    path = f"/api/doctors/{doctor['id']}/slots"
    wish = {"starts_at": EVENING, "duration_minutes": 15, "reason": "A late visit"}

    answer = client.post(path, wish)

    assert answer.status_code == 201
    slot = answer.json()
    assert (slot["doctor_id"], slot["status"]) == (doctor["id"], "free")
    lasts = datetime.fromisoformat(slot["ends_at"]) - datetime.fromisoformat(
        slot["starts_at"]
    )
    assert lasts == timedelta(minutes=15)
    assert client.post(path, wish).status_code == 409
    booking = {"slot_id": slot["id"], "patient_id": ada["uuid"]}
    assert client.post("/api/bookings", booking).status_code == 201
    assert client.delete(f"{path}/{slot['id']}").status_code == 409


def test_a_free_slot_is_withdrawn_and_lasts_as_visits_do_unless_it_is_said(
    client, doctor
):
    path = f"/api/doctors/{doctor['id']}/slots"
    slot = client.post(path, {"starts_at": EVENING, "reason": "A late visit"}).json()
    lasts = datetime.fromisoformat(slot["ends_at"]) - datetime.fromisoformat(
        slot["starts_at"]
    )
    assert lasts == timedelta(minutes=doctor["slot_minutes"])
    assert [shown["id"] for shown in _slots(client, doctor, EVENING[:10])] == [
        slot["id"]
    ]

    assert client.delete(f"{path}/{slot['id']}").status_code == 204

    assert _slots(client, doctor, EVENING[:10]) == []
    assert client.delete(f"{path}/{slot['id']}").status_code == 404


@pytest.mark.parametrize("starts_at", ["2099-01-05T18:00:00", "soon", 7])
def test_a_time_that_could_be_two_is_refused(client, doctor, starts_at):
    wish = {"starts_at": starts_at, "reason": "A late visit"}

    answer = client.post(f"/api/doctors/{doctor['id']}/slots", wish)

    assert answer.status_code == 400
    assert answer.json()["property"] == "starts_at"


def test_a_slot_is_not_withdrawn_as_another_doctors(client, doctor):
    path = f"/api/doctors/{doctor['id']}/slots"
    slot = client.post(path, {"starts_at": EVENING, "reason": "A late visit"}).json()

    answer = client.delete(f"/api/doctors/{uuid4()}/slots/{slot['id']}")

    assert answer.status_code == 404
    assert len(_slots(client, doctor, EVENING[:10])) == 1


def test_the_scope_for_doctors_opens_these_calls_and_no_others(application):
    token = application.database.write(
        lambda session: tokens.issue(
            session, Role.STAFF, scopes=[Scope.READ_DOCTORS, Scope.WRITE_DOCTORS]
        ),
        identity=SYSTEM,
    ).value
    planner = Client(application.app, token, application.position)
    body = {"name": "Dora", "specialization": "Nephrology"}

    assert planner.post("/api/doctors", body).status_code == 201
    assert planner.get("/api/appointments").status_code == 403
    planner.close()


def test_a_slot_that_ends_after_the_calendar_is_refused(client, doctor):
    path = f"/api/doctors/{doctor['id']}/slots"
    late = {"starts_at": "9999-12-31T23:50:00Z", "reason": "The very last visit"}

    answer = client.post(path, late)

    assert answer.status_code == 400
    assert answer.json()["property"] == "starts_at"


@pytest.mark.parametrize("at", ["09:00:00Z", "09:00:00+05:00", 32400])
def test_hours_are_by_the_clinics_clock_and_typed_as_such(client, doctor, at):
    answer = client.put(
        f"/api/doctors/{doctor['id']}/plan", {"hours": [MORNING | {"starts_at": at}]}
    )

    assert (answer.status_code, answer.json()["property"]) == (
        400,
        "hours.0.starts_at",
    )


def test_a_slot_may_begin_at_a_time_with_any_offset(client, doctor):
    path = f"/api/doctors/{doctor['id']}/slots"
    body = {"starts_at": "2099-01-06T17:00:00+23:00", "reason": "By another clock"}

    added = client.post(path, body)

    assert added.status_code == 201
    assert added.json()["starts_at"] == "2099-01-05T18:00:00+00:00"
    for wrong in (4070_000_000, "0001-01-01T00:00:00+14:00"):
        refused = client.post(path, body | {"starts_at": wrong})
        assert (refused.status_code, refused.json()["property"]) == (400, "starts_at")
