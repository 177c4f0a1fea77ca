"""Removes bulk exports a day after they were asked for."""

import logging
from datetime import UTC, datetime

from db.files.gridfs import FileStore
from db.postgres import SYSTEM, Database
from jobs.worker.tasks import Stores, every
from services.fhir import bulk_exports

_log = logging.getLogger(__name__)


@every("*/10 * * * *", is_alone=True)
def expire_bulk_exports(stores: Stores) -> None:
    """Remove exports whose day is over, and what crashes have left of others."""
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
