"""The server as a whole: sessions cannot be taken over, the log names nobody."""

import json
import os
import re
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from uuid import uuid4

import httpx
import pytest

from services.core.actors import Role
from tests.dashboard.page import Page, cookies_of, kept_open, open_page
from tests.kit import warm_start
from tests.kit.waiting import eventually

_RUNS = 20
# HTTPX's own limit, and a little more: a request on a connection that is just being
# closed gets no answer.
_KEPT_BY_PROGRAMS_SECONDS = 5.5


_CONFIGURING = """
from streamlit import config
from dashboard.web import server
server._configure_streamlit("a key", 60)
print(config.get_option("server.baseUrlPath") == "")
"""


@pytest.fixture(scope="module")
def rosa(server):
    with server.signed_in(Role.STAFF) as browser:
        yield cookies_of(browser)


@pytest.fixture(scope="module")
def maya(server):
    with server.signed_in(Role.PATIENT) as browser:
        yield cookies_of(browser)


def test_a_page_knows_who_is_signed_in(server, rosa):
    shown = open_page(server.url, cookies=rosa, origin=server.url)

    assert f"uid={server.cast[Role.STAFF].id} " in str(shown.texts)


def test_pages_stay_below_the_root_whatever_somebody_set_for_their_other_apps():
    shell = os.environ | {"STREAMLIT_SERVER_BASE_URL_PATH": "reports"}

    configured = subprocess.run(
        [sys.executable, "-c", _CONFIGURING],
        env=shell,
        capture_output=True,
        text=True,
        check=True,
    )

    assert configured.stdout == "True\n"


def test_who_runs_a_page_is_never_whoever_runs_another_meanwhile(server, rosa, maya):
    def seen(page: Page) -> set[str]:
        signed_in = set()
        for _ in range(_RUNS):
            page.run("actor=1")
            signed_in |= set(
                re.findall('actor=(\\S+) sign-in=([^\\s"]+)', str(page.shown.texts))
            )
        return signed_in

    with (
        kept_open(server.url, cookies=rosa, origin=server.url) as hers,
        kept_open(server.url, cookies=maya, origin=server.url) as ours,
        ThreadPoolExecutor() as both,
    ):
        (rosas,), (mayas,) = both.map(seen, (hers, ours))

    assert rosas[0] == str(server.cast[Role.STAFF].id)
    assert mayas[0] == str(server.cast[Role.PATIENT].id)
    assert rosas[1] != mayas[1]


def test_a_run_does_not_collect_the_garbage_of_all(server, rosa):
    def collected(page: Page) -> int:
        page.run("collected=1")
        return int(re.search("collected=([0-9]+)", str(page.shown.texts))[1])

    with kept_open(server.url, cookies=rosa, origin=server.url) as page:
        before, *_, after = [collected(page) for _ in range(_RUNS)]

    # Python's own collector and ours may have run meanwhile.
    assert after - before < _RUNS / 2


def test_a_page_goes_on_with_its_own_session_after_a_lost_connection(server, rosa):
    first = open_page(server.url, cookies=rosa, origin=server.url)

    again = open_page(
        server.url, cookies=rosa, origin=server.url, session_id=first.session_id
    )

    assert again.session_id == first.session_id


def test_the_log_shows_routes_but_no_paths_or_query_strings(server):
    secret, token = f"lovelace-{uuid4().hex}", "chartroom_" + "A" * 43
    with server.browser() as browser:
        browser.headers["Authorization"] = f"Bearer {token}"
        for path in ("/patients", "/api/v1/patients", "/patient-register", "/x"):
            browser.get(f"{path}?0_value={secret}")
            browser.get(f"{path}/{secret}")
        browser.get(f"/sign-in?next=/{secret}")
        browser.get(f"/files/patients/{secret}/photo")

    # A line is written after its response has been sent.
    last = _entry("/files/patients/{uuid}/photo")
    log = eventually(server.log.read_text, lambda log: last in log)
    assert _entry("/api/v1/patients") in log
    assert secret not in log
    assert token not in log


def test_a_line_outlasts_what_programs_keep_one_for(server):
    answers = []
    with closing(HTTPConnection("127.0.0.1", server.port)) as line:
        for pause in (0, _KEPT_BY_PROGRAMS_SECONDS):
            time.sleep(pause)
            line.request("GET", "/health")
            answer = line.getresponse()
            answer.read()
            answers.append(answer.status)

    assert answers == [200, 200]


