"""Removes bulk exports a day after they were asked for."""

import logging
from datetime import UTC, datetime

from procrastinate import JobContext

from db.files.gridfs import FileStore
from db.postgres import SYSTEM, Database
from jobs.worker.tasks import Stores, queue
from services.fhir import bulk_exports

_log = logging.getLogger(__name__)


@queue.periodic(cron="*/10 * * * *")
@queue.task(
    name="expire_bulk_exports",
    queueing_lock="expire_bulk_exports",
    lock="expire_bulk_exports",
    pass_context=True,
)
def expire_bulk_exports(context: JobContext, timestamp: int) -> None:
    """Remove exports whose day is over, and what crashes have left of others."""
    del timestamp
    stores = Stores.of(context)
    expire(stores.database, stores.files, datetime.now(UTC))


def expire(database: Database, files: FileStore, now: datetime) -> None:
    """End exports that have expired: first their rows, then their files.

    It may be interrupted anywhere: a file without a row is old enough an hour later.
    """
    ended = database.write(bulk_exports.expire, identity=SYSTEM).value
    bulk_exports.discard(files, ended)
    left = bulk_exports.remove_leftovers(files, now)
    if ended or left:
        _log.info("Removed %d files of bulk exports.", len(ended) + left)
