"""Several web processes and the front before them: one address that stays up.

If a process dies or is replaced, its people are still served.
"""

import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

import httpx
import psutil
import pytest
from sqlalchemy import select
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from dashboard.web.front import sockets
from db.embedded import DataFolder
from db.endpoints import Endpoints
from db.models.user import UserSession
from db.postgres import SYSTEM, Database
from services.core.actors import CONSOLE, Role
from services.people import tokens
from tests.browser.running import free_port, variables
from tests.kit import cast, warm_start
from tests.kit.signing_in import sign_in
from tests.kit.waiting import eventually
from tests.kit.warm_start import WarmProcess
from tests.launch.fronted import (
    FRONT_COOKIE,
    NAMES,
    await_all,
    browser_at,
    name_of,
    needs_caddy,
)
from tests.launch.launcher import ROOT, Launcher, serving

pytestmark = [
    pytest.mark.launch,
    needs_caddy,
]

RESTARTING = 1012
# Logged by a process that was told to end and lets a request finish.
WAITING = "Waiting for connections to close"
TOKEN = "only-prometheus-knows-this-token-of-ours"


@pytest.fixture(scope="module")
def served(
    module_endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Launcher]:
    """Two web processes behind the front, in a folder with a difficult name."""
    data = tmp_path_factory.mktemp("front") / "Ada's {clinic}, ärztlich" / ("n" * 90)
    launcher = Launcher(data, "--empty", "--servers", "2", is_warm=True)
    settings = variables(module_endpoints, data)
    with serving(
        launcher,
        **settings,
        CHARTROOM_METRICS_TOKEN=TOKEN,
        CHARTROOM_METRICS_PORT=str(free_port()),
    ) as served:
        await_all(served)
        yield served


@pytest.fixture(scope="module")
def database(module_endpoints: Endpoints) -> Iterator[Database]:
    """The database behind them."""
    with closing(Database(module_endpoints)) as opened:
        yield opened


def test_the_clinic_opens_with_one_process_and_the_others_follow(served: Launcher):
    ready_at = served.output_file.stat().st_mtime
    first, second = (served.data / "run" / f"{name}.sock" for name in NAMES)

    assert first.stat().st_mtime < ready_at < second.stat().st_mtime


def test_one_address_leads_to_all_of_them_and_a_browser_stays_with_one(
    served: Launcher,
):
    def opened() -> str:
        with browser_at(served) as browser:
            for _ in range(5):
                browser.get("/sign-in").raise_for_status()
            return name_of(browser)

    seen = set[str]()
    eventually(lambda: seen.add(opened()) or seen, lambda names: names == set(NAMES))


def test_the_fronts_cookie_is_closed_to_scripts_and_to_other_sites(served: Launcher):
    with browser_at(served) as browser:
        cookies = browser.get("/sign-in").headers.get_list("set-cookie")

    [front] = [cookie for cookie in cookies if cookie.startswith(FRONT_COOKIE)]
    assert front.endswith("; Path=/; HttpOnly; SameSite=Lax")


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "//metrics", "/%6detrics", "/METRICS"]
)
def test_the_front_passes_no_numbers_on(served: Launcher, path: str):
    # The path exactly as given: an HTTP client would normalize it.
    with socket.create_connection(("127.0.0.1", served.port)) as line:
        line.sendall(
            f"GET {path} HTTP/1.0\r\nHost: localhost\r\n"
            f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()
        )
        answer = line.makefile().read()

    assert answer.split()[1] == "404"
    assert answer.endswith("set CHARTROOM_METRICS_PORT.")


def test_prometheus_asks_each_process_by_a_port_of_its_own(served: Launcher):
    port = served.variables["CHARTROOM_METRICS_PORT"]

    for name in NAMES:
        known = _numbers_of(served, name)
        assert "chartroom_http_requests_total" in known.text
        assert httpx.get(known.url).status_code == 401
    assert httpx.get(f"http://127.0.0.1:{port}/sign-in").status_code == 404


def _numbers_of(launcher: Launcher, name: str) -> httpx.Response:
    """Fetch a web process's metrics, as Prometheus does."""
    port = launcher.variables["CHARTROOM_METRICS_PORT"]
    return httpx.get(
        f"http://127.0.0.1:{port}/{name}/metrics",
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=60,
    )


def test_who_sends_all_before_they_read_hears_the_refusal(served: Launcher):
    with closing(HTTPConnection("127.0.0.1", served.port, timeout=60)) as line:
        line.request("POST", "/api/v1/patients", bytes(60_000_000))

        assert line.getresponse().status == 401


def test_strangers_hear_of_the_health_and_no_more(served: Launcher):
    health = served.get("/health").json()

    assert health.keys() == {"status", "database", "timestamp"}


