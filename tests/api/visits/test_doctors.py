"""Doctors and their slots over HTTP."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from services.core.actors import Role
from tests.api.conftest import NEWEST
from tests.api.visit_samples import Practice
from tests.kit.waiting import eventually
from tests.services.visits.booking.bookings import samples

FIRST = samples.FIRST
DAY = FIRST.date().isoformat()


@pytest.fixture
def practice(application) -> Practice:
    """A doctor whose name nobody else has."""
    return Practice.open(
        application.database,
        name=f"Dora {uuid4().hex}",
        speciality="Nephrology",
        fee=Decimal("80.50"),
        email=f"{uuid4().hex}@example.org",
        license_number=uuid4().hex,
    )


def _slots(client, practice, query=""):
    path = f"/api/doctors/{practice.doctor_id}/slots?{query}"
    return client.get(path, headers=NEWEST)


def _list(client, **parameters):
    return client.get("/api/doctors", params=parameters, headers=NEWEST).json()[
        "doctors"
    ]


@pytest.mark.parametrize("role", Role)
def test_whoever_may_book_is_told_of_doctors_and_nothing_internal(
    as_role, practice, role
):
    client = as_role(role)
    doctor = client.get(f"/api/doctors/{practice.doctor_id}", headers=NEWEST).json()

    (listed,) = _list(client, search=doctor["name"])

    assert listed == doctor
    assert doctor["specialization"] == "Nephrology"
    assert (doctor["fee"], doctor["room"], doctor["is_active"]) == (80.5, "12", True)
    assert doctor["next_free"].startswith(FIRST.isoformat()[:16])
    assert not {"email", "license_number", "user_id"} & doctor.keys()


def test_doctors_are_found_by_words_and_by_specialization(client, practice):
    mine = str(practice.doctor_id)

    assert mine in [
        doctor["id"] for doctor in _list(client, specialization="nephrology")
    ]
    assert mine not in [
        doctor["id"] for doctor in _list(client, specialization="Surgery")
    ]
    assert _list(client, search="Dora Nobody At All") == []


def test_a_list_that_ends_before_its_end_says_so(client, application):
    word = uuid4().hex
    for _ in range(2):
        Practice.open(application.database, name=f"Dora {word} {uuid4().hex}")

    def listed(limit: int) -> tuple[int, bool]:
        query = {"search": word, "limit": limit}
        answer = client.get("/api/doctors", params=query, headers=NEWEST).json()
        return len(answer["doctors"]), answer["more"]

    assert [listed(limit) for limit in (1, 2, 200)] == [
        (1, True),
        (2, False),
        (2, False),
    ]


@pytest.mark.parametrize("name", ["search", "specialization"])
def test_what_no_record_can_hold_is_not_searched_for(client, name):
    answer = client.get("/api/doctors", params={name: "a\x00b"})

    assert answer.status_code == 400
    assert answer.json()["property"] == name


def test_slots_say_what_became_of_them(client, practice, ada):
    held = client.post("/api/bookings", practice.wish(0, ada["uuid"])).json()
    booked = client.post("/api/bookings", practice.wish(1, ada["uuid"])).json()
    client.post(f"/api/bookings/{booked['id']}/confirm")

    slots = _slots(client, practice, f"from={DAY}&to={DAY}").json()["slots"]

    states = [slot["status"] for slot in slots]
    assert states[:3] == ["held", "booked", "free"]
    assert slots[0]["held_until"] == held["expires_at"]
    assert [slot["held_until"] for slot in slots[1:3]] == [None, None]
    assert slots[0].keys() == {"id", "starts_at", "ends_at", "status", "held_until"}


def test_a_hold_shows_to_everybody_as_soon_as_it_is_told(
    client, as_role, practice, ada
):
    patient = as_role(Role.PATIENT)
    query = f"from={DAY}&to={DAY}"
    before = _slots(patient, practice, query).json()["slots"]
    assert before[0]["status"] == "free"

    client.post("/api/bookings", practice.wish(0, ada["uuid"]))

    eventually(
        lambda: _slots(patient, practice, query).json()["slots"][0]["status"],
        lambda status: status == "held",
    )


def test_slots_of_a_stretch_begin_in_it(client, practice):
    begin = (FIRST + timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    end = (FIRST + timedelta(minutes=60)).strftime("%Y-%m-%dT%H:%M:%SZ")

    slots = _slots(client, practice, f"from={begin}&to={end}").json()["slots"]

    assert [slot["id"] for slot in slots] == list(map(str, practice.slot_ids[1:3]))


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("from=monday", "from"),
        ("to=2026-13-01", "to"),
        ("from=2026-11-23&to=2026-11-22T00:00:00Z", "to"),
        ("from=2026-01-01&to=2026-03-04", "to"),
        ("from=9999-12-31", "to"),
        ("from=0001-01-01T00:00:00%2B14:00", "from"),
    ],
)
def test_a_stretch_that_makes_no_sense_is_refused(client, practice, query, name):
    answer = _slots(client, practice, query)

    assert answer.status_code == 400
    assert answer.json()["property"] == name
    assert answer.json()["error"] == answer.json()["detail"]


def test_two_months_can_be_asked_for_at_once(client, practice):
    answer = _slots(client, practice, "from=2026-01-01&to=2026-03-03")

    assert answer.status_code == 200


def test_a_doctor_who_is_none_is_not_found(client):
    for path in (f"/api/doctors/{uuid4()}", f"/api/doctors/{uuid4()}/slots"):
        answer = client.get(path)

        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_became_of_bookings_is_counted_for_prometheus(client, practice, ada):
    wish = practice.wish(0, ada["uuid"])
    client.post("/api/bookings", wish)
    client.post("/api/bookings", wish)

    metrics = client.get("/metrics").text

    assert 'chartroom_bookings{outcome="pending"}' in metrics
    assert 'chartroom_bookings{outcome="conflict"}' in metrics
    assert "chartroom_database_seconds_bucket" in metrics
    assert ada["uuid"] not in metrics
