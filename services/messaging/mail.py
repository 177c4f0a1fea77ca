"""E-mails to people, through the clinic's own mail server."""

import logging
import smtplib
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

from db.auth_settings import THIS_MACHINE
from db.json_http import machine_trust
from db.settings import Settings
from services.core.errors import Unavailable

_SECONDS: Final = 15
#: Whoever has claimed an e-mail settles it within this time or has died: a mail server
#: is given 15 seconds for each of about ten answers.
CLAIMED: Final = timedelta(minutes=15)
_PORTS: Final = {"smtp": 587, "smtps": 465}
_SENDERS: Final = 4
_log = logging.getLogger(__name__)


class MailNotSent(Unavailable):
    """The mail server did not take the e-mail."""

    def __init__(self) -> None:
        super().__init__(
            "The e-mail could not be sent: the mail server is not accepting it right "
            "now. Try again in a minute."
        )


@dataclass(frozen=True, slots=True)
class PdfAttachment:
    """A PDF attached to an e-mail. Like the text, it names no patient."""

    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Email:
    """A plain text for one person. No health data: mail is a postcard."""

    to: str
    subject: str
    text: str
    attachment: PdfAttachment | None = None


class Mailer(Protocol):
    """Anything that accepts e-mails."""

    def send(self, email: Email) -> None:
        """Hand the e-mail over, or raise MailNotSent."""


def is_taken(mailer: Mailer, email: Email) -> bool:
    """Hand an e-mail over; return whether the mail server took it."""
    try:
        mailer.send(email)
    except MailNotSent:
        return False
    return True


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server, as CHARTROOM_SMTP_URL names it."""

    host: str
    port: int
    username: str | None
    password: str | None
    is_tls_from_the_start: bool

    @classmethod
    def at(cls, url: str) -> "MailServer":
        """Parse `smtp://user:password@host:port`, or raise ValueError with the reason.

        `smtps` uses TLS from the start, `smtp` after STARTTLS.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                "is not a mail server; write smtp://user:password@host:587 or "
                "smtps://user:password@host:465"
            )
        return cls(
            parts.hostname,
            parts.port or _PORTS[parts.scheme],
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            parts.scheme == "smtps",
        )

    @property
    def is_this_machine(self) -> bool:
        """Whether e-mails reach it without leaving this machine."""
        return self.host in THIS_MACHINE


class SmtpMailer:
    """Sends each e-mail over a connection of its own, encrypted beyond this machine."""

    def __init__(
        self,
        server: MailServer,
        *,
        sender: str,
        tls: ssl.SSLContext | None = None,
        timeout_seconds: float = _SECONDS,
    ) -> None:
        self._server = server
        self._sender = sender
        # Verifies the certificate and the host name against the system's authorities.
        self._tls = tls or machine_trust()
        self._timeout_seconds = timeout_seconds

    def send(self, email: Email) -> None:
        """Hand the e-mail over, or raise MailNotSent."""
        try:
            with self._connected() as smtp:
                smtp.send_message(self._message(email))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            # Its text names the person, and may quote the message.
            _log.warning("An e-mail was not sent: %s.", type(error).__name__)
            raise MailNotSent from None

    def _message(self, email: Email) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = _deliverable(email.to)
        message["Subject"] = email.subject
        message["Date"] = formatdate()
        _, address = parseaddr(self._sender)
        # Otherwise the id would tell the world this machine's name.
        message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
        # So that nobody's out-of-office reply is sent (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(email.text)
        if email.attachment is not None:
            message.add_attachment(
                email.attachment.content,
                maintype="application",
                subtype="pdf",
                filename=email.attachment.filename,
            )
        return message

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.is_tls_from_the_start:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host,
                server.port,
                timeout=self._timeout_seconds,
                context=self._tls,
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=self._timeout_seconds)
        try:
            self._greet(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _greet(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo()
        server = self._server
        # If a server suddenly offers no TLS, somebody may be in between.
        if not server.is_tls_from_the_start and (
            smtp.has_extn("starttls") or not server.is_this_machine
        ):
            smtp.starttls(context=self._tls)
            smtp.ehlo()
        if server.username is not None:
            smtp.login(server.username, server.password or "")


def _deliverable(address: str) -> str:
    """Return an address with its domain in ASCII, unless its user's name is not.

    Few mail servers accept others (SMTPUTF8), and all of those on the way have to.
    """
    try:
        known = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return address
    # Without one in ASCII only such servers can be reached.
    return known.ascii_email or address


def mailer_of(settings: Settings) -> Mailer | None:
    """Return the mailer that these settings name, or None."""
    if settings.smtp_url is None or settings.mail_from is None:
        return None
    server = MailServer.at(settings.smtp_url.get_secret_value())
    return SmtpMailer(server, sender=settings.mail_from)


class MailQueue:
    """Sends in the background, so that response times do not reveal who has an account.

    Failures were logged where they occurred; the person asks for another code.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="outbox")

    def post(self, send: Callable[[], None]) -> None:
        """Run `send` soon, in a background thread."""
        self._pool.submit(_quietly, send)

    def close(self) -> None:
        """Wait for what is being sent; drop what was not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _quietly(send: Callable[[], None]) -> None:
    try:
        send()
    except Unavailable:
        return
    except Exception:
        # Nobody waits for the result, so the error would be lost silently.
        _log.exception("Sending a message failed with an unexpected error.")
