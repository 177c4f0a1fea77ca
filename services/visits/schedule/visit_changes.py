"""Announces changes of doctors, slots and bookings after the commit.

All processes that cache them are notified: see services.visits.figures.caches.
"""

from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from db.postgres import notifier_of
from services.core import after_commit

CHANNEL: Final = "visits"


def announce_change(session: Session) -> None:
    """Notify all processes of a change once the session is committed.

    To be called where something was written. Nobody waits for it: see
    db.postgres.transactions.notifying.
    """
    notifier = notifier_of(session)
    # Without a notifier there is nothing to tell: only Database writes what others may
    # read.
    if notifier is not None:
        after_commit.call(session, partial(notifier.tell, CHANNEL))
