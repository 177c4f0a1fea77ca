"""Removes uploads in parts that nobody filed in time, and their bytes."""

import logging
from datetime import UTC, datetime

from procrastinate import JobContext

from db.files.gridfs import FileStore
from db.postgres import SYSTEM, Database
from jobs.worker.tasks import Stores, queue
from services.documents import uploads

_log = logging.getLogger(__name__)


@queue.periodic(cron="*/10 * * * *")
@queue.task(
    name="expire_uploads",
    queueing_lock="expire_uploads",
    lock="expire_uploads",
    pass_context=True,
)
def expire_uploads(context: JobContext, timestamp: int) -> None:
    """Remove uploads whose time is over, and what crashes have left of others."""
    del timestamp
    stores = Stores.of(context)
    expire(stores.database, stores.files, datetime.now(UTC))


def expire(database: Database, files: FileStore, now: datetime) -> None:
    """End uploads that have expired: first their rows, then their bytes.

    It may be interrupted anywhere: bytes without a row are old enough a day later.
    """
    ended = database.write(uploads.expire, identity=SYSTEM).value
    uploads.discard(files, ended)
    left = uploads.remove_leftovers(files, now)
    if ended or left:
        _log.info("Removed %d parts of expired uploads.", len(ended) + left)