def test_a_server_has_as_many_connections_as_the_machine_lets_it(server):
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)

    assert soft == hard > warm_start.OPEN_FILES


def test_every_line_of_the_log_is_json(server, rosa):
    open_page(server.url, cookies=rosa, origin=server.url, query="break=1")

    lines = server.log.read_text().splitlines()

    assert {"event", "level", "logger", "timestamp"} <= json.loads(lines[0]).keys()
    for line in lines:
        json.loads(line)


def _entry(route):
    return f'"method": "GET", "route": "{route}", "status": 401'


def test_metrics_count_by_route_template_only(server):
    secret = uuid4()
    httpx.get(f"{server.url}/api/v1/patients/{secret}")
    httpx.get(f"{server.url}/{secret}")

    metrics = httpx.get(f"{server.url}/metrics").text

    counted = (
        'chartroom_http_requests_total{method="GET",'
        'route="/api/v1/patients/{uuid}",status="401"}'
    )
    assert counted in metrics
    assert "chartroom_http_request_seconds_bucket" in metrics
    assert "chartroom_reads_total" in metrics
    assert str(secret) not in metrics


def test_streamlits_scripts_come_compressed_and_for_good(server, rosa):
    page = httpx.get(f"{server.url}/", headers={"Cookie": rosa})
    script = re.search(r'src="\./(static/js/[^"]+)"', page.text)[1]

    answer = httpx.get(f"{server.url}/{script}")

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"].endswith("immutable")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_apis_paths_are_never_answered_by_a_page(server, rosa):
    for path in ("/api/nothing", "/patient-register/", "/health/x", "/files/x"):
        answer = httpx.get(f"{server.url}{path}", headers={"Cookie": rosa})

        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "Page not found"), ("de", "Hier ist keine Seite")],
)
def test_where_no_page_is_one_of_ours_says_so_and_leads_on(
    server, rosa, language, title
):
    headers = {"Cookie": rosa, "Accept": "text/html,*/*", "Accept-Language": language}
    for path in ("/nothing", "/patients/smith"):
        answer = httpx.get(f"{server.url}{path}", headers=headers)

        assert answer.status_code == 404, path
        assert f"<h1>{title}</h1>" in answer.text
        assert 'href="/"' in answer.text


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.PATIENT, "/my_record", 307),
        (Role.PATIENT, "/home", 404),
        (Role.STAFF, "/home", 307),
        # It is not for them, as the page itself says.
        (Role.STAFF, "/my_record", 200),
    ],
)
def test_ones_first_page_is_at_the_root_whatever_it_is_called(
    server, role, path, status
):
    with server.signed_in(role) as browser:
        headers = {"Accept": "text/html,*/*"}
        answer = browser.get(path, headers=headers, follow_redirects=False)

    assert answer.status_code == status
    assert answer.headers.get("location") == ("/" if status == 307 else None)


def test_what_the_address_says_of_a_page_goes_with_it_to_the_root(server):
    headers = {"Accept": "text/html,*/*"}
    with server.signed_in(Role.STAFF) as browser:
        answer = browser.get("/home?day=2026-11-26&who=%C3%BC", headers=headers)

    assert answer.headers["location"] == "/?day=2026-11-26&who=%C3%BC"


def test_where_a_page_is_its_address_opens_it(server, rosa):
    headers = {"Cookie": rosa, "Accept": "text/html,*/*"}
    for path in ("/", "/patients", "/patient?patient=x", "/users"):
        answer = httpx.get(f"{server.url}{path}", headers=headers)

        assert answer.status_code == 200, path


def test_who_is_not_signed_in_does_not_learn_which_pages_there_are(server):
    headers = {"Accept": "text/html,*/*"}
    answers = [
        httpx.get(f"{server.url}{path}", headers=headers)
        for path in ("/patients", "/nothing")
    ]

    assert {answer.status_code for answer in answers} == {303}


def test_a_wrong_method_is_refused_by_the_api_itself(server):
    answer = httpx.delete(f"{server.url}/health")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_the_description_of_the_api_asks_no_other_server(server):
    page = httpx.get(f"{server.url}/api/docs")
    nonce = re.search(r'<script nonce="([^"]+)">', page.text)[1]

    assert "http://" not in page.text
    assert "https://" not in page.text
    assert f"'nonce-{nonce}'" in page.headers["content-security-policy"]
    for asset in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert httpx.get(f"{server.url}{asset}").status_code == 200


def test_the_server_does_not_tell_what_it_runs_on(server):
    assert "server" not in httpx.get(f"{server.url}/sign-in").headers
