"""What becomes of a letter after an attempt to send it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func

from db.models.booking import VisitLetter
from db.models.replication import AlertLetter


def note_attempt(
    letter: AlertLetter | VisitLetter, pauses: Sequence[timedelta], *, is_sent: bool
) -> None:
    """Note that it is sent, when it is tried again, or that it is given up.

    It waits for each of the pauses in turn.
    """
    letter.attempts += 1
    now: Any = func.now()
    if is_sent:
        letter.sent_at = now
    elif letter.attempts > len(pauses):
        letter.given_up_at = now
    else:
        letter.send_at = now + pauses[letter.attempts - 1]
