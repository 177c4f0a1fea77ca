"""Letters to patients about their visits."""

from services.visits.front_desk.notifications.outbox import look
from services.visits.front_desk.notifications.records import (
    LetterKind,
    LetterRecord,
    OutboxSummary,
)
from services.visits.front_desk.notifications.sending import give_up_stale, send_next
from services.visits.front_desk.notifications.wording import Letterhead
from services.visits.front_desk.notifications.writing import remind, write

__all__ = [
    "LetterKind",
    "LetterRecord",
    "Letterhead",
    "OutboxSummary",
    "give_up_stale",
    "look",
    "remind",
    "send_next",
    "write",
]
