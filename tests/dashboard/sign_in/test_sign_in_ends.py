"""The end of a sign-in: everywhere, at once, and for good."""

import json
import time
from contextlib import closing, contextmanager, suppress

import httpx
import pytest
from sqlalchemy import func, insert, select, update
from websockets.exceptions import ConnectionClosed, InvalidStatus

from db.json_http import machine_trust
from db.models.user import User, UserNotification, UserSession
from db.postgres import Database
from services.core.actors import Role
from services.people import sessions
from tests.dashboard.conftest import serving
from tests.dashboard.page import kept_open, open_page, stream
from tests.kit import cast
from tests.kit.signing_in import cookie_of, sign_in
from tests.kit.waiting import in_time

_NONSENSE = (
    "",
    "{",
    "[]",
    "1",
    '{"inputSecondsAgo": "x"}',
    '{"inputSecondsAgo": -9}',
    '{"inputSecondsAgo": NaN}',
    '{"inputSecondsAgo": Infinity}',
    '{"inputSecondsAgo": 1e300}',
    '{"inputSecondsAgo": 1' + 400 * "0" + "}",
)


@pytest.fixture(scope="module")
def database(module_endpoints):
    with closing(Database(module_endpoints)) as database:
        yield database


@pytest.fixture
def cookie(server, database):
    """A cookie of somebody at the front desk who is signed in."""
    return cookie_of(database, server.cast[Role.STAFF].id)


