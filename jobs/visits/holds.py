"""Background work on bookings: tidies expired holds, and forgets newcomers."""

import logging

from db.postgres import Database
from jobs.worker.repeating import repeated
from jobs.worker.tasks import Stores, every
from services.visits import newcomers
from services.visits.booking import bookings

_log = logging.getLogger(__name__)


# The sixth field is seconds.
@every("* * * * * */30", is_alone=True)
def tidy_bookings(stores: Stores) -> None:
    """Record which holds expired, and notify those who wait for their slots."""
    tidy(stores.database)


def tidy(database: Database) -> None:
    """Tidy holds in short transactions, some in each."""
    for ended in repeated(database, bookings.expire_due):
        words = "hold ran out and is" if ended == 1 else "holds ran out and are"
        _log.info("%d %s EXPIRED.", ended, words)
    for ended in repeated(database, newcomers.expire_due):
        words = "hold ran out and is" if ended == 1 else "holds ran out and are"
        _log.info("%d newcomers' %s FAILED.", ended, words)


@every("47 * * * *", is_alone=True)
def forget_newcomers(stores: Stores) -> None:
    """Delete names and addresses of people who booked and did not become patients."""
    forget(stores.database)


def forget(database: Database) -> None:
    """Delete what is due in short transactions, some in each."""
    for deleted in repeated(database, newcomers.forget):
        _log.info("Deleted the names and addresses of %d newcomers.", deleted)
