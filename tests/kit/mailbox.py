"""A real mail server for tests, and the e-mails that have arrived there."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.messaging.mail import MailServer, SmtpMailer
from tests.browser.running import free_port


@dataclass
class Mailbox:
    """Keeps the e-mails that arrive, and how each was delivered."""

    refusal: str | None = None
    # The recipients that are unknown here.
    unknown: frozenset[str] = frozenset()
    delay_seconds: float = 0.0
    # While it is shut, e-mails wait at the door.
    is_shut: bool = False
    emails: list[EmailMessage] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    users: list[str | None] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802 (the name that aiosmtpd calls)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        await asyncio.sleep(self.delay_seconds)
        while self.is_shut:
            await asyncio.sleep(0.01)
        if self.refusal:
            return self.refusal
        if self.unknown.intersection(envelope.rcpt_tos):
            return "550 Nobody here"
        self.emails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.encrypted.append(session.ssl is not None or server.transport_is_tls)
        login = session.auth_data
        self.users.append(login.login.decode() if login else None)
        return "250 OK"


class _Smtp(SMTP):
    @property
    def transport_is_tls(self) -> bool:
        return self.transport.get_extra_info("sslcontext") is not None


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Smtp(self.handler, **self.SMTP_kwargs)


@contextmanager
def mail_server(
    mailbox: Mailbox, host: str = "127.0.0.1", **options: Any
) -> Iterator[int]:
    """Serve on a port of its own, and yield the port."""
    port = free_port()
    controller = _Controller(mailbox, hostname=host, port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@contextmanager
def mailer_to(
    mailbox: Mailbox, *, sender: str = "Chartroom <chartroom@example.org>"
) -> Iterator[SmtpMailer]:
    """Serve, and yield a mailer that sends to this mailbox."""
    with mail_server(mailbox) as port:
        yield SmtpMailer(MailServer.at(f"smtp://127.0.0.1:{port}"), sender=sender)
