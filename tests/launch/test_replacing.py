"""A web process that dies or is replaced: its people are served all the same."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from db.endpoints import Endpoints
from tests.browser.running import variables
from tests.kit import cast
from tests.kit.signing_in import sign_in
from tests.kit.waiting import eventually
from tests.launch.fronted import NAMES, browser_at, name_of, needs_caddy
from tests.launch.launcher import ROOT, Launcher, serving

pytestmark = [
    pytest.mark.launch,
    needs_caddy,
]

RESTARTING = 1012
# What a process logs that was told to end and lets somebody finish.
WAITING = "Waiting for connections to close"


@pytest.fixture(scope="module")
def served(
    module_endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Launcher]:
    """Two web processes behind the front."""
    launcher = Launcher(
        tmp_path_factory.mktemp("replacing") / "data", "--empty", "--servers", "2"
    )
    with serving(launcher, **variables(module_endpoints, launcher.data)) as served:
        yield served


@pytest.fixture
def browser(served: Launcher) -> Iterator[httpx.Client]:
    """A browser in which Rosa is signed in."""
    with browser_at(served) as browser:
        assert sign_in(browser, cast.ROSA.email).status_code == 303
        yield browser


@contextmanager
def asking(browser: httpx.Client) -> Iterator[list[int]]:
    """Open a page again and again until the block ends; yield how that went."""
    statuses: list[int] = []
    is_enough = Event()

    def ask() -> None:
        while not is_enough.is_set():
            statuses.append(browser.get("/").status_code)

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        try:
            eventually(lambda: len(statuses) > 5 or asked.done())
            yield statuses
        finally:
            is_enough.set()
    asked.result()


@contextmanager
def replacing(launcher: Launcher) -> Iterator[None]:
    """Have all of it replaced, as administrators do, until the block ends."""
    with ThreadPoolExecutor(1) as pool:
        replaced = pool.submit(reload, launcher.data)
        yield
        assert replaced.result().returncode == 0


def reload(data: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    command = [sys.executable, "-m", "dashboard", "reload", "--data", str(data)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def test_who_was_with_a_process_that_dies_is_with_another_and_no_page_is_lost(
    served: Launcher, browser: httpx.Client
):
    name = name_of(browser)
    dead = served.child(name)

    def is_replaced() -> bool:
        return _number(served, name) not in {dead.pid, None}

    with asking(browser) as statuses:
        dead.kill()
        # On a busy machine the next of the name is there before anybody asks again.
        eventually(lambda: name_of(browser) != name or is_replaced())

    assert set(statuses) == {200}
    eventually(is_replaced)


def test_who_was_with_a_process_that_hangs_is_with_another_when_they_ask_again(
    served: Launcher, browser: httpx.Client
):
    name = name_of(browser)
    hung = served.child(name)

    def ask() -> str:
        with suppress(httpx.ReadTimeout):
            browser.get("/", timeout=1).raise_for_status()
        return name_of(browser)

    hung.suspend()
    try:
        # The front gives one that is busy ten seconds.
        eventually(ask, lambda now: now != name)
        with asking(browser) as statuses:
            pass
    finally:
        hung.resume()

    assert set(statuses) == {200}
    assert served.child(name).pid == hung.pid


def _number(launcher: Launcher, name: str) -> int | None:
    try:
        return launcher.child(name).pid
    except StopIteration:
        return None


def test_all_are_replaced_in_turn_open_pages_told_and_no_other_is_lost(
    served: Launcher, browser: httpx.Client
):
    before = {name: served.child(name).pid for name in (*NAMES, "worker")}

    with open_page(served, browser) as page, asking(browser) as statuses:
        replaced = reload(served.data)
        ended = _end_of(page)
        with open_page(served, browser):
            pass

    assert replaced.stdout.splitlines() == [
        "web-1 is replaced.",
        "web-2 is replaced.",
        "worker is replaced.",
    ]
    assert set(statuses) == {200}
    after = {name: served.child(name).pid for name in before}
    assert not set(before.values()) & set(after.values())
    assert len(served.processes()) == len(before) + 2
    assert ended == RESTARTING


def open_page(launcher: Launcher, browser: httpx.Client) -> ClientConnection:
    """Open the websocket that each page of a browser has."""
    return connect(
        f"ws://127.0.0.1:{launcher.port}/session/watch",
        origin=Origin(launcher.address),
        additional_headers={"Cookie": _cookies(browser)},
    )


def test_what_is_being_sent_to_a_process_that_is_replaced_arrives(
    served: Launcher, browser: httpx.Client
):
    body = f"email={cast.ROSA.email}&next=/".encode()
    log = served.data / "logs" / f"{name_of(browser)}.log"
    leavings = log.read_text().count(WAITING)
    with (
        socket.create_connection(("127.0.0.1", served.port)) as line,
        line.makefile() as answers,
    ):
        line.sendall(
            f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
            f"Origin: {served.address}\r\nCookie: {_cookies(browser)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        # The front wants the rest once it has reached a process.
        assert answers.readline() == "HTTP/1.1 100 Continue\n"
        with replacing(served):
            eventually(log.read_text, lambda s: s.count(WAITING) > leavings)

            line.sendall(body)

            heads = (line for line in answers if line.startswith("HTTP/1.1 "))
            assert next(head for head in heads if "100" not in head).split()[1] == "303"


def _cookies(browser: httpx.Client) -> str:
    return "; ".join(f"{c.name}={c.value}" for c in browser.cookies.jar)


def _end_of(page: ClientConnection) -> int | None:
    """Return the code with which the other side closes a websocket."""
    with suppress(ConnectionClosed):
        while True:
            page.recv(timeout=120)
    return page.close_code


def test_where_nothing_runs_that_is_one_sentence(tmp_path: Path):
    answered = reload(tmp_path)

    assert answered.returncode == 1
    assert answered.stderr == (
        f"No Chartroom runs with the data folder {tmp_path}: start it with "
        "script/server, or name another folder with --data.\n"
    )
