"""The waiting list over HTTP: joined, seen by the desk, and left."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from db.postgres import SYSTEM
from services.core.actors import Role, Scope
from services.people import tokens
from tests.api.conftest import NEWEST, Client
from tests.services.visits.booking.bookings import samples

ENTRIES = "/api/waiting-list/entries"
LAST_DAY = (samples.FIRST + timedelta(days=1)).date().isoformat()


def _join(client, patient=None, *, key=None, **more):
    body = {"until_at": LAST_DAY} | more
    if patient:
        body["patient_id"] = patient["uuid"]
    return client.post(ENTRIES, body, headers={"Idempotency-Key": key} if key else {})


def _waiting(client):
    answer = client.get("/api/waiting-list", headers=NEWEST).json()
    return {place["id"]: place for place in answer["waiting"]}


def _visit(client, practice, patient):
    booking = client.post("/api/bookings", practice.wish(0, patient["uuid"])).json()
    client.post(f"/api/bookings/{booking['id']}/confirm")
    return booking


def test_who_joins_is_in_the_desks_list_until_they_leave(client, practice, ada):
    joined = _join(client, ada, doctor_id=str(practice.doctor_id))

    place = joined.json()
    assert joined.status_code == 201
    assert joined.headers["Location"] == f"{ENTRIES}/{place['id']}"
    assert client.get(joined.headers["Location"], headers=NEWEST).json() == place
    assert place["status"] == "waiting"
    listed = _waiting(client)[place["id"]]
    assert listed["patient_id"] == ada["uuid"]
    assert listed["doctor_id"] == str(practice.doctor_id)
    assert listed["phone_number"] == ada["phone_number"]

    left = client.post(f"{joined.headers['Location']}/leave")

    assert left.json()["status"] == "left"
    assert "X-Chartroom-LSN" in left.headers
    assert place["id"] not in _waiting(client)
    again = client.post(f"{joined.headers['Location']}/leave")
    assert (again.status_code, again.json()["error"]) == (
        409,
        "This waiting list entry has already ended.",
    )


def test_a_freed_time_is_offered_and_confirmed_as_any_other(
    client, practice, ada, grace
):
    visit = _visit(client, practice, ada)
    place = _join(client, grace, doctor_id=str(practice.doctor_id)).json()

    client.post(f"/api/bookings/{visit['id']}/cancel")

    parameters = {"patient": grace["uuid"]}
    (entry,) = client.get(ENTRIES, params=parameters, headers=NEWEST).json()["entries"]
    assert (entry["id"], entry["status"]) == (place["id"], "offered")
    assert _waiting(client)[place["id"]]["held_until"]
    assert client.post(f"{ENTRIES}/{place['id']}/leave").status_code == 409
    client.post(f"/api/bookings/{entry['booking_id']}/confirm")
    ended = client.get(f"{ENTRIES}/{place['id']}", headers=NEWEST).json()
    assert ended["status"] == "booked"


def test_a_booking_takes_its_patient_off_the_list_of_those_who_wait_for_it(
    client, practice, ada
):
    place = _join(client, ada, doctor_id=str(practice.doctor_id)).json()
    held = client.post("/api/bookings", practice.wish(0, ada["uuid"])).json()
    assert held["ended_waits"] == []

    visit = client.post(f"/api/bookings/{held['id']}/confirm").json()

    assert visit["ended_waits"] == [place["id"]]
    assert place["id"] not in _waiting(client)


def test_the_last_day_is_included_and_none_before_today_counts(client, practice, ada):
    place = _join(
        client, ada, doctor_id=str(practice.doctor_id), from_at="0001-01-01"
    ).json()

    until = datetime.fromisoformat(place["until_at"])
    assert until > samples.FIRST + timedelta(hours=23)
    assert datetime.fromisoformat(place["from_at"]) <= until
    assert datetime.fromisoformat(place["from_at"]).year > 2000


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"until_at": "tomorrow"}, "until_at"),
        ({"until_at": "2001-01-01"}, "until_at"),
        ({"until_at": "9999-12-30"}, "until_at"),
        ({"until_at": None}, "until_at"),
        ({"from_at": 20}, "from_at"),
        ({"doctor_id": None}, "doctor_id"),
        ({"specialization": "Cardiology"}, "doctor_id"),
        ({"specialization": "\x00", "doctor_id": None}, "specialization"),
        ({"patient_id": None}, "patient_id"),
    ],
)
def test_what_nobody_can_wait_for_is_refused_by_name(client, practice, ada, body, name):
    wish = {"doctor_id": str(practice.doctor_id), "until_at": LAST_DAY}

    refused = client.post(ENTRIES, {"patient_id": ada["uuid"]} | wish | body)

    assert (refused.status_code, refused.json()["property"]) == (400, name)


def test_nobody_waits_twice_for_the_same(client, practice, ada):
    _join(client, ada, doctor_id=str(practice.doctor_id))

    again = _join(client, ada, doctor_id=str(practice.doctor_id))

    assert again.status_code == 409


def test_a_request_sent_again_with_its_key_gets_the_place_that_it_made(
    client, practice, ada
):
    wish = {"doctor_id": str(practice.doctor_id), "key": uuid4().hex}
    joined = _join(client, ada, **wish)

    again = _join(client, ada, **wish)

    assert (joined.status_code, again.status_code) == (201, 201)
    assert again.json() == joined.json()
    assert again.headers["Location"] == joined.headers["Location"]


def test_a_key_is_good_for_one_wait_of_its_caller(
    client, as_role, practice, ada, grace
):
    doctor, key = str(practice.doctor_id), uuid4().hex
    _join(client, ada, doctor_id=doctor, key=key)

    for other in (
        _join(client, grace, doctor_id=doctor, key=key),
        _join(client, ada, specialization="Cardiology", key=key),
        _join(client, ada, doctor_id=doctor, until_at="2027-01-01", key=key),
        _join(client, ada, doctor_id=doctor, from_at=LAST_DAY, key=key),
    ):
        assert (other.status_code, "key" in other.json()["error"]) == (409, True)
    others = _join(as_role(Role.PATIENT), doctor_id=doctor, key=key)
    assert others.status_code == 201


def test_a_place_that_was_left_is_not_taken_again_by_its_key(client, practice, ada):
    wish = {"doctor_id": str(practice.doctor_id), "key": uuid4().hex}
    place = _join(client, ada, **wish)
    client.post(f"{place.headers['Location']}/leave")

    again = _join(client, ada, **wish)

    assert (again.status_code, again.json()["error"]) == (
        409,
        "This waiting list entry has already ended.",
    )
    assert place.json()["id"] not in _waiting(client)


def test_a_token_that_only_reads_visits_sees_the_list_and_changes_nothing(
    application, client, practice, ada
):
    place = _join(client, ada, doctor_id=str(practice.doctor_id)).json()
    token = application.database.write(
        lambda session: tokens.issue(
            session, Role.STAFF, scopes=frozenset({Scope.READ_VISITS})
        ),
        identity=SYSTEM,
    ).value
    reader = Client(application.app, token)

    assert place["id"] in _waiting(reader)
    assert reader.post(f"{ENTRIES}/{place['id']}/leave").status_code == 403
    assert _join(reader, ada, specialization="Cardiology").status_code == 403
    reader.close()


def test_patients_wait_for_themselves_and_see_their_own(client, as_role, practice, ada):
    theirs = _join(client, ada, doctor_id=str(practice.doctor_id)).json()
    patient = as_role(Role.PATIENT)

    own = _join(patient, doctor_id=str(practice.doctor_id))

    assert own.status_code == 201
    listed = patient.get(ENTRIES, headers=NEWEST).json()["entries"]
    assert own.json()["id"] in {entry["id"] for entry in listed}
    for path in (f"{ENTRIES}/{theirs['id']}", f"{ENTRIES}/{uuid4()}"):
        assert patient.get(path, headers=NEWEST).status_code == 404
    assert patient.get(ENTRIES, params={"patient": ada["uuid"]}).status_code == 404
