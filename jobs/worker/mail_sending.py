"""Sends waiting messages one by one: each is claimed, sent and settled."""

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Final, Protocol, TypeVar

from sqlalchemy.orm import Session

from db.postgres import SYSTEM, Database
from services.messaging.mail import Email, Mailer, is_taken

# One refused address holds up nobody; a server that is away is left alone.
_MOST_FAILURES: Final = 3


class Claimed(Protocol):
    """A message that one worker is to send; without an e-mail it was withheld."""

    @property
    def email(self) -> Email | None:
        """The e-mail."""


M = TypeVar("M")
C = TypeVar("C", bound=Claimed)


def send_waiting(
    database: Database,
    mailer: Mailer,
    claim: Callable[[Session], C | None],
    settle: Callable[..., None],
    *,
    seconds: float,
) -> int:
    """Send e-mails until none is due, time is up or too many failed; return how many.

    `settle` is called with the session, what was claimed and `is_sent`. Each message is
    claimed and settled in a transaction of its own.
    """

    def send(claimed: C) -> bool | None:
        return None if claimed.email is None else is_taken(mailer, claimed.email)

    return deliver_waiting(database, send, claim, settle, seconds=seconds)


def deliver_waiting(
    database: Database,
    deliver: Callable[[M], bool | None],
    claim: Callable[[Session], M | None],
    settle: Callable[..., None],
    *,
    seconds: float,
) -> int:
    """Deliver messages of any kind as `send_waiting` does e-mails.

    `deliver` returns whether the message was accepted, or None if it was withheld and
    is settled already.
    """
    until = monotonic() + seconds
    sent = failures = 0
    while failures < _MOST_FAILURES and monotonic() < until:
        claimed = database.write(claim, identity=SYSTEM).value
        if claimed is None:
            break
        # In no transaction: a mail server may take its time, while people stop the
        # worker, delete rows and leave.
        is_sent = deliver(claimed)
        if is_sent is None:
            continue
        settle_message = partial(settle, claimed=claimed, is_sent=is_sent)
        database.write(settle_message, identity=SYSTEM)
        sent, failures = sent + is_sent, failures + (not is_sent)
    return sent
