"""/api/public, where a clinic lets people book who are not patients yet."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from api.core.dependencies import PublicBooking
from db.postgres import SYSTEM
from services.core.throttling import CODES_PER_ADDRESS, Limit
from services.people.sign_in.codes import CodeRequest
from services.visits.newcomers import limits
from tests.api.conftest import NEWEST, Client
from tests.kit import cast
from tests.services.visits import visit_samples

SENT: list[tuple[str, str]] = []
NAME, KEY = "Nora Newman", "k" * 64


@pytest.fixture(scope="module")
def papers(papers):
    """What documents need, where everybody may book; codes are sent to a list."""
    offer = PublicBooking(KEY, lambda code, email: SENT.append((code, email)))
    return replace(papers, visits=replace(papers.visits, public=offer))


@pytest.fixture
def visitor(application):
    """A client of somebody unknown, from a network of their own."""
    client = Client(application.app, address=f"198.51.100.{uuid4().int % 250}")
    yield client
    client.close()


@pytest.fixture
def slot(application):
    return _slot(application)


@pytest.fixture
def email():
    return f"{uuid4().hex}@example.org"


def _slot(application, doctor_id=None, minutes=0):
    begins = datetime.now(UTC) + timedelta(days=2, minutes=minutes)

    def make(session):
        doctor = doctor_id or cast.add_doctor(session).id
        return doctor, visit_samples.slot(session, doctor, begins)

    return application.database.write(make, identity=SYSTEM).value


def _ask(visitor, slot, email, **options):
    body = {"slot_id": str(slot[1]), "patient_name": NAME, "patient_email": email}
    return visitor.post("/api/public/bookings", body, **options)


def _confirm(visitor, booking, code):
    path = f"/api/public/bookings/{booking['id']}/confirm"
    return visitor.post(path, {"code": code})


def test_a_code_by_email_makes_a_booking_firm(visitor, slot, email):
    answer = _ask(visitor, slot, email)

    booking = answer.json()
    assert (answer.status_code, booking["status"]) == (201, "PENDING")
    (code, address) = SENT[-1]
    assert address == email
    confirmed = _confirm(visitor, booking, code)
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "CONFIRMED")
    stands = visitor.get(answer.headers["Location"]).json()
    assert stands["status"] == "CONFIRMED"


def test_nothing_that_is_answered_names_anybody(visitor, slot, email):
    answer = _ask(visitor, slot, email)

    texts = answer.text + visitor.get(answer.headers["Location"]).text
    assert NAME not in texts
    assert email not in texts
    assert SENT[-1][0] not in texts


def test_who_is_a_patient_is_answered_like_anybody(visitor, application, email, client):
    client.post("/api/v1/patients", cast.body_of(cast.ADA) | {"email": email})
    slot, other = _slot(application), _slot(application)

    known = _ask(visitor, slot, email)
    unknown = _ask(visitor, other, f"other-{email}")

    assert known.status_code == unknown.status_code == 201
    assert known.json().keys() == unknown.json().keys()
    assert [address for _, address in SENT[-2:]] == [email, f"other-{email}"]


def test_a_wrong_code_says_how_many_tries_are_left(visitor, slot, email):
    booking = _ask(visitor, slot, email).json()
    right = SENT[-1][0]
    wrong = f"{(int(right) + 1) % 1_000_000:06}"

    answer = _confirm(visitor, booking, wrong)

    assert (answer.status_code, answer.json()["property"]) == (400, "code")
    assert "4 tries left" in answer.json()["detail"]


def test_after_the_last_try_the_booking_has_failed(visitor, slot, email):
    booking = _ask(visitor, slot, email).json()
    wrong = f"{(int(SENT[-1][0]) + 1) % 1_000_000:06}"
    for _ in range(5):
        _confirm(visitor, booking, wrong)

    assert _confirm(visitor, booking, SENT[-1][0]).status_code == 410
    stands = visitor.get(f"/api/public/bookings/{booking['id']}").json()
    assert stands["status"] == "FAILED"


def test_the_same_key_is_one_booking_and_one_code(visitor, slot, email):
    header = {"Idempotency-Key": uuid4().hex}
    first = _ask(visitor, slot, email, headers=header)
    sent = len(SENT)

    again = _ask(visitor, slot, email, headers=header)

    assert (again.status_code, again.json()) == (201, first.json())
    assert len(SENT) == sent


def test_a_key_of_another_wish_is_refused(visitor, application, slot, email):
    header = {"Idempotency-Key": uuid4().hex}
    _ask(visitor, slot, email, headers=header)

    other = _ask(visitor, _slot(application), email, headers=header)

    assert other.status_code == 409


def test_who_is_too_late_is_told_what_is_free(visitor, application, slot, email):
    free = _slot(application, slot[0], minutes=30)
    _ask(visitor, slot, email)
    sent = len(SENT)

    late = _ask(visitor, slot, f"late-{email}")

    assert (late.status_code, late.json()["error"]) == (409, "Slot already booked")
    assert [free_slot["id"] for free_slot in late.json()["next_free"]] == [str(free[1])]
    assert len(SENT) == sent


def test_free_times_are_listed_without_anybodys(visitor, application, slot, email):
    free = _slot(application, slot[0], minutes=30)
    _ask(visitor, slot, email)

    path = f"/api/public/doctors/{slot[0]}/slots"
    listed = visitor.get(path, headers=NEWEST).json()["slots"]

    assert [
        (free_slot["id"], free_slot["duration_minutes"]) for free_slot in listed
    ] == [(str(free[1]), 20)]


def test_doctors_are_listed_by_name_and_specialization_only(visitor, slot):
    listed = visitor.get("/api/public/doctors", headers=NEWEST).json()["doctors"]

    assert str(slot[0]) in {doctor["id"] for doctor in listed}
    assert all(doctor.keys() == {"id", "name", "specialization"} for doctor in listed)


def test_whoever_says_what_they_have_seen_is_answered_by_who_knows_it(
    visitor, application
):
    leader = application.database.read_newest(lambda _: None, identity=SYSTEM).served

    for _ in range(5):
        answer = visitor.get("/api/public/doctors", headers=NEWEST)
        assert answer.headers["X-Chartroom-Node"] == leader.node
        assert answer.headers["X-Chartroom-LSN"] == NEWEST["X-Chartroom-LSN"]


@pytest.mark.parametrize("field", ["patient_name", "patient_email"])
def test_a_wrong_field_is_named(visitor, slot, email, field):
    body = {"slot_id": str(slot[1]), "patient_name": NAME, "patient_email": email}

    answer = visitor.post("/api/public/bookings", body | {field: ""})

    assert (answer.status_code, answer.json()["property"]) == (400, field)


def test_a_network_holds_so_many_times_and_no_more(
    visitor, application, email, monkeypatch
):
    monkeypatch.setattr(limits, "HOLDS_PER_NETWORK", Limit(uuid4().hex, 1, 60))
    _ask(visitor, _slot(application), email)

    answer = _ask(visitor, _slot(application), f"another-{email}")

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_all_addresses_of_a_network_hold_so_many_times_together(
    application, email, monkeypatch
):
    """A network of IPv6 has more addresses than anybody could count separately."""
    monkeypatch.setattr(limits, "HOLDS_PER_NETWORK", Limit(uuid4().hex, 1, 60))
    network = f"2001:db8:{uuid4().int % 0xFFFF:x}:7"
    with (
        closing(Client(application.app, address=f"{network}::1")) as first,
        closing(Client(application.app, address=f"{network}::2")) as second,
    ):
        _ask(first, _slot(application), email)

        answer = _ask(second, _slot(application), f"another-{email}")

    assert answer.status_code == 429


def test_an_address_is_sent_five_codes_and_no_more(visitor, application, email):
    for _ in range(5):
        assert _ask(visitor, _slot(application), email).status_code == 201

    assert _ask(visitor, _slot(application), email.upper()).status_code == 429


@pytest.mark.parametrize("domain", ["example.org", "ｅｘａｍｐｌｅ.org"])
def test_codes_for_sign_ins_to_an_address_count_as_well(
    visitor, application, slot, email, domain
):
    throttle, limit = application.limits.throttle, CODES_PER_ADDRESS
    address = CodeRequest(email, browser="", key=KEY).address
    throttle.take(limit, address, amount=limit.amount)

    answer = _ask(visitor, slot, email.replace("example.org", domain))

    assert answer.status_code == 429


def test_a_booking_that_nobody_made_is_not_found(visitor):
    path = f"/api/public/bookings/{uuid4()}"

    assert visitor.get(path).status_code == 404
    assert visitor.post(f"{path}/confirm", {"code": "123456"}).status_code == 404
