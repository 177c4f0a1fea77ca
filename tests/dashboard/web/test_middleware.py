"""The gate: who gets in, and what the application behind it is told about them."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from starlette.responses import PlainTextResponse

from dashboard.web.gate.middleware import Gate, allowed_hosts
from dashboard.web.sessions.live_sessions import AttendedPage
from db.postgres import DatabaseUnavailable
from services.people.sessions import LiveSession, SessionRecord
from tests.dashboard.asgi import ask, connect
from tests.kit import cast

CLERK = cast.act_as(cast.CLEO)
SESSION = UUID(int=2)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
OURS = "http://127.0.0.1:8501"
TOKEN = "t" * 43
COOKIE = f"chartroom={TOKEN}"
BOUND_COOKIE = f"__Host-chartroom={TOKEN}"


class Sessions:
    """Knows one sign-in, and records the questions about it."""

    def __init__(self, *, ends=False, fails=False):
        until = NOW + timedelta(hours=12)
        self._live = LiveSession(
            CLERK,
            SessionRecord(SESSION, CLERK.id, "code", None, None, NOW, NOW, until, None),
            NOW,
        )
        self._ends, self._fails = ends, fails
        self.input = []

    async def find(self, token):
        if self._fails:
            raise DatabaseUnavailable("No server.")
        return self._live if token == TOKEN else None

    @contextmanager
    def attend(self, live):
        page = AttendedPage(live)
        if self._ends:
            page.end()
        yield page

    def note_input(self, session_id):
        self.input.append(session_id)


async def _app(scope, receive, send):
    """Answer with what the application was told; on a websocket, echo until it ends."""
    if scope["type"] == "http":
        headers = dict(scope["headers"])
        forwarded = [
            headers.get(b"x-chartroom-" + name) for name in (b"user", b"session")
        ]
        body = b" ".join(value for value in forwarded if value) or b"nobody"
        await PlainTextResponse(body)(scope, receive, send)
        return
    while (message := await receive())["type"] != "websocket.disconnect":
        await send(message)


def _gate(app=_app, *, hosts=None, live=None, disks=None):
    return Gate(
        app,
        live or Sessions(),
        hosts=hosts,
        is_api_path=lambda path: path.startswith("/api"),
        disks=disks,
    )


@pytest.fixture
def cookie():
    return COOKIE


def test_the_app_behind_is_told_whose_token_it_is_and_of_which_sign_in(cookie):
    assert ask(_gate(), cookie=cookie).body.decode() == f"{CLERK.id} {SESSION}"


def test_asvs_4_1_3_what_a_client_says_about_itself_is_removed(cookie):
    other = str(UUID(int=9))
    forwarded = {"x_chartroom_user": other, "x_chartroom_session": other}

    answer = ask(_gate(), "/api", **forwarded)
    with_cookie = ask(_gate(), cookie=cookie, **forwarded)

    assert answer.body == b"nobody"
    assert with_cookie.body.decode() == f"{CLERK.id} {SESSION}"


@pytest.mark.parametrize(
    "name",
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"],
)
def test_nobody_behind_hears_where_a_client_says_it_comes_from(cookie, name):
    answer = ask(_gate(), cookie=cookie, **{name.replace("-", "_"): "10.0.0.1"})

    assert name.encode() not in dict(answer.scope["headers"])


@pytest.mark.parametrize(
    "forged",
    ["chartroom=abc", "chartroom=", f"chartroom={'x' * 43}", f"other={TOKEN}"],
    ids=["garbage", "empty", "unknown", "another cookie"],
)
def test_a_cookie_that_is_not_ours_names_nobody(forged):
    assert ask(_gate(), cookie=forged).status == 303


def test_asvs_3_3_1_over_tls_only_a_cookie_bound_to_this_host_counts(cookie):
    assert ask(_gate(), scheme="https", cookie=cookie).status == 303
    assert ask(_gate(), scheme="https", cookie=BOUND_COOKIE).status == 200
    assert ask(_gate(), cookie=BOUND_COOKIE).status == 303


def test_a_stranger_on_a_page_is_sent_to_sign_in_and_back():
    answer = ask(_gate(), "/patients", query="list=k1&x=%26")

    assert answer.status == 303
    assert answer.headers["location"] == (
        "/sign-in?next=%2Fpatients%3Flist%3Dk1%26x%3D%2526"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/media/abc.jpg",
        "/_stcore/upload_file/session/file",
        "/_stcore/health",
        "/_stcore/host-config",
        "/component/x/index.html",
    ],
)
def test_streamlits_machinery_is_closed_to_strangers(path, cookie):
    assert ask(_gate(), path).status == 401
    assert ask(_gate(), path, cookie=cookie).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/agent/openapi.json",
        "/_stcore/agent/mcp",
        "/_stcore/script-health-check",
    ],
)
def test_what_serves_nobody_is_closed_to_everybody(path, cookie):
    assert ask(_gate(), path, cookie=cookie).status == 404


@pytest.mark.parametrize("path", ["/sign-in", "/static/js/a.js", "/api/v1/patients"])
def test_open_doors_let_strangers_through(path):
    assert ask(_gate(), path).status == 200


@pytest.mark.parametrize("path", ["/staticx", "/sign-in2", "//static/../media/x"])
def test_a_name_that_only_begins_like_an_open_door_is_closed(path):
    assert ask(_gate(), path).status == 303


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "http://127.0.0.1:9999",
        "http://127.0.0.1:8501.evil.example",
        "",
    ],
)
def test_a_websocket_from_elsewhere_is_refused(origin, cookie):
    named = {} if origin is None else {"origin": origin}

    answer = connect(_gate(), cookie=cookie, **named)

    assert answer.sent == [{"type": "websocket.close", "code": 1008}]


def test_a_websocket_without_identity_is_refused():
    assert connect(_gate(), origin=OURS).sent[0]["type"] == "websocket.close"


def test_our_own_page_opens_its_websocket(cookie):
    answer = connect(_gate(), origin=OURS, cookie=cookie, frames=1)

    assert [m["type"] for m in answer.sent] == [
        "websocket.connect",
        "websocket.receive",
    ]


def test_an_open_websocket_is_hung_up_when_its_sign_in_ends(cookie):
    gate = _gate(live=Sessions(ends=True))

    answer = connect(gate, origin=OURS, cookie=cookie, frames=3)

    assert answer.sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize(
    ("path", "headers", "is_input"),
    [
        ("/patients", {}, True),
        ("/patients", {"sec_fetch_dest": "document"}, True),
        ("/api/v1/patients", {}, True),
        ("/files/photo", {"sec_fetch_dest": "image"}, False),
        ("/media/a.png", {}, False),
        ("/_stcore/health", {}, False),
        ("/static/js/a.js", {}, False),
    ],
)
def test_what_a_page_asks_for_on_its_own_is_no_input(cookie, path, headers, is_input):
    live = Sessions()

    ask(_gate(live=live), path, cookie=cookie, **headers)

    assert live.input == ([SESSION] if is_input else [])


def test_what_is_sent_is_input_wherever_it_goes(cookie):
    live = Sessions()

    ask(_gate(live=live), "/_stcore/upload_file/x", method="PUT", cookie=cookie)

    assert live.input == [SESSION]


def test_a_websocket_alone_is_no_input(cookie):
    live = Sessions()

    connect(_gate(live=live), origin=OURS, cookie=cookie, frames=3)

    assert live.input == []


@pytest.mark.parametrize(
    ("path", "status"),
    [("/patients", 503), ("/media/x", 503), ("/sign-in", 200), ("/static/a.js", 200)],
)
def test_without_a_database_only_what_needs_none_is_answered(cookie, path, status):
    answer = ask(_gate(live=Sessions(fails=True)), path, cookie=cookie)

    assert answer.status == status


class FullDisks:
    """A data folder without space; really full disks are tested in tests/launch."""

    def full(self):
        return ("the data folder",)


@pytest.mark.parametrize("path", ["/patients", "/media/x"])
def test_where_a_full_disk_is_why_there_is_no_database_that_is_said(cookie, path):
    gate = _gate(live=Sessions(fails=True), disks=FullDisks())

    answer = ask(gate, path, cookie=cookie)

    assert answer.status == 507
    assert b"The disk of the data folder is full" in answer.body


def test_without_a_database_no_websocket_opens(cookie):
    answer = connect(_gate(live=Sessions(fails=True)), origin=OURS, cookie=cookie)

    assert answer.sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site", "origin": "null"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": OURS}, 200),
        ({"sec_fetch_site": "same-origin", "origin": "null"}, 200),
        ({}, 200),
    ],
)
def test_another_site_cannot_make_a_browser_change_anything(cookie, headers, status):
    answer = ask(_gate(), method="POST", cookie=cookie, **headers)

    assert answer.status == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8501", 200),
        ("127.0.0.1", 200),
        ("[::1]:8501", 200),
        ("evil.example:8501", 421),
        ("127.0.0.1.evil.example", 421),
        ("[", 421),
        ("", 421),
    ],
)
def test_a_page_whose_own_name_points_here_is_refused(cookie, host, status):
    gate = _gate(hosts=allowed_hosts("127.0.0.1", ()))

    assert ask(gate, cookie=cookie, host=host).status == status


def test_more_names_can_be_allowed():
    assert allowed_hosts("0.0.0.0", ()) is None  # noqa: S104
    assert "chartroom.example" in allowed_hosts("127.0.0.1", ("Chartroom.example",))
    named = allowed_hosts("127.0.0.1", (), public_url="https://chartroom.example")
    assert "chartroom.example" in named


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"host": "evil.example"}, 421),
        ("POST", {"origin": "http://evil.example"}, 403),
    ],
)
def test_programs_are_refused_in_the_apis_own_way(method, headers, status):
    gate = _gate(hosts=allowed_hosts("127.0.0.1", ()))

    answer = ask(gate, "/api/v1/patients", method=method, **headers)

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_audit_log_is_told_which_sign_in_it_was(cookie):
    assert ask(_gate(), cookie=cookie).scope["chartroom.session_id"] == SESSION
    assert ask(_gate(), "/sign-in").scope["chartroom.session_id"] is None
