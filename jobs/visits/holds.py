"""What the background does with visits: tidies holds that have run out."""

import logging
from typing import Final

from procrastinate import JobContext

from db.postgres import SYSTEM, Database
from jobs.worker.tasks import Stores, queue
from services.visits.booking import bookings

_AT_ONCE: Final = 100
_log = logging.getLogger(__name__)


# The sixth field is seconds.
@queue.periodic(cron="* * * * * */30")
@queue.task(
    name="tidy_bookings",
    lock="tidy_bookings",
    queueing_lock="tidy_bookings",
    pass_context=True,
)
def tidy_bookings(context: JobContext, timestamp: int) -> None:
    """Write down which holds ran out, and tell who waits for their slots."""
    del timestamp
    tidy(Stores.of(context).database)


def tidy(database: Database) -> None:
    """Tidy some holds after the other, in short transactions."""
    ended = _AT_ONCE
    while ended == _AT_ONCE:
        ended = database.write(
            lambda session: bookings.expire_due(session, at_once=_AT_ONCE),
            identity=SYSTEM,
        ).value
        if ended:
            _log.info("%d holds ran out.", ended)
