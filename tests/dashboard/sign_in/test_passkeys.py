"""Passkeys on the server's pages: added, used, confirmed with, removed."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import Engine, text

from services.core.actors import Role
from tests.dashboard.passkey_pages import (
    add_passkey,
    browser_at,
    confirm,
    device_for,
    enter,
    options_on,
    origin_of,
    signed_in,
)
from tests.kit import cast


@pytest.fixture
def kept(module_engine) -> Engine:
    """The database behind the server, as its owner sees it; without any passkey."""
    with module_engine.begin() as connection:
        connection.execute(text("DELETE FROM passkeys"))
        connection.execute(text("DELETE FROM ceremonies"))
    return module_engine


@pytest.fixture
def known(server, kept):
    """The administrator's device, whose passkey is registered."""
    device = device_for(server)
    with signed_in(server, Role.ADMIN) as browser:
        assert add_passkey(browser, device).status_code == 303
    return device


def rows(kept: Engine, query: str) -> list[tuple[object, ...]]:
    with kept.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_passkey_is_added_and_listed(server, kept):
    with signed_in(server, Role.ADMIN) as browser:
        assert "You have no passkey yet." in browser.get("/sign-in/passkeys").text

        added = add_passkey(browser, device_for(server), name="Blue key")

        assert added.headers["location"] == "/sign-in/passkeys"
        assert "Blue key" in browser.get("/sign-in/passkeys").text


def test_what_it_was_to_be_called_stays_when_it_is_refused(server, kept):
    with signed_in(server, Role.ADMIN) as browser:
        browser.get("/sign-in/passkeys")

        refused = browser.post(
            "/sign-in/passkeys", data={"answer": "{}", "name": "Blue key"}
        )

    assert refused.status_code == 422
    assert 'value="Blue key"' in refused.text


def test_afterwards_it_goes_on_to_where_somebody_wanted(server, kept):
    with signed_in(server, Role.ADMIN) as browser:
        added = add_passkey(browser, device_for(server), next="/users")

        assert added.headers["location"] == "/users"


def test_a_passkey_signs_in_without_an_address(server, known):
    with browser_at(server) as browser:
        answer = enter(browser, known, next="/account")

        assert answer.status_code == 303
        assert answer.headers["location"] == "/account"
        assert browser.get("/").status_code == 200
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie


def test_who_signed_in_with_a_passkey_needs_no_confirmation_at_first(
    server, kept, known
):
    with browser_at(server) as browser:
        enter(browser, known)

    newest = "SELECT method, confirmed_at = created_at FROM sessions ORDER BY id DESC"
    assert rows(kept, newest)[0] == ("passkey", True)


def test_another_browsers_answer_lets_nobody_in(server, known):
    with browser_at(server) as theirs, browser_at(server) as mine:
        answer = known.use(options_on(theirs.get("/sign-in/passkey")))
        mine.get("/sign-in/passkey")

        refused = mine.post("/sign-in/passkey", data={"answer": answer})

        assert refused.status_code == 422
        assert "Start again" in refused.text
        assert mine.get("/").status_code == 303


def test_an_answer_lets_in_once(server, known):
    with browser_at(server) as browser:
        answer = {"answer": known.use(options_on(browser.get("/sign-in/passkey")))}
        assert browser.post("/sign-in/passkey", data=answer).status_code == 303

        assert browser.post("/sign-in/passkey", data=answer).status_code == 422


def test_a_refused_passkey_is_explained_and_may_be_tried_again(server, kept, known):
    known.verifies = False
    with browser_at(server) as browser:
        refused = enter(browser, known)

        assert refused.status_code == 422
        assert "not accepted" in refused.text
        assert 'data-at="once"' not in refused.text
        known.verifies = True
        answer = known.use(options_on(refused))
        tried = browser.post("/sign-in/passkey", data={"answer": answer})
        assert tried.status_code == 303


def test_a_refused_passkey_is_in_the_audit_log(server, kept, known):
    known.verifies = False
    with browser_at(server) as browser:
        enter(browser, known)

    failed = rows(
        kept,
        "SELECT outcome, actor_id, subject_kind, details ->> 'why' FROM audit_events "
        "WHERE action = 'session:start' AND details ->> 'method' = 'passkey' "
        "ORDER BY position DESC LIMIT 1",
    )
    assert failed == [("failed", None, "passkey", "not signed by it")]


def test_a_confirmation_is_noted_and_goes_on(server, kept, known):
    with signed_in(server, Role.ADMIN) as browser:
        answer = confirm(browser, known, next="/users")

        assert answer.headers["location"] == "/users"

    newest = (
        "SELECT method, now() - confirmed_at < interval '1 minute' FROM sessions "
        "ORDER BY id DESC LIMIT 1"
    )
    assert rows(kept, newest) == [("demo", True)]


def test_anothers_passkey_confirms_nothing(server, kept, known):
    theirs = device_for(server)
    with signed_in(server, Role.STAFF) as browser:
        add_passkey(browser, theirs)
    with signed_in(server, Role.ADMIN) as browser:
        refused = confirm(browser, theirs)

        assert refused.status_code == 422
        assert "not accepted" in refused.text
    (last,) = rows(
        kept,
        "SELECT outcome, actor_role FROM audit_events "
        "WHERE action = 'session:confirm' ORDER BY position DESC LIMIT 1",
    )
    assert last == ("failed", "admin")


