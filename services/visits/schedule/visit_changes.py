"""Changes of doctors, of their slots, and of who has one: told after the commit.

Told to every process that keeps something of it: see services.visits.figures.caches.
"""

from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from db.postgres import notifier_of
from services.core import after_commit

CHANNEL: Final = "visits"


def changed(session: Session) -> None:
    """Tell all processes, once the session is committed, that something is new.

    Call it where something was written. Nobody waits for it: see
    db.postgres.transactions.notifying.
    """
    notifier = notifier_of(session)
    # Without one nothing is told: only Database writes what others may read.
    if notifier is not None:
        after_commit.call(session, partial(notifier.tell, CHANNEL))