def test_answers_for_programs_are_compressed_and_pages_with_secrets_are_not(
    served: Launcher,
):
    with browser_at(served) as browser:
        browser.headers["Accept-Encoding"] = "gzip"
        described = browser.get("/api/openapi.json")
        page = browser.get("/sign-in")

    assert described.headers["content-encoding"] == "gzip"
    assert described.json()["openapi"]
    assert "content-encoding" not in page.headers


def test_a_program_that_reads_gzip_edits_with_the_etag_that_it_got(
    served: Launcher, database: Database
):
    token = database.write(
        lambda session: tokens.issue(
            session, Role.STAFF, lifetime=timedelta(hours=1), console=CONSOLE
        ),
        identity=SYSTEM,
    ).value
    ada = {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "date_of_birth": "1980-05-17",
        "email": "ada@example.org",
        # Longer than what the front leaves as it is.
        "allergies": [f"Allergy {number}" for number in range(90)],
    }
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    with browser_at(served) as program:
        program.headers.update(headers)
        registered = program.post("/api/v1/patients", json=ada)
        path = registered.headers["location"]
        read = program.get(path)
        edited = program.put(path, json=ada, headers={"If-Match": read.headers["etag"]})

    # The answer to a change is not compressed at all.
    assert "content-encoding" not in registered.headers
    assert read.headers["content-encoding"] == "gzip"
    assert read.headers["etag"] == registered.headers["etag"] == '"1"'
    assert edited.status_code == 200


def test_who_asks_is_told_by_the_front_and_not_by_who_asks(
    served: Launcher, database: Database
):
    forged = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Real-IP": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
    }
    with browser_at(served) as browser:
        browser.headers.update(forged)
        assert sign_in(browser, cast.ROSA.email).status_code == 303

    networks = database.read(
        lambda session: set(session.scalars(select(UserSession.network))),
        identity=SYSTEM,
    ).value
    assert networks == {"127.0.0.1"}


