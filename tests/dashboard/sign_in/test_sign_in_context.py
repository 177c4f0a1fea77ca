"""What all sign-in routes share: values in cookies, networks, refusals."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from anyio.from_thread import start_blocking_portal
from httpx import ASGITransport, AsyncClient, Response
from starlette.requests import Request
from starlette.responses import Response as Answer

from api.core.origins import network_of
from dashboard.sign_in import sign_in_context
from dashboard.sign_in.cookies import KnownCookie, SignedCookie
from dashboard.sign_in.limiting import count_request, count_try
from dashboard.sign_in.routing import create_sign_in
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.web.sessions.identity import Identity
from dashboard.web.sessions.live_sessions import LiveSessions
from db.embedded import Addresses
from db.endpoints import Endpoints
from db.mongo.limit_storage import LimitStorage
from db.postgres import Database
from db.settings import Settings
from services.core import throttling
from services.core.throttling import LimitReached, Throttle
from services.people import sessions

KEY = "k" * 32
NOWHERE = Endpoints("postgresql://127.0.0.1:1/none", {}, "mongodb://127.0.0.1:1/", {})


def _request(
    cookies: str = "", *, scheme: str = "http", client: str | None = "192.0.2.7"
) -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": scheme,
            "path": "/sign-in",
            "headers": [(b"cookie", cookies.encode())],
            "client": (client, 1234) if client else None,
        }
    )


def _kept(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def test_behind_tls_a_note_is_for_our_host_and_for_tls_only():
    cookie, answer = SignedCookie("note", KEY, lifetime_seconds=60), Answer()

    cookie.write(_request(scheme="https"), answer, {"a": 1})

    assert answer.headers["set-cookie"].startswith("__Host-note=")
    words = set(answer.headers["set-cookie"].split("; "))
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= words
    assert not any(word.startswith("Domain") for word in words)
    assert cookie.read(_request(_kept(answer), scheme="https")) == {"a": 1}
    assert cookie.read(_request(_kept(answer))) is None


def test_a_note_is_read_by_whoever_wrote_it_only():
    cookie, answer = SignedCookie("note", KEY, lifetime_seconds=60), Answer()
    cookie.write(_request(), answer, {"a": 1})
    kept = _kept(answer)

    others = [
        SignedCookie("note", "x" * 32, lifetime_seconds=60),
        SignedCookie("other", KEY, lifetime_seconds=60),
    ]
    assert cookie.read(_request(kept)) == {"a": 1}
    assert others[0].read(_request(kept)) is None
    assert others[1].read(_request(kept.replace("note=", "other="))) is None


def test_a_note_is_over_in_time(monkeypatch):
    cookie, answer = SignedCookie("note", KEY, lifetime_seconds=60), Answer()
    begun = time.time()

    def read_after(seconds: float) -> dict[str, Any] | None:
        monkeypatch.setattr(time, "time", lambda: begun + seconds)
        return cookie.read(_request(_kept(answer)))

    monkeypatch.setattr(time, "time", lambda: begun)
    cookie.write(_request(), answer, {"a": 1})

    assert read_after(60) == {"a": 1}
    assert read_after(61) is None


def test_a_desks_browser_knows_the_last_few_who_signed_in_there():
    known, cookies = KnownCookie(KEY), ""
    for number in range(10):
        answer = Answer()
        known.add(_request(cookies), answer, f"address-{number}")
        cookies = _kept(answer)

    remembered = [known.knows(_request(cookies), f"address-{n}") for n in range(10)]

    assert remembered == [False] * 2 + [True] * 8


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_limits_count_for_a_household_not_for_each_of_its_addresses(client, network):
    assert network_of(_request(client=client)) == network


@pytest.fixture
def without_databases() -> Iterator[Any]:
    """The routes of a server none of whose databases can be reached."""
    with (
        closing(Database(NOWHERE, retry_seconds=0)) as database,
        closing(LimitStorage(NOWHERE.mongo_url)) as limits,
    ):
        identity = Identity(database, LiveSessions(database, sessions.LIMITS))
        throttle = Throttle(limits, key=KEY)
        settings = Settings(_env_file=None, demo=True)
        given = (settings, database, identity, throttle, KEY)
        with closing(SignInContext.of(*given, files=None)) as context:
            yield create_sign_in(context)


def _ask(app: Any, method: str, path: str, **options: Any) -> Response:
    async def ask() -> Response:
        base = "http://127.0.0.1"
        headers = {"Sec-Fetch-Site": "same-origin"}
        async with AsyncClient(transport=ASGITransport(app), base_url=base) as client:
            return await client.request(method, path, headers=headers, **options)

    with start_blocking_portal() as portal:
        return portal.call(ask)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_database_nobody_gets_in_and_the_page_says_why(
    without_databases, method
):
    data = {"email": "rosa@clinic.test"} if method == "POST" else None

    answer = _ask(without_databases, method, "/sign-in", data=data)

    assert answer.status_code == 503
    assert "Database failover in progress." in answer.text
    assert "set-cookie" not in answer.headers


@dataclass(frozen=True)
class FullDisks:
    """A data folder without space; really full disks are tested in tests/launch."""

    folder: Path

    def full(self):
        return ("the data folder",)


def test_where_a_full_disk_is_why_nobody_gets_in_the_page_says_so(
    without_databases, monkeypatch
):
    monkeypatch.setattr(sign_in_context, "DiskSpace", FullDisks)

    answer = _ask(without_databases, "POST", "/sign-in", data={"email": "r@x.test"})

    assert answer.status_code == 507
    assert "The disk of the data folder is full" in answer.text


@pytest.fixture
def context(addresses: Addresses) -> Iterator[SignInContext]:
    """A context whose limits nobody else uses up."""
    with (
        closing(Database(NOWHERE, retry_seconds=0)) as database,
        closing(LimitStorage(addresses.mongo.url)) as limits,
    ):
        identity = Identity(database, LiveSessions(database, sessions.LIMITS))
        throttle = Throttle(limits, key=uuid4().hex)
        settings = Settings(_env_file=None, demo=True)
        given = (settings, database, identity, throttle, KEY)
        with closing(SignInContext.of(*given, files=None)) as context:
            yield context


@pytest.mark.parametrize(
    ("count", "limit"),
    [
        (count_request, throttling.CODES_PER_ADDRESS),
        (count_try, throttling.TRIES_PER_ADDRESS),
    ],
    ids=["codes", "tries"],
)
def test_many_networks_have_no_more_of_one_address(context, count, limit):
    for number in range(limit.amount):
        count(context, _request(client=f"198.51.100.{number}"), "address")

    with pytest.raises(LimitReached) as refusal:
        count(context, _request(client="203.0.113.1"), "address")

    assert refusal.value.limit == limit
    count(context, _request(client="203.0.113.1"), "another")


@pytest.mark.parametrize(
    "spelt", ["Nora@EXAMPLE.org ", "nora@ｅｘａｍｐｌｅ.org", "nora@example。org"]
)
def test_limits_know_an_address_in_every_spelling(context, spelt):
    assert context.address_of(spelt) == context.address_of("nora@example.org")


@pytest.mark.parametrize(
    ("count", "limit"),
    [
        (count_request, throttling.CODES_PER_NETWORK),
        (count_try, throttling.TRIES_PER_NETWORK),
    ],
    ids=["codes", "tries"],
)
def test_one_network_has_no_more_of_many_addresses(context, count, limit):
    few = replace(limit, amount=4)
    with pytest.MonkeyPatch.context() as patch:
        name = limit.name.upper().replace("-", "_")
        patch.setattr(throttling, name, few)
        for number in range(few.amount):
            count(context, _request(), f"address-{number}")

        with pytest.raises(LimitReached) as refusal:
            count(context, _request(), "another")

    assert refusal.value.limit == few


@pytest.mark.parametrize(
    ("count", "limit"),
    [
        (count_request, throttling.CODES_PER_NETWORK),
        (count_try, throttling.TRIES_PER_NETWORK),
    ],
    ids=["codes", "tries"],
)
def test_a_flood_from_a_network_keeps_out_nobody_who_has_signed_in_there(
    context, monkeypatch, count, limit
):
    few = replace(limit, amount=4)
    monkeypatch.setattr(throttling, limit.name.upper().replace("-", "_"), few)
    answer = Answer()
    context.known.add(_request(), answer, "of-rosa")
    rosas = _request(_kept(answer))
    for number in range(few.amount):
        count(context, _request(), f"address-{number}")

    with pytest.raises(LimitReached):
        count(context, _request(), "of-rosa")

    count(context, rosas, "of-rosa")
    # Her browser does not get anybody else around the limit.
    with pytest.raises(LimitReached):
        count(context, rosas, "of-maya")
