"""Each token has a limit of calls a minute; a refusal says when to try again."""

from contextlib import closing, suppress
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import select

from api.application import create_api
from api.core.dependencies import Stores
from db.models.audit import AuditEvent
from db.mongo.limit_storage import LimitStorage
from db.postgres import SYSTEM
from services.core import throttling
from services.core.actors import Role
from services.core.throttling import CallLimits, Limit, LimitReached, Throttle
from tests.api.conftest import Client

PATH = "/api/v1/patients"
CALLS = 3


@pytest.fixture
def strict(application, addresses, module_files, module_log, papers):
    """The API with a limit of three calls a minute, none of which is used up."""
    storage = LimitStorage(addresses.mongo.url)
    limits = CallLimits(Throttle(storage, key=uuid4().hex), CALLS)
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    given = (application.database, module_files, module_log, limits, papers)
    api = create_api(Stores(*given, monitor=None, runner=None, now=lambda: now))
    clients: list[Client] = []

    def make(token: str, **options: str) -> Client:
        clients.append(Client(api, token, **options))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
    storage.close()


def _limit_events(application) -> list[AuditEvent]:
    def find(session):
        reached = AuditEvent.action == "limit:reach"
        return list(
            session.scalars(
                select(AuditEvent).where(reached).order_by(AuditEvent.position)
            )
        )

    return application.database.write(find, identity=SYSTEM).value


def test_beyond_the_limit_a_call_is_refused_until_its_time(strict, application):
    client = strict(application.tokens[Role.STAFF])
    passed = [client.get(PATH).status_code for _ in range(CALLS)]

    refused = [client.get(PATH) for _ in range(2)]

    assert passed == [200] * CALLS
    assert [answer.status_code for answer in refused] == [429] * 2
    problem = refused[0].json()
    assert refused[0].headers["content-type"] == "application/problem+json"
    assert (problem["title"], problem["status"]) == ("Too Many Requests", 429)
    assert "Too many attempts." in problem["detail"]
    assert 1 <= int(refused[0].headers["retry-after"]) <= 60


def test_each_token_counts_for_itself(strict, application):
    for role in (Role.CLINICIAN, Role.ANALYST):
        client = strict(application.tokens[role])
        assert [client.get(PATH).status_code for _ in range(CALLS)] == [200] * CALLS


def test_the_register_tells_it_in_its_own_envelope(strict, application):
    client = strict(application.tokens[Role.CLINICIAN])
    for _ in range(CALLS):
        client.get(PATH)

    refused = client.get("/patient-register")

    assert refused.status_code == 429
    assert refused.json()["code"] == 429


def test_a_flood_is_written_down_once(strict, application):
    client = strict(application.tokens[Role.PATIENT])
    before = {event.id for event in _limit_events(application)}
    for _ in range(CALLS + 5):
        client.get(PATH)

    (event,) = [event for event in _limit_events(application) if event.id not in before]
    assert (event.outcome, event.actor_role) == ("refused", "patient")
    assert event.details == {"limit": "api-calls"}


def test_guessing_tokens_has_a_limit_too(strict, monkeypatch):
    limit = Limit(f"unknown-{uuid4().hex}", 2, 60)
    monkeypatch.setattr(throttling, "UNKNOWN_TOKENS", limit)
    client = strict("x" * 43)

    answers = [client.get(PATH).status_code for _ in range(4)]

    assert answers == [401, 401, 429, 429]


def test_whoever_guesses_from_many_addresses_of_a_network_has_one_limit(
    strict, monkeypatch
):
    """A network of IPv6 has more addresses than anybody could count separately."""
    limit = Limit(f"unknown-{uuid4().hex}", 2, 60)
    monkeypatch.setattr(throttling, "UNKNOWN_TOKENS", limit)
    own = [strict("x" * 43, address=f"2001:db8:7:7::{n}") for n in range(1, 5)]
    elsewhere = strict("x" * 43, address="2001:db8:7:8::1")

    answers = [client.get(PATH).status_code for client in own]

    assert answers == [401, 401, 429, 429]
    assert elsewhere.get(PATH).status_code == 401


class Telling(LimitStorage):
    """Remembers the amounts that it was asked to count."""

    def __init__(self, url):
        super().__init__(url)
        self.amounts = []

    def hit(self, item, key, amount=1):
        self.amounts.append(amount)
        return super().hit(item, key, amount)


class Clock:
    """Stands still until it is moved."""

    seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def telling(addresses):
    with closing(Telling(addresses.mongo.url)) as storage:
        yield storage


def count(limits, token, calls):
    """Return how many of the calls were let through."""
    passed = 0
    for _ in range(calls):
        with suppress(LimitReached):
            limits.count_call(token)
            passed += 1
    return passed


def test_many_calls_are_told_a_hundredth_of_the_limit_at_a_time(telling):
    limits = CallLimits(Throttle(telling, key=uuid4().hex), 500, clock=Clock())

    count(limits, uuid4(), 13)

    # The first one at once, then five are counted here before they are stored.
    assert telling.amounts == [1, 6, 6]


def test_what_is_left_to_tell_is_told_after_a_second(telling):
    clock = Clock()
    limits = CallLimits(Throttle(telling, key=uuid4().hex), 500, clock=clock)
    token = uuid4()
    count(limits, token, 3)

    clock.seconds += 1
    count(limits, token, 1)

    assert telling.amounts == [1, 3]


def test_processes_together_let_a_hundredth_more_through_each(telling):
    throttle, token = Throttle(telling, key=uuid4().hex), uuid4()
    ours, others = (CallLimits(throttle, 200, clock=Clock()) for _ in range(2))

    passed = sum(
        count(limits, token, 10) for _ in range(15) for limits in (ours, others)
    )

    assert 200 <= passed <= 200 + 2 * 2


def test_who_has_reached_the_limit_is_told_with_each_call(telling):
    limits = CallLimits(Throttle(telling, key=uuid4().hex), 200, clock=Clock())
    token = uuid4()
    count(limits, token, 250)

    assert count(limits, token, 20) == 0
