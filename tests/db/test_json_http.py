"""A request over HTTP is answered in time, or fails in time."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from db import json_http

_ANSWERS = {"/json": b'{"is": [1, 2]}', "/sentence": b"switchover failed \xff"}


class Server(ThreadingHTTPServer):
    """Keeps connections open, and records which of them the client closed."""

    daemon_threads = True
    timeout = 5.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.received: dict[str, Any] = {}
        self.was_left = Event()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def handle(self) -> None:
        super().handle()
        self.server.was_left.set()

    def do_GET(self) -> None:
        self.server.received = dict(self.headers)
        self._answer(200, _ANSWERS[self.path])

    def do_POST(self) -> None:
        self.server.received = dict(self.headers)
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200 if json.loads(content) else 409, content)

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that keeps connections open."""
    with Server() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/json", {"is": [1, 2]}),
        ("/sentence", "switchover failed \N{REPLACEMENT CHARACTER}"),
    ],
)
def test_an_answer_is_json_or_a_sentence(server: Server, path: str, body: object):
    assert json_http.ask("GET", server.url + path) == json_http.JsonAnswer(200, body)


@pytest.mark.parametrize(("body", "is_ok"), [({"a": 1}, True), ({}, False)])
def test_a_body_is_told_even_an_empty_one(server: Server, body: object, is_ok: bool):
    answer = json_http.ask("POST", server.url, body=body, login=("ada", "secret"))

    assert answer is not None
    assert (answer.is_ok, answer.body) == (is_ok, body)
    assert server.received["Content-Type"] == "application/json"
    assert server.received["Authorization"] == "Basic YWRhOnNlY3JldA=="


def test_a_connection_is_not_kept(server: Server):
    json_http.ask("GET", f"{server.url}/json")

    assert server.was_left.wait(5)


def test_no_proxy_of_the_environment_comes_between(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    json_http._transport.cache_clear()

    assert json_http.ask("GET", f"{server.url}/json") is not None


def test_a_server_that_hangs_is_given_up_and_keeps_nobody_else_waiting(
    server: Server,
):
    # It accepts connections and never answers.
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        hanging = f"http://127.0.0.1:{listening.getsockname()[1]}"
        ask = partial(json_http.ask, "GET", hanging, timeout_seconds=60)
        waiting = [Thread(target=ask, daemon=True) for _ in range(120)]
        for thread in waiting:
            thread.start()

        assert json_http.ask("GET", hanging, timeout_seconds=0.2) is None
        assert json_http.ask("GET", f"{server.url}/json") is not None
        assert all(thread.is_alive() for thread in waiting)
    for thread in waiting:
        thread.join()


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1", "127.0.0.1:1", "", "http://[", "http://nowhere.invalid"],
)
def test_where_nobody_is_nobody_answers(url: str):
    assert json_http.ask("GET", url) is None


def test_who_speaks_no_http_does_not_answer():
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"

        def mumble() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"220 mail at your service\r\n\r\n")

        Thread(target=mumble, daemon=True).start()

        assert json_http.ask("GET", url) is None