def test_only_the_front_listens_and_only_its_owner_reaches_the_processes(
    served: Launcher,
):
    ports = {
        connection.laddr.port: process.name()
        for process in served.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    run = served.data / "run"

    numbers = int(served.variables["CHARTROOM_METRICS_PORT"])
    assert ports == {served.port: "caddy", numbers: "caddy"}
    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    for path in run.glob("*.sock"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    launchers = {"launcher", "closing", "going-back"}
    assert {path.stem for path in run.glob("*.sock")} == launchers | set(NAMES)


@pytest.fixture
def browser(served: Launcher) -> Iterator[httpx.Client]:
    """A browser in which Rosa is signed in."""
    with browser_at(served) as browser:
        assert sign_in(browser, cast.ROSA.email).status_code == 303
        yield browser


@contextmanager
def asking(browser: httpx.Client) -> Iterator[list[int]]:
    """Open a page ten times a second until the block ends; yield the statuses."""
    statuses: list[int] = []
    is_enough = Event()

    def ask() -> None:
        while not is_enough.wait(0.1):
            statuses.append(browser.get("/").status_code)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(ask)
        try:
            eventually(lambda: len(statuses) > 5 or future.done())
            yield statuses
        finally:
            is_enough.set()
    future.result()


def reload(data: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    words = ["dashboard", "reload", "--data", str(data)]
    return warm_start.run(words, cwd=ROOT, env=os.environ)


def test_who_was_with_a_process_that_dies_is_with_another_and_no_page_is_lost(
    served: Launcher, browser: httpx.Client
):
    name = name_of(browser)
    dead = served.child(name)

    def is_replaced() -> bool:
        return _number(served, name) not in {dead.pid, None}

    with asking(browser) as statuses:
        dead.kill()
        # On a busy machine the replacement is there before the next request.
        eventually(lambda: name_of(browser) != name or is_replaced(), pause_seconds=0.3)

    assert set(statuses) == {200}
    eventually(is_replaced, pause_seconds=0.5)
    eventually(lambda: _numbers_of(served, name).status_code == 200)


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
        # The front waits ten seconds for a busy process.
        eventually(ask, lambda now: now != name)
        with asking(browser) as statuses:
            pass
    finally:
        hung.resume()

    assert set(statuses) == {200}
    assert served.child(name).pid == hung.pid


def _number(launcher: Launcher, name: str) -> int | None:
    child = launcher.find_child(name)
    return child.pid if child else None


def test_all_are_replaced_in_turn_and_neither_pages_nor_what_is_being_sent_is_lost(
    served: Launcher, browser: httpx.Client
):
    before = {name: served.child(name).pid for name in (*NAMES, "worker")}
    with (
        open_page(served, browser) as page,
        asking(browser) as statuses,
        half_a_sign_in(served, browser) as send_the_rest,
        ThreadPoolExecutor(1) as pool,
    ):
        replacing = pool.submit(reload, served.data)
        answered = send_the_rest()
        replaced = replacing.result()
        ended = _end_of(page)
        with open_page(served, browser):
            pass

    assert answered == 303
    assert replaced.returncode == 0
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


@contextmanager
def half_a_sign_in(
    launcher: Launcher, browser: httpx.Client
) -> Iterator[Callable[[], int]]:
    """Begin to send a form to the process that serves a browser.

    Yields a function that waits until that process is to end, sends the rest and
    returns the status.
    """
    body = f"email={cast.ROSA.email}&next=/".encode()
    log = launcher.data / "logs" / f"{name_of(browser)}.log"
    leavings = log.read_text().count(WAITING)
    with (
        socket.create_connection(("127.0.0.1", launcher.port)) as line,
        line.makefile() as answers,
    ):
        line.sendall(
            f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{launcher.port}\r\n"
            f"Origin: {launcher.address}\r\nCookie: {_cookies(browser)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        # The front asks for the rest once it has reached a process.
        assert answers.readline() == "HTTP/1.1 100 Continue\n"

        def send_the_rest() -> int:
            eventually(log.read_text, lambda s: s.count(WAITING) > leavings)
            line.sendall(body)
            heads = (line for line in answers if line.startswith("HTTP/1.1 "))
            return int(next(head for head in heads if "100" not in head).split()[1])

        yield send_the_rest


def open_page(launcher: Launcher, browser: httpx.Client) -> ClientConnection:
    """Open the WebSocket that each page of a browser has."""
    return connect(
        f"ws://127.0.0.1:{launcher.port}/session/watch",
        origin=Origin(launcher.address),
        additional_headers={"Cookie": _cookies(browser)},
    )


def _cookies(browser: httpx.Client) -> str:
    return "; ".join(f"{c.name}={c.value}" for c in browser.cookies.jar)


def _end_of(page: ClientConnection) -> int | None:
    """Return the code with which the other side closes a WebSocket."""
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


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A front without any listening web process: its address, and its folder."""
    data = tmp_path_factory.mktemp("lonely")
    DataFolder(data).prepare()
    port = free_port()
    where = {"CHARTROOM_DATA": str(data), "CHARTROOM_PORT": str(port)}
    words = ["dashboard", "front", "--servers", "1"]
    front = WarmProcess(
        words, cwd=ROOT, env=os.environ | where, output=data / "front.log"
    )
    try:
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: _answer(f"{address}/metrics"))
        yield address, data
    finally:
        front.terminate()
        front.wait(20)


def _answer(address: str) -> httpx.Response | None:
    with suppress(httpx.ConnectError):
        return httpx.get(address, timeout=30)
    return None


def test_where_no_web_process_answers_the_front_says_so(lonely: tuple[str, Path]):
    address, _ = lonely

    answer = httpx.get(f"{address}/sign-in", timeout=30)

    assert answer.status_code == 503
    assert answer.text == "Chartroom is not there for a moment. Try again."


@pytest.mark.parametrize(
    ("path", "media_type", "named"),
    [
        ("/api/v1/patients", "application/problem+json", "detail"),
        ("/files/patients.csv", "application/problem+json", "detail"),
        ("/fhir/Patient", "application/fhir+json", "resourceType"),
    ],
)
def test_programs_are_told_so_in_their_own_format(
    lonely: tuple[str, Path], path: str, media_type: str, named: str
):
    address, _ = lonely

    answer = httpx.get(f"{address}{path}", timeout=30)

    assert answer.status_code == 503
    assert answer.headers["content-type"] == media_type
    assert answer.headers["retry-after"] == "2"
    assert named in answer.json()


def test_what_breaks_off_is_logged_without_query_and_cookie(lonely: tuple[str, Path]):
    address, folder = lonely

    def break_off(web: socket.socket) -> None:
        # Until the test closes the socket on which this waits.
        with suppress(OSError):
            while True:
                with web.accept()[0] as connection:
                    connection.recv(10_000)
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
                    )

    with closing(sockets.listen(folder / "run/web-1.sock")) as web:
        breaking = Thread(target=break_off, args=(web,), daemon=True)
        breaking.start()
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{address}/?code=123456", headers={"Cookie": "chartroom=123456"})
        # Closing the socket would not end `accept` in the other thread, which would
        # take one more connection.
        web.shutdown(socket.SHUT_RDWR)
        breaking.join()

    said = eventually(
        (folder / "front.log").read_text, lambda said: "incomplete" in said
    )
    assert "123456" not in said
