"""Background work on bookings: tidies expired holds, and forgets newcomers."""

import logging

from procrastinate import JobContext

from db.postgres import Database
from jobs.worker.repeating import repeated
from jobs.worker.tasks import Stores, queue
from services.visits import newcomers
from services.visits.booking import bookings

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
    """Record which holds expired, and notify those who wait for their slots."""
    del timestamp
    tidy(Stores.of(context).database)


def tidy(database: Database) -> None:
    """Tidy holds in short transactions, some in each."""
    for ended in repeated(database, bookings.expire_due):
        words = "hold ran out and is" if ended == 1 else "holds ran out and are"
        _log.info("%d %s EXPIRED.", ended, words)
    for ended in repeated(database, newcomers.expire_due):
        words = "hold ran out and is" if ended == 1 else "holds ran out and are"
        _log.info("%d newcomers' %s FAILED.", ended, words)


@queue.periodic(cron="47 * * * *")
@queue.task(
    name="forget_newcomers",
    lock="forget_newcomers",
    queueing_lock="forget_newcomers",
    pass_context=True,
)
def forget_newcomers(context: JobContext, timestamp: int) -> None:
    """Delete names and addresses of people who booked and did not become patients."""
    del timestamp
    forget(Stores.of(context).database)


def forget(database: Database) -> None:
    """Delete what is due in short transactions, some in each."""
    for deleted in repeated(database, newcomers.forget):
        _log.info("Deleted the names and addresses of %d newcomers.", deleted)
