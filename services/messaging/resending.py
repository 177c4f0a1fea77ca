"""What becomes of a notification after an attempt to send it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func

from db.models.booking import VisitNotification
from db.models.replication import AlertNotification


def note_attempt(
    notification: AlertNotification | VisitNotification,
    pauses: Sequence[timedelta],
    *,
    is_sent: bool,
) -> None:
    """Note that a notification is sent, is tried again, or is given up.

    Its `attempts` count this one. It waits for each of the pauses in turn.
    """
    now: Any = func.now()
    if is_sent:
        notification.sent_at = now
    elif notification.attempts > len(pauses):
        notification.given_up_at = now
    else:
        notification.send_at = now + pauses[notification.attempts - 1]
