"""A client that sends too much, or anything unwanted, gets a reason, no lost line."""

import http.client
import json
import socket
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from anyio.from_thread import start_blocking_portal

from dashboard.web.gate.unread_bodies import UnreadBodies
from services.core.actors import Role
from tests.dashboard.conftest import Server
from tests.dashboard.page import cookies_of

UPLOAD = "/api/documents/upload"
MEGABYTE = 1_000_000
HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
TOO_LARGE = HEAD + b"%PDF-1.7\n" + b"x" * 60 * MEGABYTE + b"\r\n--x--\r\n"
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
# As Python's urllib does: it writes everything before it reads.
CLOSING = FORM | {"Connection": "close"}


def connect(server: Server) -> "closing[http.client.HTTPConnection]":
    parts = urlsplit(server.url)
    return closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=60))


@pytest.fixture(scope="module")
def clerk(server: Server):
    with server.signed_in(Role.STAFF) as browser:
        cookies = cookies_of(browser)
        yield {"Cookie": cookies, "Origin": server.url}


def test_a_file_that_is_too_large_is_refused_in_words(server: Server, clerk):
    with connect(server) as line:
        line.request("POST", UPLOAD, TOO_LARGE, CLOSING | clerk)
        answer = line.getresponse()

        assert answer.status == 413
        assert json.load(answer)["error"] == "File size exceeds 50MB limit"


@pytest.mark.parametrize(
    ("path", "status"), [(UPLOAD, 401), ("/api/v1/patients", 401), ("/nowhere", 401)]
)
def test_a_stranger_who_sends_a_lot_hears_that_nobody_knows_them(
    server: Server, path: str, status: int
):
    with connect(server) as line:
        line.request("POST", path, TOO_LARGE, CLOSING)

        assert line.getresponse().status == status


def test_after_a_refusal_the_connection_is_as_good_as_before(server: Server):
    with connect(server) as line:
        line.request("POST", UPLOAD, b"x" * MEGABYTE, FORM)
        refused = line.getresponse()
        refused.read()
        line.request("GET", "/health")

        assert refused.status == 401
        assert line.getresponse().status == 200


def test_who_asks_before_sending_is_answered_without_being_asked_to_send(
    server: Server,
):
    parts = urlsplit(server.url)
    head = (
        f"POST {UPLOAD} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {MEGABYTE}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as line:
        line.sendall(head.encode())
        said = b"".join(iter(lambda: line.recv(4096), b""))

    assert said.startswith(b"HTTP/1.1 401")


class Sender:
    """A client that sends without end; counts how much was accepted."""

    def __init__(self) -> None:
        self.taken = 0
        self.taken_when_answered = 0
        self.heard: list[dict] = []

    async def receive(self):
        self.taken += MEGABYTE
        return {"type": "http.request", "body": b"x" * MEGABYTE, "more_body": True}

    async def hear(self, message):
        if not self.heard:
            self.taken_when_answered = self.taken
        self.heard.append(message)


async def refuse(scope, receive, send):
    await send({"type": "http.response.start", "status": 401, "headers": []})
    await send({"type": "http.response.body", "body": b"No."})


def test_who_never_stops_is_not_listened_to_for_ever():
    sender = Sender()
    app = UnreadBodies(refuse, most_bytes=5 * MEGABYTE)
    scope = {"type": "http", "headers": [(b"transfer-encoding", b"chunked")]}

    with start_blocking_portal() as portal:
        portal.call(app, scope, sender.receive, sender.hear)

    assert sender.taken == 5 * MEGABYTE
    start, *pieces = sender.heard
    assert (b"connection", b"close") in start["headers"]
    assert b"".join(piece.get("body", b"") for piece in pieces) == b"No."
    assert not pieces[-1].get("more_body", False)


@pytest.mark.parametrize(("answers_first", "taken"), [(True, 0), (False, 5 * MEGABYTE)])
def test_a_front_is_answered_when_all_was_read_and_others_before(
    answers_first: bool, taken: int
):
    sender = Sender()
    app = UnreadBodies(refuse, answers_first=answers_first, most_bytes=5 * MEGABYTE)
    scope = {"type": "http", "headers": [(b"transfer-encoding", b"chunked")]}

    with start_blocking_portal() as portal:
        portal.call(app, scope, sender.receive, sender.hear)

    assert (sender.taken_when_answered, sender.taken) == (taken, 5 * MEGABYTE)
