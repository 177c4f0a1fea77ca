"""Bookings over HTTP: one slot, one booking, whoever asks and however often."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.core.actors import Role
from tests.api.conftest import ADA, Client
from tests.api.visit_samples import Practice

RACERS = 20


def _hold(client, practice, number, patient, **headers):
    wish = practice.wish(number, patient["uuid"])
    return client.post("/api/bookings", wish, headers=headers)


def _act(client, booking, action, body=None):
    return client.post(f"/api/bookings/{booking['id']}/{action}", body)


def _problem(answer, status, sentence=""):
    problem = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["error"] == problem["detail"]
    assert sentence in problem["detail"]
    return problem


def test_a_slot_is_held_for_two_minutes_and_then_booked(client, practice, ada):
    answer = _hold(client, practice, 0, ada)
    booking = answer.json()

    assert answer.status_code == 201
    assert booking["status"] == "PENDING"
    assert answer.headers["Location"] == f"/api/bookings/{booking['id']}"
    lasts = _timestamp(booking["expires_at"]) - _timestamp(booking["created_at"])
    assert lasts == timedelta(seconds=120)
    assert client.get(answer.headers["Location"]).json()["status"] == "PENDING"

    confirmed = _act(client, booking, "confirm", {"note": "A cough"})
    assert confirmed.status_code == 200
    assert confirmed.json()["status"] == "CONFIRMED"
    assert confirmed.json()["note"] == "A cough"
    visit = client.get(f"/api/appointments/{confirmed.json()['appointment_id']}").json()
    assert (visit["status"], visit["booking_id"]) == ("scheduled", booking["id"])


def test_a_confirmation_that_is_sent_again_is_harmless(client, practice, ada):
    booking = _hold(client, practice, 0, ada).json()

    answers = [_act(client, booking, "confirm") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["appointment_id"] == answers[1].json()["appointment_id"]


def test_who_comes_too_late_is_told_which_slots_are_free(client, practice, ada, grace):
    first = _hold(client, practice, 0, ada).json()

    lost = _problem(_hold(client, practice, 0, grace), 409, "Slot already booked")

    assert _timestamp(lost["free_at"]) == _timestamp(first["expires_at"])
    others = [slot["id"] for slot in lost["next_free"]]
    assert others == [str(slot_id) for slot_id in practice.slot_ids[1:6]]
    assert practice.statuses(0) == ["failed", "pending"]


def test_of_twenty_who_ask_at_once_one_gets_the_slot(
    application, client, practice, ada
):
    def ask(_):
        with closing(Client(application.app, application.tokens[Role.STAFF])) as racer:
            return _hold(racer, practice, 0, ada)

    with ThreadPoolExecutor(RACERS) as pool:
        answers = list(pool.map(ask, range(RACERS)))

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] + [409] * (RACERS - 1)
    assert practice.statuses(0) == ["failed"] * (RACERS - 1) + ["pending"]


@pytest.mark.parametrize("prefix", ["", "The visit of Monday "], ids=["id", "words"])
def test_the_same_key_finds_what_it_made_and_holds_nothing_twice(
    client, practice, ada, prefix
):
    headers = {"Idempotency-Key": f"{prefix}{uuid4()}"}

    answers = [_hold(client, practice, 0, ada, **headers) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert practice.statuses(0) == ["pending"]


def test_a_key_is_good_for_one_wish_and_only_its_callers(
    client, as_role, practice, ada
):
    headers = {"Idempotency-Key": uuid4().hex}
    _hold(client, practice, 0, ada, **headers)

    _problem(_hold(client, practice, 1, ada, **headers), 409, "key")
    clinician = as_role(Role.CLINICIAN)
    others = clinician.post("/api/v1/patients", ADA).json()
    answer = _hold(clinician, practice, 2, others, **headers)
    assert answer.status_code == 201


def test_a_key_of_a_hold_is_not_good_for_a_move_to_the_same_slot(client, practice, ada):
    headers = {"Idempotency-Key": uuid4().hex}
    visit = _hold(client, practice, 1, ada).json()
    _act(client, visit, "confirm")
    _hold(client, practice, 0, ada, **headers)

    wish = practice.wish(0, ada["uuid"]) | {"replaces_id": visit["id"]}
    answer = client.post("/api/bookings", wish, headers=headers)

    _problem(answer, 409, "key")


def test_a_key_too_long_is_refused(client, practice, ada):
    headers = {"Idempotency-Key": "x" * 256}

    _problem(_hold(client, practice, 0, ada, **headers), 400, "255")


def test_a_hold_that_ran_out_is_gone_and_its_slot_free(client, practice, ada, grace):
    headers = {"Idempotency-Key": uuid4().hex}
    booking = _hold(client, practice, 0, ada, **headers).json()
    practice.let_pass(booking["id"], 120.1)

    assert client.get(f"/api/bookings/{booking['id']}").json()["status"] == "EXPIRED"
    _problem(_act(client, booking, "confirm"), 410, "has expired")
    _problem(_act(client, booking, "renew"), 410)
    _problem(_hold(client, practice, 0, ada, **headers), 410)
    assert _hold(client, practice, 0, grace).status_code == 201


def test_a_hold_lasts_until_its_last_moment(client, practice, ada):
    booking = _hold(client, practice, 0, ada).json()
    practice.let_pass(booking["id"], 110)

    assert _act(client, booking, "confirm").status_code == 200


def test_a_hold_is_renewed_once(client, practice, ada):
    booking = _hold(client, practice, 0, ada).json()

    renewed = _act(client, booking, "renew").json()

    assert _timestamp(renewed["expires_at"]) > _timestamp(booking["expires_at"])
    assert renewed["renewals"] == 1
    _problem(_act(client, booking, "renew"), 409, "once")
    anyway = {"override_reason": "The interpreter is late"}
    assert _act(client, booking, "renew", anyway).status_code == 200


def test_what_is_given_back_is_free_at_once(client, practice, ada, grace):
    held = _hold(client, practice, 0, ada).json()
    assert _act(client, held, "cancel").json()["status"] == "CANCELLED"
    assert _hold(client, practice, 0, grace).status_code == 201

    visit = _hold(client, practice, 1, ada).json()
    _act(client, visit, "confirm")
    cancelled = _act(client, visit, "cancel", {"reason": "Away"})
    assert cancelled.json()["status"] == "CANCELLED"
    assert _hold(client, practice, 1, grace).status_code == 201


def test_leaving_the_page_gives_back_a_hold_but_no_visit(client, practice, ada, grace):
    held = _hold(client, practice, 0, ada).json()
    left = client.ask("POST", f"/api/bookings/{held['id']}/release")
    assert (left.status_code, left.content) == (204, b"")
    assert _hold(client, practice, 0, grace).status_code == 201

    visit = _hold(client, practice, 1, ada).json()
    _act(client, visit, "confirm")
    client.ask("POST", f"/api/bookings/{visit['id']}/release")
    kept = client.get(f"/api/bookings/{visit['id']}").json()
    assert kept["status"] == "CONFIRMED"


def test_a_patient_books_for_themselves_and_for_nobody_else(as_role, practice, ada):
    patient = as_role(Role.PATIENT)

    own = patient.post("/api/bookings", practice.wish(0))
    assert own.status_code == 201
    assert own.json()["patient_id"] != ada["uuid"]
    _problem(patient.post("/api/bookings", practice.wish(1, ada["uuid"])), 404)
    patient.post(f"/api/bookings/{own.json()['id']}/cancel")


def test_a_patient_is_not_told_of_others_bookings(client, as_role, practice, ada):
    booking = _hold(client, practice, 0, ada).json()
    patient = as_role(Role.PATIENT)

    _problem(patient.get(f"/api/bookings/{booking['id']}"), 404)
    for action in ("confirm", "cancel", "renew", "release"):
        _problem(_act(patient, booking, action), 404)


def test_nobody_is_in_two_places_at_once_unless_staff_say_why(
    application, client, practice, ada
):
    elsewhere = Practice.open(application.database)
    _hold(client, practice, 0, ada)

    _problem(_hold(client, elsewhere, 0, ada), 409, "another visit")
    reason = {"override_reason": "Two doctors see her together"}
    wish = elsewhere.wish(0, ada["uuid"], **reason)
    assert client.post("/api/bookings", wish).status_code == 201


def test_a_visit_is_moved_by_holding_what_replaces_it(client, practice, ada, grace):
    before = _hold(client, practice, 0, ada).json()
    _act(client, before, "confirm")
    wish = practice.wish(1, ada["uuid"], replaces_id=before["id"])
    after = client.post("/api/bookings", wish).json()

    assert _act(client, after, "confirm").json()["status"] == "CONFIRMED"

    replaced = client.get(f"/api/bookings/{before['id']}").json()
    assert replaced["status"] == "CANCELLED"
    assert _hold(client, practice, 0, grace).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"slot_id": "x"}, 400),
        ({"slot_id": str(UUID(int=1)), "colour": "red"}, 400),
        ({"slot_id": str(UUID(int=1))}, 400),
        ({"slot_id": str(UUID(int=1)), "patient_id": str(UUID(int=1))}, 404),
    ],
    ids=["nothing", "no-id", "unknown-field", "for-nobody", "no-slot"],
)
def test_a_wish_that_cannot_be_met_is_refused(client, body, status):
    _problem(client.post("/api/bookings", body), status)


def test_a_page_elsewhere_cannot_book_with_somebodys_cookie(application, practice, ada):
    # The gate names who is signed in; a stranger's page cannot influence that.
    headers = {"Origin": "https://evil.example", "Cookie": "_streamlit_user=x"}
    with closing(Client(application.app)) as browser:
        answer = browser.post("/api/bookings", practice.wish(0), headers=headers)

    assert answer.status_code in {401, 403}
    assert practice.statuses(0) == []


def _timestamp(text: str) -> datetime:
    return datetime.fromisoformat(text)
