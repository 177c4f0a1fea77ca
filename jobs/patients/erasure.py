"""Background work on archived patients: erases those whose time is over."""

import logging
from datetime import date
from functools import partial

from db.postgres import Database
from jobs.worker.repeating import repeated
from jobs.worker.tasks import Stores, every
from services.documents import erasure

_log = logging.getLogger(__name__)


# A little before the purge, which removes the files that are due from now on.
@every("33 * * * *", is_alone=True)
def erase_patients(stores: Stores) -> None:
    """Make tombstones of archived patients who need not be kept any longer."""
    erase(stores.database, today=stores.today())


def erase(database: Database, *, today: date | None = None) -> None:
    """Erase all who are due, a few in each transaction."""
    if erased := sum(repeated(database, partial(erasure.erase, today=today))):
        _log.info("Erased %d archived patients.", erased)
