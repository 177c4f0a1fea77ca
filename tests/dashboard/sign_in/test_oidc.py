"""Signing in by a clinic's provider: with a role or invitation, and no forged token."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text

from db.endpoints import Endpoints
from db.json_http import machine_trust
from services.core.actors import Role
from tests.browser.running import free_port
from tests.conftest import connect, owner
from tests.dashboard.conftest import Server, demo_of, serving
from tests.dashboard.passkey_pages import add_passkey, browser_at, device_for, signed_in
from tests.kit import cast
from tests.kit.openid_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    IdentityProvider,
    serving as providing,
)
from tests.kit.signing_in import sign_in

CLEO = {
    "sub": "cleo-1",
    "name": cast.CLEO.name,
    "email": cast.CLEO.email,
    "email_verified": True,
    "groups": ["desk"],
}
ROLES = {"doctors": "clinician", "desk": "staff", "chiefs": "admin"}


@dataclass
class Clinic:
    """A server, the provider that it trusts, and its data."""

    server: Server
    provider: IdentityProvider
    kept: Engine

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        with browser_at(self.server) as browser:
            yield browser

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.kept.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def failure(self) -> tuple[object, ...]:
        """Return the outcome and the reason of the last sign-in by the provider."""
        return self.rows(
            "SELECT outcome, actor_id, details ->> 'why' FROM audit_events "
            "WHERE action = 'session:start' AND details ->> 'method' = 'oidc' "
            "ORDER BY position DESC LIMIT 1"
        )[0]


@pytest.fixture(scope="module")
def running(
    module_endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clinic]:
    port = free_port()
    address = f"http://localhost:{port}"
    kept = connect(owner(module_endpoints))
    with (
        providing(f"{address}/sign-in/oidc/back") as provider,
        serving(
            module_endpoints,
            tmp_path_factory.mktemp("oidc"),
            cast=demo_of(module_endpoints),
            port=port,
            public_url=address,
            oidc_issuer=provider.issuer,
            oidc_client_id=CLIENT_ID,
            oidc_client_secret=CLIENT_SECRET,
            oidc_label="the clinic's account",
            oidc_roles=json.dumps(ROLES),
        ) as server,
    ):
        yield Clinic(server, provider, kept)
    kept.dispose()


@pytest.fixture
def clinic(running: Clinic) -> Clinic:
    """The clinic with an honest provider, at which Cleo is signed in."""
    running.provider.person = dict(CLEO)
    running.provider.bribe, running.provider.signs_with = {}, None
    running.provider.is_broken = False
    with running.kept.begin() as connection:
        for table in ("user_identities", "passkeys", "ceremonies"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(
            text(
                "UPDATE users SET email = gen_random_uuid() || '@gone.example' "
                "WHERE NOT is_demo"
            )
        )
    return running


def answer_to(browser: httpx.Client, way_on: str = "/") -> str:
    """Go to the provider and return the address to which it redirects back."""
    leaving = browser.get("/sign-in/oidc", params={"next": way_on})
    assert leaving.status_code == 303, leaving.text
    there = httpx.get(leaving.headers["location"], verify=machine_trust())
    return str(there.headers["location"])


def enter(browser: httpx.Client, way_on: str = "/") -> httpx.Response:
    return browser.get(answer_to(browser, way_on))


def test_the_way_is_offered_on_the_first_page(clinic):
    with clinic.browser() as browser:
        page = browser.get("/sign-in", params={"next": "/account"}).text

    assert "Sign in with the clinic&#39;s account" in page
    assert 'href="/sign-in/oidc?next=/account"' in page


def test_whom_a_group_gives_a_role_is_let_in_and_goes_on(clinic):
    with clinic.browser() as browser:
        answer = enter(browser, "/patients?list=k")

        assert answer.status_code == 303
        assert answer.headers["location"] == "/patients?list=k"
        assert browser.get("/").status_code == 200

    made = clinic.rows("SELECT name, role FROM users WHERE email LIKE 'cleo@%'")
    assert made == [("Cleo Clerk", "staff")]
    newest = "SELECT method, confirmed_at FROM sessions ORDER BY id DESC LIMIT 1"
    assert clinic.rows(newest) == [("oidc", None)]


def test_whom_nothing_lets_in_is_refused_in_words(clinic):
    clinic.provider.person["groups"] = ["visitors"]
    with clinic.browser() as browser:
        refused = enter(browser)

        assert refused.status_code == 403
        assert "you have no access to Chartroom" in refused.text
        assert browser.get("/").status_code == 303
    assert clinic.failure() == ("failed", None, "IdentityRefused")


@pytest.mark.parametrize(
    ("bribe", "why"),
    [
        ({"aud": "another-client"}, "InvalidClaimError: aud"),
        ({"nonce": "of another sign-in"}, "InvalidClaimError: nonce"),
        ({"iss": "https://evil.example"}, "InvalidClaimError: iss"),
        ({"exp": int(time.time()) - 60}, "ExpiredTokenError: exp"),
    ],
    ids=["audience", "nonce", "issuer", "expired"],
)
def test_asvs_6_8_2_a_token_that_does_not_hold_lets_nobody_in(clinic, bribe, why):
    clinic.provider.bribe = bribe
    with clinic.browser() as browser:
        refused = enter(browser)

        assert refused.status_code == 403
        assert "cannot be trusted" in refused.text
        assert browser.get("/").status_code == 303
    assert clinic.failure() == ("failed", None, why)


def test_asvs_10_5_4_a_token_signed_by_somebody_else_lets_nobody_in(clinic):
    clinic.provider.signs_with = RSAKey.generate_key(2048)
    with clinic.browser() as browser:
        assert enter(browser).status_code == 403

        assert browser.get("/").status_code == 303
    assert clinic.failure()[2] == "BadSignatureError"


def test_an_answer_counts_once(clinic):
    with clinic.browser() as browser:
        back = answer_to(browser)
        assert browser.get(back).status_code == 303

        replayed = browser.get(back)

    assert replayed.status_code == 403
    assert "Start again" in replayed.text
    assert clinic.failure()[2] == "CeremonyOver"


def test_another_browsers_answer_signs_nobody_in(clinic):
    """No link can lure anybody into somebody else's account."""
    with clinic.browser() as theirs, clinic.browser() as mine:
        answer_to(mine)

        refused = mine.get(answer_to(theirs))

        assert refused.status_code == 403
        assert mine.get("/").status_code == 303