def _post(server, path, cookie):
    headers = {"Cookie": cookie, "Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    return httpx.post(f"{server.url}{path}", headers=headers, verify=machine_trust())


def _status(server, path, cookie):
    own = {"Cookie": cookie}
    answer = httpx.get(f"{server.url}{path}", headers=own, verify=machine_trust())
    return answer.status_code


def _execute(module_engine, statement):
    with module_engine.begin() as connection:
        connection.execute(statement)


@contextmanager
def _pages(cookie, *servers):
    """Open a page on each server."""
    first, *others = servers
    with kept_open(first.url, cookies=cookie, origin=first.url) as page:
        if not others:
            yield [page]
            return
        with _pages(cookie, *others) as pages:
            yield [page, *pages]


def test_signing_out_closes_every_page_on_every_server(server, another, cookie):
    with _pages(cookie, server, server, another) as pages:
        _post(server, "/sign-out", cookie)

        for page in pages:
            page.until_closed()


def test_asvs_7_4_1_after_signing_out_the_old_cookie_opens_nothing(
    server, another, cookie
):
    with kept_open(
        server.url, cookies=cookie, origin=server.url, query="media=1"
    ) as page:
        session_id = page.shown.session_id
    _post(server, "/sign-out", cookie)
    # Another server could trust it for a moment longer, but has not seen it before.
    for each in (server, another):
        assert _status(each, "/patients", cookie) == 303
        assert _status(each, "/api/v1/patients", cookie) == 401
        assert _status(each, "/files/patients/x/photo", cookie) == 401
        assert _status(each, "/media/x", cookie) == 401
        assert _status(each, "/session/state", cookie) == 401
        with pytest.raises(InvalidStatus) as refused:
            open_page(each.url, cookies=cookie, origin=each.url, session_id=session_id)
        assert refused.value.response.status_code == 403


def test_asvs_7_4_5_an_admin_ends_somebody_elses_pages(
    server, another, database, cookie
):
    rosa, ines = server.cast[Role.STAFF], server.cast[Role.ADMIN]
    with _pages(cookie, server, another) as pages:
        database.write(
            lambda session: sessions.end_all(session, ines, rosa.id),
            identity=ines.database_identity,
        )

        for page in pages:
            page.until_closed()


def test_asvs_7_4_2_whoever_is_deactivated_is_out_at_once(
    server, another, database, module_engine, cookie
):
    rosa = server.cast[Role.STAFF]
    change = update(User).where(User.id == rosa.id)
    try:
        with _pages(cookie, server, another) as pages:
            _execute(module_engine, change.values(deactivated_at=func.now()))
            for page in pages:
                page.until_closed()

        assert _status(server, "/patients", cookie) == 303
    finally:
        _execute(module_engine, change.values(deactivated_at=None))


def test_asvs_7_3_2_after_twelve_hours_an_open_page_ends_whatever_is_done_in_it(
    server, module_engine, cookie
):
    with _pages(cookie, server) as (page,):
        _execute(module_engine, update(UserSession).values(expires_at=func.now()))

        page.until_closed()


def test_asvs_7_2_4_signing_in_again_gives_a_new_token_and_ends_the_old_one(
    server, cookie
):
    old = cookie.partition("=")[2]
    with server.browser() as browser:
        browser.cookies["chartroom"] = old
        answer = sign_in(browser, cast.INES.email)

    assert "chartroom=" in answer.headers["set-cookie"]
    assert old not in answer.headers["set-cookie"]
    assert _status(server, "/session/state", cookie) == 401


@pytest.fixture(scope="module")
def hasty(server, module_endpoints, tmp_path_factory):
    """A server at which 6 seconds without input are too long."""
    folder = tmp_path_factory.mktemp("hasty")
    with serving(
        module_endpoints,
        folder,
        cast=server.cast,
        session_idle_minutes="0.1",
    ) as running:
        yield running


def test_asvs_7_3_1_a_page_that_refreshes_itself_is_no_input(hasty, cookie):
    with _pages(cookie, hasty) as (page,):

        def refresh() -> None:
            while True:
                page.run()
                # As often as such a page does; the idle time has to really pass.
                time.sleep(0.5)

        with pytest.raises(ConnectionClosed):
            in_time(refresh)


def test_input_that_a_page_reports_keeps_it_open(hasty, cookie):
    with (
        _watching(hasty, cookie) as watch,
        _pages(cookie, hasty) as (page,),
    ):
        # For longer than the idle time allowed.
        for _ in range(7):
            watch.send(json.dumps({"inputSecondsAgo": 0}))
            time.sleep(1)
        page.run()
        assert page.shown.session_id

        page.until_closed()


def _watching(server, cookie):
    return stream(server.url, "/session/watch", cookies=cookie, origin=server.url)


def _messages(watch):
    """Yield the server's messages until it closes the connection."""
    with suppress(ConnectionClosed):
        while True:
            yield json.loads(watch.recv(timeout=30))


def test_a_page_is_warned_then_told_the_end(hasty, cookie):
    with _watching(hasty, cookie) as watch:
        messages = list(_messages(watch))

    kinds = [(message["kind"], message.get("of")) for message in messages]
    assert kinds == [("hello", None), ("warning", "idle"), ("over", None)]
    assert 0 < messages[1]["seconds"] <= 0.8


def test_input_takes_the_warning_back(hasty, cookie):
    messages = []
    with _watching(hasty, cookie) as watch:
        for message in _messages(watch):
            messages.append(message.get("of", message["kind"]))
            if messages == ["hello", "idle"]:
                watch.send(json.dumps({"inputSecondsAgo": 0}))

    # On a busy machine it may be too late for the second warning.
    assert messages[:3] == ["hello", "idle", None]
    assert messages[3:] in (["idle", "over"], ["over"])


def test_the_bell_of_an_open_page_hears_of_what_is_new(server, cookie, module_engine):
    person = server.cast[Role.STAFF].id
    notification = insert(UserNotification).values(user_id=person, topic="shared")

    with _watching(server, cookie) as watch:
        first = json.loads(watch.recv(timeout=30))
        _execute(module_engine, notification)
        second = json.loads(watch.recv(timeout=30))
        _execute(module_engine, update(UserNotification).values(read_at=func.now()))
        third = json.loads(watch.recv(timeout=30))

    assert (first["kind"], first["unread"]) == ("hello", 0)
    assert [second, third] == [
        {"kind": "unread", "unread": 1},
        {"kind": "unread", "unread": 0},
    ]


def test_what_is_no_report_of_input_is_ignored(hasty, cookie):
    messages = []
    with _watching(hasty, cookie) as watch:
        for message in _messages(watch):
            messages.append(message.get("of", message["kind"]))
            if messages == ["hello", "idle"]:
                for nonsense in _NONSENSE:
                    watch.send(nonsense)

    assert messages == ["hello", "idle", "over"]


def test_the_key_for_what_was_typed_is_each_persons_own(server, database):
    def key_of(role):
        cookie = cookie_of(database, server.cast[role].id)
        with _watching(server, cookie) as watch:
            return json.loads(watch.recv(timeout=10))["key"]

    assert len(key_of(Role.STAFF)) == 64
    assert key_of(Role.STAFF) == key_of(Role.STAFF)
    assert key_of(Role.STAFF) != key_of(Role.CLINICIAN)


@pytest.mark.parametrize(
    ("signed_in", "origin"),
    [(False, "ours"), (True, None), (True, "http://evil.example")],
)
def test_nobody_else_watches_a_sign_in(server, cookie, signed_in, origin):
    with pytest.raises(InvalidStatus) as refused:
        stream(
            server.url,
            "/session/watch",
            cookies=cookie if signed_in else "",
            origin=server.url if origin == "ours" else origin,
        )

    assert refused.value.response.status_code == 403


def test_every_page_carries_the_script_and_no_other_file_does(server, cookie):
    headers = {"Cookie": cookie, "Accept-Encoding": "gzip"}

    page = httpx.get(f"{server.url}/patients?list=k", headers=headers)
    address = page.text.partition('<script src="/session/')[2].partition('"')[0]
    script = httpx.get(f"{server.url}/session/{address}", headers=headers)

    assert "etag" not in page.headers
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cache-control"].startswith("private")
    assert _status(server, "/session/watch.js", "") == 401


def test_nobody_but_a_named_proxy_says_where_somebody_comes_from(
    server, module_endpoints, tmp_path
):
    def is_secure(running):
        with running.browser() as browser:
            browser.headers["X-Forwarded-Proto"] = "https"
            email = cast.ROSA.email
            answer = browser.post("/sign-in", data={"email": email})
        return "; secure" in answer.headers["set-cookie"].lower()

    people_of = {"cast": server.cast}
    with serving(
        module_endpoints, tmp_path, trusted_proxies="127.0.0.1", **people_of
    ) as behind:
        assert not is_secure(server)
        assert is_secure(behind)


def test_the_network_of_a_sign_in_is_the_visitors_not_the_proxys(
    server, module_endpoints, module_engine, tmp_path
):
    people_of = {"cast": server.cast}
    with (
        serving(
            module_endpoints, tmp_path, trusted_proxies="127.0.0.1", **people_of
        ) as behind,
        behind.browser() as browser,
    ):
        browser.headers["X-Forwarded-For"] = "198.51.100.1, 203.0.113.7"
        browser.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux) Firefox/140.0"
        sign_in(browser, cast.ROSA.email)

    with module_engine.connect() as connection:
        newest = select(UserSession).order_by(UserSession.id.desc()).limit(1)
        row = connection.execute(newest).one()
    assert (row.network, row.browser) == ("203.0.113.7", "Firefox on Linux")
