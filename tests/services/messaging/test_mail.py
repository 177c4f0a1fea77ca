"""E-mails over a real mail server: encrypted, addressed, and refused without a leak."""

import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from services.messaging.mail import (
    Email,
    MailNotSent,
    MailQueue,
    MailServer,
    SmtpMailer,
)
from tests.kit.mailbox import Mailbox, mail_server
from tests.kit.own_authority import own_certificate, serving_with

EMAIL = Email("rosa.lindqvist@example.org", "Your code", "Your code is 271828.\n")
SENDER = "Chartroom <chartroom@example.org>"


def _checks(server, session, envelope, mechanism, data) -> AuthResult:
    assert isinstance(data, LoginPassword)
    right = (data.login, data.password) == (b"chartroom", b"s@cret")
    return AuthResult(success=right, handled=False, auth_data=data)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate with its key."""
    return own_certificate(tmp_path_factory.mktemp("mail"))


@pytest.fixture(scope="module")
def serving(certificate: Path) -> ssl.SSLContext:
    return serving_with(certificate)


@pytest.fixture(scope="module")
def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


Start = Callable[..., int]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a mail server and returns its port."""
    with ExitStack() as running:
        yield lambda mailbox, **options: running.enter_context(
            mail_server(mailbox, **options)
        )


def _mailer(url: str, tls: ssl.SSLContext | None = None) -> SmtpMailer:
    return SmtpMailer(MailServer.at(url), sender=SENDER, tls=tls, timeout_seconds=5)


def test_an_email_arrives_as_it_was_written(start):
    mailbox = Mailbox()
    port = start(mailbox)

    _mailer(f"smtp://127.0.0.1:{port}").send(EMAIL)

    (email,) = mailbox.emails
    assert email["To"] == EMAIL.to
    assert email["From"] == SENDER
    assert email["Subject"] == EMAIL.subject
    assert email.get_content().splitlines() == EMAIL.text.splitlines()
    assert email["Auto-Submitted"] == "auto-generated"
    assert email["Message-ID"].endswith("@example.org>")


@pytest.mark.parametrize("knows_utf8", [True, False])
def test_a_domain_with_an_umlaut_gets_its_email_from_every_server(start, knows_utf8):
    mailbox = Mailbox()
    port = start(mailbox, enable_SMTPUTF8=knows_utf8)
    to_patient = replace(EMAIL, to="info@praxis-müller.example.org")

    _mailer(f"smtp://127.0.0.1:{port}").send(to_patient)

    (email,) = mailbox.emails
    assert email["To"] == "info@xn--praxis-mller-klb.example.org"


def test_a_name_with_an_umlaut_is_written_as_it_is(start):
    mailbox = Mailbox()
    port = start(mailbox)

    _mailer(f"smtp://127.0.0.1:{port}").send(replace(EMAIL, to="jörg@example.org"))

    (email,) = mailbox.emails
    assert email["To"] == "jörg@example.org"


def test_starttls_encrypts_and_the_password_goes_only_then(start, serving, trusting):
    mailbox = Mailbox()
    port = start(
        mailbox,
        tls_context=serving,
        require_starttls=True,
        authenticator=_checks,
        auth_required=True,
    )

    _mailer(f"smtp://chartroom:s%40cret@127.0.0.1:{port}", trusting).send(EMAIL)

    assert mailbox.encrypted == [True]
    assert mailbox.users == ["chartroom"]


def test_smtps_is_encrypted_from_the_start(start, serving, trusting):
    mailbox = Mailbox()
    port = start(mailbox, ssl_context=serving)

    _mailer(f"smtps://127.0.0.1:{port}", trusting).send(EMAIL)

    assert mailbox.encrypted == [True]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_nobody_vouches_for_gets_nothing(start, serving, scheme):
    mailbox = Mailbox()
    by = {"smtp": {"tls_context": serving}, "smtps": {"ssl_context": serving}}
    port = start(mailbox, **by[scheme])

    with pytest.raises(MailNotSent):
        _mailer(f"{scheme}://127.0.0.1:{port}").send(EMAIL)

    assert mailbox.emails == []


def test_beyond_this_machine_nothing_goes_without_encryption(start):
    """127.0.0.2 is not on the list of this machine's names, yet it answers here."""
    mailbox = Mailbox()
    port = start(mailbox, host="127.0.0.2")

    with pytest.raises(MailNotSent):
        _mailer(f"smtp://127.0.0.2:{port}").send(EMAIL)

    assert mailbox.emails == []


@pytest.mark.parametrize(
    "url",
    ["smtp://127.0.0.1:{port}", "smtp://127.0.0.1:1"],
    ids=["refused by the server", "no server"],
)
def test_what_is_not_taken_is_said_without_a_name_in_any_log(start, caplog, url):
    mailbox = Mailbox(refusal="554 rosa.lindqvist@example.org is unknown here")
    port = start(mailbox)

    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(MailNotSent, match="could not be sent"),
    ):
        _mailer(url.format(port=port)).send(EMAIL)

    ours = [
        r.getMessage() for r in caplog.records if r.name == "services.messaging.mail"
    ]
    assert len(ours) == 1
    assert "rosa" not in ours[0]


def test_a_wrong_password_sends_nothing(start, serving, trusting):
    mailbox = Mailbox()
    port = start(mailbox, tls_context=serving, authenticator=_checks)

    with pytest.raises(MailNotSent):
        _mailer(f"smtp://chartroom:wrong@127.0.0.1:{port}", trusting).send(EMAIL)

    assert mailbox.emails == []


@pytest.mark.parametrize("part", ["to", "subject"])
def test_a_line_break_adds_no_header(start, part):
    mailbox = Mailbox()
    port = start(mailbox)
    values = {"to": "a@example.org", "subject": "x", "text": "y"}
    values[part] += "\nBcc: evil@example.com"

    with pytest.raises(MailNotSent):
        _mailer(f"smtp://127.0.0.1:{port}").send(Email(**values))

    assert mailbox.emails == []


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("smtp://mail.example.org", 587, False),
        ("smtps://mail.example.org", 465, True),
        ("smtp://mail.example.org:25", 25, False),
    ],
)
def test_ports_are_the_usual_ones_unless_named(url, port, tls):
    server = MailServer.at(url)

    assert (server.port, server.is_tls_from_the_start) == (port, tls)


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://mail.example.org", "smtp:"]
)
def test_what_is_no_mail_server_is_refused(url):
    with pytest.raises(ValueError, match="smtp://user:password@host:587"):
        MailServer.at(url)


def test_the_outbox_does_not_let_anybody_wait_and_survives_what_breaks(caplog):
    from threading import Event

    outbox, may_go, sent = MailQueue(), Event(), []

    def slowly() -> None:
        may_go.wait(5)
        sent.append("slow")

    def broken() -> None:
        raise RuntimeError

    outbox.post(slowly)
    outbox.post(broken)
    assert sent == []
    may_go.set()
    outbox.close()

    assert sent == ["slow"]
    assert "Sending a message failed with an unexpected error." in caplog.text