def test_an_answer_without_our_question_signs_nobody_in(clinic):
    with clinic.browser() as browser:
        back = "/sign-in/oidc/back"

        assert browser.get(back, params={"code": "x"}).status_code == 403
        assert browser.get(back, params={"code": "x", "state": "y"}).status_code == 403


def test_an_answer_of_another_issuer_signs_nobody_in(clinic):
    with clinic.browser() as browser:
        refused = browser.get(f"{answer_to(browser)}&iss=https://evil.example")

    assert refused.status_code == 403
    assert clinic.failure()[2] == "another issuer's answer"


def test_who_says_no_at_the_provider_is_told_so(clinic):
    with clinic.browser() as browser:
        state = parse_qs(urlsplit(answer_to(browser)).query)["state"][0]

        refused = browser.get(
            "/sign-in/oidc/back", params={"error": "access_denied", "state": state}
        )

    assert "You did not finish there" in refused.text
    assert clinic.failure()[2] == "NotGranted"


def test_a_provider_that_fails_is_told_as_such(clinic):
    clinic.provider.is_broken = True
    with clinic.browser() as browser:
        refused = enter(browser)

    assert refused.status_code == 503
    assert "is not responding" in refused.text


def test_under_another_name_the_browser_is_sent_to_where_it_comes_back(clinic):
    with clinic.server.browser() as browser:
        leaving = browser.get("/sign-in/oidc?next=/account")

    public = f"http://localhost:{clinic.server.port}/sign-in/oidc?next=/account"
    assert leaving.headers["location"] == public


