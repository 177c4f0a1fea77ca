"""Letters about visits as they are kept and shown."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

LetterState = Literal["waiting", "sent", "given up"]


class LetterKind(StrEnum):
    """What a letter tells of."""

    CONFIRMED = "confirmed"
    MOVED = "moved"
    CANCELLED = "cancelled"
    REMINDER = "reminder"
    OFFER = "offer"


@dataclass(frozen=True, slots=True)
class LetterRecord:
    """A letter in the outbox; of the address it shows enough to tell two apart.

    `attempts` is how often a mail server was asked to take it.
    """

    id: UUID
    kind: LetterKind
    to: str
    subject: str
    text: str
    created_at: datetime
    send_at: datetime
    attempts: int
    sent_at: datetime | None
    given_up_at: datetime | None

    @property
    def state(self) -> LetterState:
        """Whether the notification is out."""
        if self.sent_at is not None:
            return "sent"
        return "waiting" if self.given_up_at is None else "given up"


@dataclass(frozen=True, slots=True)
class OutboxSummary:
    """How many letters wait, are out, and were given up; and the newest of them."""

    waiting: int
    sent: int
    given_up: int
    newest: tuple[LetterRecord, ...]
