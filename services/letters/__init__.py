"""Letters to patients about their visits."""

from services.letters.outbox import look
from services.letters.records import LetterKind, LetterRecord, OutboxSummary
from services.letters.sending import give_up_stale, send_next
from services.letters.wording import Letterhead
from services.letters.writing import remind, write

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
