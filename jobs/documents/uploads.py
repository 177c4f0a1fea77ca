"""Removes uploads in parts that nobody filed in time, and their bytes."""

import logging
from datetime import UTC, datetime

from db.files.gridfs import FileStore
from db.postgres import SYSTEM, Database
from jobs.worker.tasks import Stores, every
from services.documents import uploads

_log = logging.getLogger(__name__)


@every("*/10 * * * *", is_alone=True)
def expire_uploads(stores: Stores) -> None:
    """Remove uploads whose time is over, and what crashes have left of others."""
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
