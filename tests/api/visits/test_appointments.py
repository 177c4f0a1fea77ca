"""Visits over HTTP: a day's list, one's own, and the desk's actions."""

from uuid import uuid4

import pytest

from api.visits import appointments as api_appointments
from services.core.actors import Role
from tests.api.conftest import NEWEST
from tests.services.visits.booking.bookings import samples

DAY = samples.FIRST.date().isoformat()


@pytest.fixture
def visit(client, practice, ada):
    """Ada's visit, in a week."""
    return _book(client, practice, 0, ada["uuid"])


def _book(client, practice, number, patient=None):
    booking = client.post("/api/bookings", practice.wish(number, patient)).json()
    booked = client.post(f"/api/bookings/{booking['id']}/confirm").json()
    return client.get(f"/api/appointments/{booked['appointment_id']}").json()


def _list(client, **parameters):
    answer = client.get("/api/appointments", params=parameters, headers=NEWEST)
    assert answer.status_code == 200
    return [visit["id"] for visit in answer.json()["appointments"]]


def test_a_day_lists_the_visits_of_each_doctor(client, practice, visit):
    assert visit["id"] in _list(client, day=DAY)
    assert _list(client, day=DAY, doctor=str(practice.doctor_id)) == [visit["id"]]
    assert _list(client, day=DAY, doctor=str(uuid4())) == []
    assert visit["id"] not in _list(client)


@pytest.mark.parametrize("route", ["/api/appointments", "/files/day-list.pdf"])
def test_the_last_day_of_the_calendar_is_refused(client, route):
    answer = client.get(route, params={"day": "9999-12-31"})

    assert answer.status_code == 400
    assert answer.json()["property"] == "day"


@pytest.mark.parametrize("number", ["0", "1764201600", "20261127"])
@pytest.mark.parametrize(
    ("route", "name"),
    [
        ("/api/appointments", "day"),
        ("/files/day-list.pdf", "day"),
        ("/api/admin/stats", "from"),
        ("/api/v1/replication/samples", "to"),
        ("/api/v1/replication/history", "before"),
    ],
)
def test_a_number_is_no_day(client, as_role, route, name, number):
    """It is not taken for the seconds since 1970."""
    caller = as_role(Role.ADMIN) if "day" not in name else client

    answer = caller.get(route, params={name: number})

    assert answer.status_code == 400
    assert answer.json()["property"] == name


def test_a_long_day_is_cut_and_leads_to_the_rest(client, visit, monkeypatch):
    monkeypatch.setattr(api_appointments, "_AT_A_TIME", 1)
    given = {"params": {"day": DAY}, "headers": NEWEST}

    first = client.get("/api/appointments", **given).json()
    assert len(first["appointments"]) == 1
    assert first["next"] == first["appointments"][0]["id"]
    seen = [first["next"]]
    while len(seen) < 100:
        given["params"]["after"] = seen[-1]
        if not (rest := client.get("/api/appointments", **given).json())["next"]:
            break
        seen.append(rest["next"])

    assert visit["id"] in seen
    assert len(set(seen)) == len(seen)
    assert rest == {"appointments": [], "next": None}


def test_a_patients_visits_are_listed(client, ada, visit):
    assert _list(client, patient=ada["uuid"]) == [visit["id"]]
    assert _list(client, patient=ada["uuid"], day="2026-01-01") == []


def test_a_patients_many_visits_are_cut_and_lead_to_the_rest(
    client, ada, practice, monkeypatch
):
    monkeypatch.setattr(api_appointments, "_OF_PATIENT", 1)
    booked = [_book(client, practice, n, ada["uuid"])["id"] for n in range(2)]
    seen, after = [], {}
    while len(seen) < 3:
        given = {"patient": ada["uuid"], **after}
        answer = client.get("/api/appointments", params=given, headers=NEWEST).json()
        seen += [visit["id"] for visit in answer["appointments"]]
        if answer["next"] is None:
            break
        after = {"after": answer["next"]}

    assert seen == booked[::-1]


def test_patients_are_told_of_their_own_visits_only(as_role, practice, visit):
    patient = as_role(Role.PATIENT)
    own = _book(patient, practice, 5)

    assert own["id"] in _list(patient)
    assert visit["id"] not in _list(patient)
    assert _list(patient, patient=visit["patient_id"]) == []
    assert patient.get(f"/api/appointments/{visit['id']}").status_code == 404


def test_a_visit_goes_from_the_waiting_room_to_its_end(client, practice, visit):
    practice.begin_visit(visit["id"])
    path = f"/api/appointments/{visit['id']}"

    assert client.post(f"{path}/complete").status_code == 409
    assert client.post(f"{path}/check-in").json()["status"] == "checked-in"
    assert client.post(f"{path}/complete").json()["status"] == "completed"
    again = client.post(f"{path}/check-in")
    assert again.status_code == 409
    assert again.json()["error"] == again.json()["detail"]


def test_who_does_not_come_is_written_down_once_the_visit_has_begun(
    client, practice, visit
):
    path = f"/api/appointments/{visit['id']}/no-show"
    assert client.post(path).status_code == 409

    practice.begin_visit(visit["id"])

    assert client.post(path).json()["status"] == "no-show"


@pytest.mark.parametrize("patient", [None, str(uuid4())])
def test_a_page_after_no_visit_is_refused_and_does_not_seem_the_last(client, patient):
    given = {"after": str(uuid4())} | ({"patient": patient} if patient else {})

    answer = client.get("/api/appointments", params=given)

    assert (answer.status_code, answer.json()["property"]) == (400, "after")