def test_an_address_lets_nobody_be_the_person_who_has_it(clinic):
    clinic.provider.person["email"] = cast.INES.email
    with clinic.browser() as browser:
        refused = enter(browser)

    assert "connect your account" in refused.text
    assert clinic.rows("SELECT 1 FROM user_identities") == []


def test_who_loses_their_role_is_signed_out_everywhere_until_they_have_one(clinic):
    groups = clinic.provider.person["groups"]
    with clinic.browser() as elsewhere, clinic.browser() as browser:
        assert enter(elsewhere).status_code == 303
        clinic.provider.person["groups"] = []
        assert enter(browser).status_code == 403

        assert elsewhere.get("/account").status_code == 303
        clinic.provider.person["groups"] = groups
        assert enter(browser).status_code == 303


def test_who_connects_an_account_signs_in_with_it(clinic):
    clinic.provider.person["groups"] = []
    with signed_in(clinic.server, Role.ADMIN) as browser:
        leaving = browser.post("/sign-in/oidc/connect")
        assert leaving.status_code == 200
        address = leaving.headers["refresh"].removeprefix("0; url=")
        back = httpx.get(address).headers["location"]
        assert browser.get(back).headers["location"] == "/sign-in/passkeys"
        assert "Disconnect it" in browser.get("/sign-in/passkeys").text

    with clinic.browser() as browser:
        assert enter(browser).status_code == 303
    newest = "SELECT user_id FROM sessions ORDER BY id DESC LIMIT 1"
    assert clinic.rows(newest) == [(clinic.server.cast[Role.ADMIN].id,)]

    with signed_in(clinic.server, Role.ADMIN) as browser:
        browser.post("/sign-in/oidc/disconnect")
    with clinic.browser() as browser:
        assert enter(browser).status_code == 403


@pytest.mark.parametrize("meanwhile", [None, Role.STAFF], ids=["nobody", "another"])
def test_an_account_is_connected_to_whoever_asked_only(clinic, meanwhile):
    with signed_in(clinic.server, Role.ADMIN) as browser:
        leaving = browser.post("/sign-in/oidc/connect")
        address = leaving.headers["refresh"].removeprefix("0; url=")
        back = httpx.get(address).headers["location"]
        browser.post("/sign-out")
        if meanwhile:
            sign_in(browser, cast.DEMO[meanwhile].email)

        assert browser.get(back).status_code == 403
    assert clinic.rows("SELECT 1 FROM user_identities") == []


def test_an_account_of_somebody_else_is_not_connected(clinic):
    with clinic.browser() as browser:
        enter(browser)
    with signed_in(clinic.server, Role.ADMIN) as browser:
        address = browser.post("/sign-in/oidc/connect").headers["refresh"]
        back = httpx.get(address.removeprefix("0; url=")).headers["location"]

        refused = browser.get(back)

    assert refused.status_code == 409
    assert "connected to somebody else" in refused.text
    failed = clinic.rows(
        "SELECT actor_id, details ->> 'why' FROM audit_events "
        "WHERE action = 'identity:link' AND outcome = 'failed'"
    )
    assert failed == [(clinic.server.cast[Role.ADMIN].id, "IdentityTaken")]


def test_another_site_cannot_connect_its_account_to_somebody(clinic):
    with signed_in(clinic.server, Role.ADMIN) as browser:
        browser.headers["Sec-Fetch-Site"] = "cross-site"

        assert browser.post("/sign-in/oidc/connect").status_code == 403


def test_who_has_a_passkey_uses_it_before_connecting(clinic):
    device = device_for(clinic.server)
    with signed_in(clinic.server, Role.STAFF) as browser:
        add_passkey(browser, device)

        leaving = browser.post("/sign-in/oidc/connect")

    assert leaving.headers["location"].startswith("/sign-in/confirm?next=")


def test_neither_codes_nor_names_are_logged(clinic):
    with clinic.browser() as browser:
        back = answer_to(browser)
        browser.get(back)

    code = parse_qs(urlsplit(back).query)["code"][0]
    log = clinic.server.log.read_text()
    assert "/sign-in/oidc/back" in log
    assert not re.search(rf"{code}|Clerk|cleo-1|cleo@|clinic\.example", log)
