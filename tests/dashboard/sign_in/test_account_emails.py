"""E-mails to people: an invitation's link, and the notice of a new address."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from dashboard.sign_in import account_emails
from dashboard.web.public_address import public_address
from db.settings import Settings
from services.people.accounts.invitations import NewInvitation
from tests.browser.running import free_port
from tests.kit import cast
from tests.kit.mailbox import Mailbox, mail_server

DORA = NewInvitation(
    uuid4(),
    cast.DORA.name,
    cast.DORA.email,
    "t" * 43,
    datetime(2026, 11, 23, tzinfo=UTC),
)
LINK = f"https://chartroom.example.org/welcome/{DORA.token}"


def settings(port=None, **values):
    mail = {
        "smtp_url": f"smtp://127.0.0.1:{port}",
        "mail_from": "Chartroom <chartroom@example.org>",
    }
    return Settings(
        _env_file=None,
        public_url="https://chartroom.example.org",
        **(mail if port else {}),
        **({"demo": False} | values),
    )


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def port(mailbox):
    with mail_server(mailbox) as port:
        yield port


def test_the_link_is_mailed_and_stands_nowhere_else(port, mailbox):
    sent = account_emails.send(settings(port), DORA)

    (email,) = mailbox.emails
    assert email["To"] == cast.DORA.email
    assert LINK in email.get_content()
    assert sent == account_emails.Delivered(is_sent=True, link=None)


def test_the_email_names_no_role_and_no_record(port, mailbox):
    account_emails.send(settings(port), DORA)

    words = mailbox.emails[0].get_content().lower().split()
    assert not {"patient", "staff", "clinician", "analyst", "admin"} & set(words)


@pytest.mark.parametrize("refusal", ["451 later", "550 no such user"])
def test_an_email_that_is_not_taken_leaves_the_link_on_screen(port, mailbox, refusal):
    mailbox.refusal = refusal

    sent = account_emails.send(settings(port), DORA)

    assert sent == account_emails.Delivered(is_sent=False, link=LINK)


def test_a_mail_server_that_is_down_leaves_the_link_on_screen():
    sent = account_emails.send(settings(free_port()), DORA)

    assert sent == account_emails.Delivered(is_sent=False, link=LINK)


def test_without_a_mail_server_the_link_stands_on_screen():
    assert account_emails.send(settings(), DORA).link == LINK


def test_the_demo_shows_the_link_in_any_case(port, mailbox):
    sent = account_emails.send(settings(port, demo=True), DORA)

    assert sent == account_emails.Delivered(is_sent=True, link=LINK)
    assert len(mailbox.emails) == 1


def test_the_former_address_is_told_that_codes_go_elsewhere(port, mailbox):
    account_emails.send_address_change(
        settings(port), cast.DORA.name, "old@example.org"
    )

    (email,) = mailbox.emails
    assert email["To"] == "old@example.org"
    assert "tell your clinic at once" in email.get_content()


def test_a_former_address_that_takes_no_email_is_no_mistake(port, mailbox):
    mailbox.refusal = "550 no such user"

    account_emails.send_address_change(
        settings(port), cast.DORA.name, "old@example.org"
    )
    account_emails.send_address_change(settings(), cast.DORA.name, "old@example.org")

    assert mailbox.emails == []


def test_without_a_public_address_links_lead_to_this_machine():
    here = Settings(_env_file=None, host="0.0.0.0", port=8600)  # noqa: S104

    link = account_emails.link_of(public_address(here), DORA)

    assert link.startswith("http://localhost:8600/welcome/")
