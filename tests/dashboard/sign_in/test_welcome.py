"""The link in an invitation: it greets, lets in once, and leads on."""

import pytest
from sqlalchemy.orm import Session

from services.core import throttling
from services.core.actors import Role
from services.people.accounts import invitations
from tests.kit import cast
from tests.services.people.people_samples import desk


@pytest.fixture
def kept(module_engine):
    """The server's database as its owner sees it."""
    with Session(module_engine) as session:
        yield session


@pytest.fixture
def link(kept):
    """Return the path of a new invitation of a new person."""

    def link(role=Role.STAFF):
        if role is Role.PATIENT:
            clerk = desk(kept, Role.STAFF).actor
            ada = cast.add_patient(kept, cast.invent_patient())
            invited = invitations.invite_patient(kept, clerk, ada.id)
        else:
            boss = desk(kept)
            invited = invitations.invite(
                kept,
                boss.actor,
                name="Cleo <Clerk>",
                email=f"{boss.actor.id.hex}@clinic.example",
                role=role,
                **boss.fresh,
            )
        kept.commit()
        return f"/welcome/{invited.token}"

    return link


def test_opening_the_link_greets_and_uses_nothing_up(server, link):
    path = link()
    with server.browser() as browser:
        for _ in range(2):
            page = browser.get(path)

            assert page.status_code == 200
            assert "Welcome to Chartroom, Cleo &lt;Clerk&gt;" in page.text
            assert "set-cookie" not in page.headers
        assert browser.get("/").headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    ("role", "leads_to"),
    [(Role.CLINICIAN, "/sign-in/passkeys?next=/"), (Role.PATIENT, "/")],
)
def test_the_button_signs_in_and_leads_on(server, link, role, leads_to):
    with server.browser() as browser:
        entered = browser.post(link(role))

        assert entered.status_code == 303
        assert entered.headers["location"] == leads_to
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert browser.get("/").status_code == 200


def test_a_used_link_opens_nothing_and_says_what_to_do(server, link):
    path = link()
    with server.browser() as first, server.browser() as second:
        first.post(path)

        for answer in (second.get(path), second.post(path)):
            assert answer.status_code == 410
            assert "ask the person who invited you" in answer.text
            assert "set-cookie" not in answer.headers
        assert second.get("/").status_code == 303


@pytest.mark.parametrize("token", ["x", "A" * 43, "%00" * 43])
def test_an_invented_link_opens_nothing(server, token):
    with server.browser() as browser:
        assert browser.get(f"/welcome/{token}").status_code == 410
        assert browser.post(f"/welcome/{token}").status_code == 410


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_another_site_cannot_sign_a_browser_in_with_a_link(server, link, headers):
    path = link()
    with server.browser() as browser:
        browser.headers.pop("Origin")
        browser.headers.pop("Sec-Fetch-Site")

        assert browser.post(path, headers=headers).status_code == 403
    with server.browser() as browser:
        assert browser.get(path).status_code == 200


def test_the_token_is_neither_logged_nor_counted(server, link):
    path = link()
    with server.browser() as browser:
        browser.get(path)
        browser.post(path)

    token = path.rpartition("/")[2]
    assert token not in server.log.read_text()
    assert "/welcome/{token}" in server.log.read_text()


def test_guessing_links_has_a_limit(guessed):
    with guessed.browser() as browser:
        tries = range(throttling.LINKS_PER_NETWORK.amount + 1)
        answers = [browser.get(f"/welcome/{n:043}") for n in tries]

    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
