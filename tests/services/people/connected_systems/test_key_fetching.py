"""Keys are fetched from where they may be, and from nowhere else."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from services.people.connected_systems import KeysUnavailable, SystemKeys
from services.people.connected_systems.key_fetching import (
    fetch_keys,
    is_public,
    resolve,
)
from services.people.connected_systems.records import KeySource
from tests.browser.running import free_port
from tests.kit.backend_services import ec_key, jwks_of, rsa_key
from tests.kit.waiting import eventually

HERE = ("localhost",)


@contextmanager
def _serving(answer: Callable[[Request], Response]) -> Iterator[str]:
    port = free_port()
    app = Starlette(routes=[Route("/{path:path}", answer)])
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started, seconds=20)
        yield f"http://localhost:{port}/jwks"
    finally:
        server.should_exit = True
        thread.join(20)


class Publisher:
    """A host that publishes keys, and remembers the requests."""

    def __init__(self) -> None:
        self.keys: list[Any] = [rsa_key()]
        self.status = 200
        self.requests: list[Request] = []

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(jwks_of(*self.keys), self.status)


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


@pytest.fixture
def url(publisher: Publisher) -> Iterator[str]:
    with _serving(publisher.answer) as url:
        yield url


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "0.1.2.3", "224.0.0.1", "255.255.255.255", "192.0.2.1"),
        *("::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1"),
        *("::ffff:127.0.0.1", "2002:0a00:0001::1", "64:ff9b::a00:1", "2001:db8::1"),
    ],
)
def test_a_private_address_is_never_asked(address):
    assert not is_public(ip_address(address))

    with pytest.raises(KeysUnavailable, match="private network"):
        fetch_keys(
            "https://rebound.example/jwks",
            (),
            most=100,
            # One of them is public; the other could be the one that is connected to.
            resolve=lambda *_: [ip_address("93.184.216.34"), ip_address(address)],
        )


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
def test_an_address_in_the_world_is_public(address):
    assert is_public(ip_address(address))


def test_a_name_that_leads_here_is_refused_unless_the_clinic_names_it(url):
    with pytest.raises(KeysUnavailable, match="not fetched by http"):
        fetch_keys(url, (), most=10_000)
    with pytest.raises(KeysUnavailable, match="private network"):
        fetch_keys(url.replace("http:", "https:"), (), most=10_000)

    assert b'"keys"' in fetch_keys(url, HERE, most=10_000)


def test_the_name_is_looked_up_once_and_told_to_the_host(url, publisher):
    looked_up = []

    def look(host, port):
        looked_up.append(host)
        return resolve(host, port)

    fetch_keys(url, HERE, most=10_000, resolve=look)

    assert looked_up == ["localhost"]
    [request] = publisher.requests
    assert request.headers["host"] == url.split("/")[2]


def test_what_is_too_long_is_not_read_to_its_end():
    def endless(_: Request) -> Response:
        def pieces():
            while True:
                yield b"x" * 1000

        return StreamingResponse(pieces())

    with (
        _serving(endless) as url,
        pytest.raises(KeysUnavailable, match="too long"),
    ):
        fetch_keys(url, HERE, most=5000)


def test_a_redirect_is_not_followed():
    paths = []

    def elsewhere(request: Request) -> Response:
        paths.append(request.url.path)
        return RedirectResponse("/other")

    with (
        _serving(elsewhere) as url,
        pytest.raises(KeysUnavailable, match="another status"),
    ):
        fetch_keys(url, HERE, most=5000)
    assert paths == ["/jwks"]


def test_a_host_that_nobody_has_or_that_is_silent_is_told_apart():
    with pytest.raises(KeysUnavailable, match="no address"):
        fetch_keys("https://nobody.invalid/jwks", (), most=100)
    with pytest.raises(KeysUnavailable, match="does not answer"):
        fetch_keys(f"http://localhost:{free_port()}/jwks", HERE, most=100)


def test_keys_are_kept_for_five_minutes_and_then_fetched_again(url, publisher):
    clock = [0.0]
    keys = SystemKeys(HERE, clock=lambda: clock[0])
    source = KeySource(url, None)

    for _ in range(3):
        assert keys.find(source, "first").algorithm == "RS384"
    assert len(publisher.requests) == 1

    publisher.keys = [ec_key()]
    clock[0] = 299.0
    assert keys.find(source, "first")
    clock[0] = 301.0
    assert keys.find(source, "first") is None


def test_a_new_key_is_found_at_once_but_not_asked_for_again_and_again(url, publisher):
    clock = [0.0]
    keys = SystemKeys(HERE, clock=lambda: clock[0])
    source = KeySource(url, None)
    assert keys.find(source, "first")

    for _ in range(3):
        assert keys.find(source, "nobodys") is None
    assert len(publisher.requests) == 1

    publisher.keys.append(ec_key())
    clock[0] = 31.0
    assert keys.find(source, "curve").algorithm == "ES384"
    assert len(publisher.requests) == 2


def test_a_host_that_fails_is_left_alone_for_a_while(url, publisher):
    clock = [0.0]
    keys = SystemKeys(HERE, clock=lambda: clock[0])
    source = KeySource(url, None)
    publisher.status = 500

    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            keys.find(source, "first")
    assert len(publisher.requests) == 1

    publisher.status = 200
    clock[0] = 31.0
    assert keys.find(source, "first")


def test_what_is_no_set_of_keys_is_none():
    with (
        _serving(lambda _: Response("<html>")) as page,
        pytest.raises(KeysUnavailable, match="not a JWK set"),
    ):
        SystemKeys(HERE).fetch(page)
