"""Clients that send slowly, and a lot at once, keep nobody else waiting."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from db.endpoints import Endpoints
from services.core.actors import Role
from tests.dashboard.conftest import Server
from tests.dashboard.page import cookies_of, open_page
from tests.dashboard.whole_site import whole_site
from tests.kit import cast

LINES = 200
MANY = 10_000
VIEWS = f"""
    WITH owner AS (SELECT id FROM users WHERE email = %s), kept AS (
        INSERT INTO stored_criteria (key, subject, criteria, digest, created_by)
        SELECT 'many', 'patients', '{{}}', 'many', id FROM owner RETURNING key)
    INSERT INTO saved_views (owner_id, subject, name, criteria_key)
    SELECT id, 'patients', 'View ' || number, key
    FROM kept, owner, generate_series(1, {MANY}) AS number
"""
HEADERS = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
_BODY = "Host: 127.0.0.1\r\nContent-Length: 1000000\r\nContent-Type: {}\r\n"
FORM = _BODY.format("application/x-www-form-urlencoded")
FILE = _BODY.format("multipart/form-data; boundary=x")


def _body_of(path: str, headers: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\n{headers}\r\n--x".encode()


@pytest.fixture(
    params=[
        HEADERS,
        _body_of("/sign-in", FORM),
        _body_of("/api/v1/patients", _BODY.format("application/json")),
        _body_of("/api/documents/upload", FILE),
    ],
    ids=["headers", "a form", "a call", "an upload"],
)
def begun(request: pytest.FixtureRequest, server: Server) -> Iterator[None]:
    """Two hundred unfinished requests of somebody signed in."""
    with ExitStack() as held, server.signed_in(Role.PATIENT) as browser:
        cookies = cookies_of(browser)
        who = f"Cookie: {cookies}\r\nOrigin: {server.url}\r\nX-Slow: ".encode()
        for _ in range(LINES):
            line = socket.create_connection(("127.0.0.1", server.port))
            held.callback(line.close)
            line.sendall(request.param.replace(b"Host:", who + b"\r\nHost:"))
        yield


@pytest.mark.usefixtures("begun")
def test_everybody_else_signs_in_and_opens_pages(server: Server):
    with server.signed_in(Role.STAFF) as browser:
        cookies = cookies_of(browser)
        shown = open_page(server.url, cookies=cookies, origin=server.url)

        assert browser.get("/").status_code == 200
        assert shown.is_whole


def test_ten_thousand_saved_views_of_one_keep_nobody_else_waiting(
    module_endpoints: Endpoints, tmp_path: Path
):
    with (
        whole_site(module_endpoints, tmp_path) as site,
        site.signed_in(Role.STAFF) as rosa,
        site.signed_in(Role.PATIENT) as maya,
        ThreadPoolExecutor() as aside,
    ):
        site.run_sql(VIEWS, cast.DEMO[Role.STAFF].email)
        drawn = aside.submit(rosa.forge, [], page_hash=rosa.shown.pages["views"])
        # Her page takes seconds to draw.
        maya.run()
        was_first = not drawn.done()
        drawn.result()

        assert was_first
        assert maya.shows_all
        assert rosa.shows_all
        assert len(rosa.shown.widgets) > MANY
