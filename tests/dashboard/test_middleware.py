"""The gate: who gets in, and what the app behind is told about them."""

import time
from uuid import UUID

import pytest
from starlette.responses import PlainTextResponse, Response

from dashboard.identity import IdentityCookie
from dashboard.middleware import Gate, allowed_hosts
from tests.dashboard.asgi import ask, connect

ADA = UUID(int=1)
NOW = 2_000_000_000.0
OURS = "http://127.0.0.1:8501"


async def _app(scope, receive, send):
    """Say what this app was told; on a websocket, echo until it ends."""
    if scope["type"] == "http":
        user = dict(scope["headers"]).get(b"x-chartroom-user", b"nobody")
        await PlainTextResponse(user)(scope, receive, send)
        return
    while (message := await receive())["type"] != "websocket.disconnect":
        await send(message)


def _gate(app=_app, *, hosts=None, now=None):
    return Gate(
        app,
        IdentityCookie("k" * 32),
        hosts=hosts,
        is_own_door=lambda path: path.startswith("/api"),
        clock=(lambda: now) if now else time.time,
    )


@pytest.fixture
def cookie():
    response = Response()
    IdentityCookie("k" * 32).set(response, ADA, secure=False)
    return response.headers["set-cookie"].partition(";")[0]


def test_the_app_behind_is_told_who_the_cookie_names(cookie):
    assert ask(_gate(), cookie=cookie).body.decode() == str(ADA)


def test_what_a_client_says_about_itself_is_removed(cookie):
    answer = ask(_gate(), "/api", x_chartroom_user=str(UUID(int=9)))
    with_cookie = ask(_gate(), cookie=cookie, x_chartroom_user=str(UUID(int=9)))

    assert answer.body == b"nobody"
    assert with_cookie.body.decode() == str(ADA)


@pytest.mark.parametrize(
    "forged",
    ["chartroom=abc", "chartroom=", "chartroom=ImFiYyI.aaaa.bbbb", "other=1"],
    ids=["garbage", "empty", "signed by nobody", "another cookie"],
)
def test_a_cookie_that_is_not_ours_names_nobody(forged):
    assert ask(_gate(), cookie=forged).status == 303


def test_a_cookie_signed_with_another_key_names_nobody():
    response = Response()
    IdentityCookie("x" * 32).set(response, ADA, secure=False)

    answer = ask(_gate(), cookie=response.headers["set-cookie"].partition(";")[0])

    assert answer.status == 303


def test_an_old_cookie_names_nobody(cookie):
    gate = Gate(
        _app,
        IdentityCookie("k" * 32, lifetime_seconds=-1),
        hosts=None,
        is_own_door=lambda _: False,
    )

    assert ask(gate, cookie=cookie).status == 303


def test_over_tls_only_a_cookie_bound_to_this_host_counts(cookie):
    response = Response()
    IdentityCookie("k" * 32).set(response, ADA, secure=True)
    bound = response.headers["set-cookie"]

    assert bound.startswith("__Host-chartroom=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(bound.split("; "))
    assert ask(_gate(), scheme="https", cookie=cookie).status == 303
    assert ask(_gate(), scheme="https", cookie=bound.partition(";")[0]).status == 200


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


def test_an_open_websocket_ends_with_the_cookie_that_opened_it(cookie):
    answer = connect(_gate(now=NOW * 2), origin=OURS, cookie=cookie, frames=3)

    assert answer.sent == []


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
