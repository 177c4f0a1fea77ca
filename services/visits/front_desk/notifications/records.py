"""Notifications of visits and documents as they are kept and shown."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

NotificationState = Literal["waiting", "sent", "given up"]


class NotificationKind(StrEnum):
    """What a notification is about."""

    CONFIRMED = "confirmed"
    MOVED = "moved"
    CANCELLED = "cancelled"
    REMINDER = "reminder"
    OFFER = "offer"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    """A notification in the outbox, with just enough of the address to tell two apart.

    `attempts` is how often a mail server was asked to take the e-mail.
    """

    id: UUID
    kind: NotificationKind
    to: str
    subject: str
    text: str
    created_at: datetime
    send_at: datetime
    attempts: int
    sent_at: datetime | None
    given_up_at: datetime | None

    @property
    def state(self) -> NotificationState:
        """Whether the notification waits, was sent or was given up."""
        if self.sent_at is not None:
            return "sent"
        return "waiting" if self.given_up_at is None else "given up"


@dataclass(frozen=True, slots=True)
class OutboxSummary:
    """How many notifications wait, were sent or were given up; and the newest."""

    waiting: int
    sent: int
    given_up: int
    newest: tuple[NotificationRecord, ...]
