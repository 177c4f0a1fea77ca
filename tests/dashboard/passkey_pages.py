"""What a browser with a passkey device does on our pages, without a browser."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from db.json_http import machine_trust
from services.core.actors import Role
from tests.dashboard.conftest import Server
from tests.kit import cast
from tests.kit.authenticator import Authenticator
from tests.kit.signing_in import sign_in

_OPTIONS = re.compile(r'data-options="([^"]*)"')


def origin_of(server: Server) -> str:
    """Return the server's address by host name: passkeys are bound to no number."""
    return f"http://localhost:{server.port}"


def browser_at(server: Server) -> httpx.Client:
    origin = origin_of(server)
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    return httpx.Client(base_url=origin, headers=headers, verify=machine_trust())


def device_for(server: Server) -> Authenticator:
    return Authenticator(origin_of(server), "localhost")


@contextmanager
def signed_in(server: Server, role: Role) -> Iterator[httpx.Client]:
    with browser_at(server) as browser:
        answer = sign_in(browser, cast.DEMO[role].email)
        assert answer.status_code == 303, answer.text
        yield browser


def options_on(page: httpx.Response) -> str:
    """Return the options that the page passes to the device."""
    match = _OPTIONS.search(page.text)
    assert match, page.text
    return html.unescape(match[1])


def add_passkey(browser: httpx.Client, device: Authenticator, **more) -> httpx.Response:
    made = device.make(options_on(browser.get("/sign-in/passkeys")))
    return browser.post("/sign-in/passkeys", data={"answer": made} | more)


def enter(browser: httpx.Client, device: Authenticator, **more) -> httpx.Response:
    answer = device.use(options_on(browser.get("/sign-in/passkey")))
    return browser.post("/sign-in/passkey", data={"answer": answer} | more)


def confirm(browser: httpx.Client, device: Authenticator, **more) -> httpx.Response:
    answer = device.use(options_on(browser.get("/sign-in/confirm")))
    return browser.post("/sign-in/confirm", data={"answer": answer} | more)
