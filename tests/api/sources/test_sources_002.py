"""The calls of the source about booking: no slot is booked twice."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from api.core.dependencies import PublicBooking
from services.core.actors import Role
from tests.api.conftest import NEWEST, Client
from tests.api.sources.http_files import named_requests_of

CALLS = named_requests_of("002-booking.http")
RACERS = 8
SENT: list[tuple[str, str]] = []


@pytest.fixture(scope="module")
def papers(papers):
    """What documents need, where everybody may book; codes are sent to a list."""
    offer = PublicBooking("k" * 64, lambda code, email: SENT.append((code, email)))
    return replace(papers, visits=replace(papers.visits, public=offer))


@pytest.fixture
def doctor(client):
    """The source's doctor."""
    answer = CALLS["Create a doctor"].send(client)
    assert answer.status_code == 201
    return answer.json()


@pytest.fixture
def slot(client, doctor):
    """The source's slot, of fifteen minutes."""
    answer = CALLS["Create a slot"].filled(doctor=doctor["id"]).send(client)
    assert answer.status_code == 201
    return answer.json()


def _book(client, slot, patient):
    wish = CALLS["Book a slot"].filled(slot=slot["id"], patient=patient["uuid"])
    return wish.send(client)


def test_a_new_doctor_is_listed_by_name_and_specialization(client, doctor):
    listed = client.get("/api/doctors", headers=NEWEST).json()["doctors"]

    assert doctor["id"] in [shown["id"] for shown in listed]
    assert (doctor["name"], doctor["specialization"]) == ("Dr. Smith", "Cardiology")
    assert CALLS["List doctors"].send(client).status_code == 200


def test_a_new_slot_is_free_and_as_long_as_was_said(client, doctor, slot):
    begins, ends = (datetime.fromisoformat(slot[n]) for n in ("starts_at", "ends_at"))

    assert ends - begins == timedelta(minutes=15)
    assert slot["doctor_id"] == doctor["id"]
    request = CALLS["List slots"].filled(doctor=doctor["id"])
    listed = client.get(request.path, headers=NEWEST).json()["slots"]
    assert [(shown["id"], shown["status"]) for shown in listed] == [
        (slot["id"], "free")
    ]


def test_a_booking_is_pending_for_two_minutes_and_then_confirmed(client, slot, ada):
    booked = _book(client, slot, ada)

    assert booked.status_code == 201
    booking = booked.json()
    assert booking["status"] == "PENDING"
    lasts = datetime.fromisoformat(booking["expires_at"]) - datetime.fromisoformat(
        booking["created_at"]
    )
    assert lasts == timedelta(minutes=2)
    confirmed = CALLS["Confirm a booking"].filled(booking=booking["id"]).send(client)
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "CONFIRMED")
    stands = CALLS["How a booking stands"].filled(booking=booking["id"]).send(client)
    assert stands.json()["status"] == "CONFIRMED"


def test_of_all_who_book_at_once_one_gets_the_slot(application, slot, ada):
    def book(_):
        with closing(Client(application.app, application.tokens[Role.STAFF])) as racer:
            return _book(racer, slot, ada)

    with ThreadPoolExecutor(RACERS) as pool:
        answers = list(pool.map(book, range(RACERS)))

    assert sorted(answer.status_code for answer in answers) == [
        201,
        *[409] * (RACERS - 1),
    ]
    refusals = {a.json()["error"] for a in answers if a.status_code == 409}
    assert refusals == {"Slot already booked"}


def test_a_booking_names_a_patient_of_the_clinic(client, slot):
    # The source books for a name; here a visit belongs to one patient's record.
    wish = {"slot_id": slot["id"], "patient_name": "John Doe"}

    answer = client.post("/api/bookings", wish)

    assert (answer.status_code, answer.json()["property"]) == (400, "patient_name")


def test_who_is_no_patient_books_by_name_and_email(stranger, doctor, slot):
    listed = CALLS["What the clinic offers to everybody"].send(stranger).json()
    assert doctor["id"] in {option["id"] for option in listed["doctors"]}
    times = CALLS["Free times for everybody"].filled(doctor=doctor["id"]).send(stranger)
    (free,) = times.json()["slots"]
    assert (free["id"], free["duration_minutes"]) == (slot["id"], 15)

    booked = CALLS["Book by name and e-mail"].filled(slot=free["id"]).send(stranger)

    booking = booked.json()
    assert (booked.status_code, booking["status"]) == (201, "PENDING")
    request = CALLS["Confirm with the code from the e-mail"].filled(
        booking=booking["id"]
    )
    right = replace(request, text=request.text.replace("123456", SENT[-1][0]))
    assert right.send(stranger).json()["status"] == "CONFIRMED"
    stands = CALLS["How a booking by name stands"].filled(booking=booking["id"])
    assert stands.send(stranger).json()["status"] == "CONFIRMED"


def test_of_those_who_book_by_name_at_once_one_gets_the_slot(application, slot):
    def book(number):
        call = CALLS["Book by name and e-mail"].filled(slot=slot["id"])
        own = replace(call, text=call.text.replace("john@", f"john{number}@"))
        with closing(Client(application.app)) as racer:
            return own.send(racer)

    with ThreadPoolExecutor(RACERS) as pool:
        answers = list(pool.map(book, range(RACERS)))

    refused = [answer for answer in answers if answer.status_code == 409]
    assert [a.status_code for a in answers if a not in refused] == [201]
    assert {answer.json()["error"] for answer in refused} == {"Slot already booked"}


def test_administrators_are_told_figures(as_role, client):
    assert CALLS["Statistics"].send(as_role(Role.ADMIN)).status_code == 200
    assert CALLS["Statistics"].send(client).status_code == 403


def test_health_tells_status_database_and_time(stranger):
    body = CALLS["Whether the clinic can work"].send(stranger).json()

    # "up" where the source has "ok" and "connected": "read-only" exists as well.
    assert (body["status"], body["database"]) == ("up", "up")
    assert datetime.fromisoformat(body["timestamp"])


@pytest.mark.parametrize("call", ["List doctors", "Statistics"])
def test_nothing_of_it_is_open_to_strangers(stranger, call):
    assert CALLS[call].send(stranger).status_code == 401