def test_who_has_no_passkey_is_led_to_add_one_and_back(server, kept):
    with signed_in(server, Role.ADMIN) as browser:
        page = browser.get("/sign-in/confirm", params={"next": "/users"})

        assert "Add a passkey first" in page.text
        lead = re.search(r'class="button" href="([^"]*)"', page.text)[1]
        adding = browser.get(lead)
        way_on = re.search(r'name="next" value="([^"]*)"', adding.text)[1]
        assert way_on == "/sign-in/confirm?next=%2Fusers"


def test_an_old_sign_in_adds_no_first_passkey(server, kept):
    with signed_in(server, Role.ADMIN) as browser:
        offered = options_on(browser.get("/sign-in/passkeys"))
        with kept.begin() as connection:
            connection.execute(
                text("UPDATE sessions SET created_at = now() - interval '6 minutes'")
            )

        page = browser.get("/sign-in/passkeys")
        made = device_for(server).make(offered)
        refused = browser.post("/sign-in/passkeys", data={"answer": made})

    assert "data-options" not in page.text
    assert "/sign-in?next=%2Fsign-in%2Fpasskeys" in page.text
    assert refused.headers["location"] == "/sign-in?next=%2Fsign-in%2Fpasskeys"
    assert rows(kept, "SELECT id FROM passkeys") == []


def test_who_signs_in_again_for_a_first_passkey_still_comes_to_where_they_wanted(
    server, kept
):
    with signed_in(server, Role.ADMIN) as browser:
        with kept.begin() as connection:
            connection.execute(
                text("UPDATE sessions SET created_at = now() - interval '6 minutes'")
            )
        page = browser.get("/sign-in/passkeys", params={"next": "/invite"})
        again = re.search(r'class="button" href="(/sign-in\?[^"]*)"', page.text)[1]

        (back,) = parse_qs(urlsplit(unescape(again)).query)["next"]

        assert back == "/sign-in/passkeys?next=%2Finvite"
        browser.cookies.clear()
        code_page = browser.get(unescape(again))
    assert f'value="{back}"' in unescape(code_page.text)


def test_a_passkey_is_removed_after_using_it(server, kept, known):
    with signed_in(server, Role.ADMIN) as browser:
        ((passkey,),) = rows(kept, "SELECT id FROM passkeys")
        path, form = "/sign-in/passkeys/remove", {"passkey": str(passkey)}

        early = browser.post(path, data=form)
        back = "%2Fsign-in%2Fpasskeys"
        assert early.headers["location"] == f"/sign-in/confirm?next={back}"
        confirm(browser, known)

        assert browser.post(path, data=form).status_code == 303
        assert rows(kept, "SELECT id FROM passkeys") == []
        gone = browser.post(path, data=form)
        assert gone.status_code == 422
        assert "no such passkey" in gone.text


def test_by_a_number_instead_of_a_name_passkeys_are_not_offered(server):
    for path in ("/sign-in/passkey", "/sign-in/passkeys"):
        with server.signed_in(Role.ADMIN) as browser:
            page = browser.get(path)

        assert "Passkeys need a server name" in page.text
        assert f'href="{origin_of(server)}{path}"' in page.text


@pytest.mark.parametrize("path", ["/sign-in/passkeys", "/sign-in/confirm"])
def test_strangers_sign_in_first_and_come_back(server, path):
    answer = httpx.get(f"{origin_of(server)}{path}?next=/users")

    assert answer.status_code == 303
    escaped = path.replace("/", "%2F")
    assert answer.headers["location"] == f"/sign-in?next={escaped}%3Fnext%3D%2Fusers"


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in/passkey",
        "/sign-in/passkeys",
        "/sign-in/passkeys/remove",
        "/sign-in/confirm",
    ],
)
def test_forms_of_other_sites_do_nothing(server, path):
    with signed_in(server, Role.ADMIN) as browser:
        browser.headers["Sec-Fetch-Site"] = "cross-site"

        assert browser.post(path, data={"answer": "{}"}).status_code == 403


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", '{"response": 7}', "\x00"])
def test_nonsense_is_refused_in_words(server, answer):
    with browser_at(server) as browser:
        browser.get("/sign-in/passkey")

        refused = browser.post("/sign-in/passkey", data={"answer": answer})

    assert refused.status_code == 422
    assert "not accepted" in refused.text


def test_the_pages_run_their_own_script_only(server, kept):
    with signed_in(server, Role.ADMIN) as browser:
        page = browser.get("/sign-in/passkeys")

    policy = page.headers["content-security-policy"]
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)[1]
    assert page.text.count("<script") == 1
    assert f'<script nonce="{nonce}">' in page.text
    assert "unsafe" not in policy


def test_strangers_do_not_keep_out_whom_a_browser_knows_by_passkey(server, kept):
    """A browser that has only used passkeys counts as its owner's for codes, too."""
    address = {"email": cast.DEMO[Role.ANALYST].email}
    device = device_for(server)
    with signed_in(server, Role.ANALYST) as elsewhere:
        add_passkey(elsewhere, device)
    with browser_at(server) as browser, browser_at(server) as stranger:
        assert enter(browser, device).status_code == 303
        for _ in range(6):
            refused = stranger.post("/sign-in", data=address)
        assert refused.status_code == 429

        answer = browser.post("/sign-in", data=address)

    assert answer.status_code == 303
