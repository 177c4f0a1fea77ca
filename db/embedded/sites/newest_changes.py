"""The newest changes that a standby site has: all that would be left of the clinic."""

from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg2
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from db.embedded.cluster_addresses import Addresses
from db.embedded.servers import database_roles

# A server that has restarted since then knows of no replayed transaction; the worker's
# sign of life is written every ten seconds.
_ROWS: Final = """
SELECT coalesce(
    pg_last_xact_replay_timestamp(),
    (SELECT max(last_heartbeat) FROM procrastinate_workers)
)
"""
_FILES: Final = ".files"


@dataclass(frozen=True, slots=True)
class NewestChanges:
    """When the newest change of rows and of files was made that is here.

    `file_at` is when the newest file was stored, by which somebody may recognise it.
    Each is None if unknown.
    """

    rows_at: datetime | None
    files_at: datetime | None
    file_at: datetime | None

    @property
    def as_of(self) -> datetime | None:
        """The older of both: everything acknowledged before is here with its files."""
        if self.rows_at is None or self.files_at is None:
            return None
        return min(self.rows_at, self.files_at)


def look(addresses: Addresses) -> NewestChanges:
    """Ask the servers of this site."""
    names = addresses.members.ordinary
    urls = [addresses.node_url(name, "postgres", database_roles.NAME) for name in names]
    return look_at(urls, addresses.mongo.url)


def look_at(postgres: Iterable[str], mongo_url: str) -> NewestChanges:
    """Ask servers by URL; PostgreSQL's login must be able to read every table."""
    rows_at = max(_rows_at(postgres), default=None)
    files_at = file_at = None
    waits: dict[str, Any] = {"serverSelectionTimeoutMS": 3_000, "tz_aware": True}
    with (
        suppress(PyMongoError),
        MongoClient[dict[str, Any]](mongo_url, **waits) as client,
    ):
        said = client.admin.command("hello").get("lastWrite", {})
        if isinstance(at := said.get("lastWriteDate"), datetime):
            # Dates in a command's answer have no time zone, despite `tz_aware`.
            files_at = at.replace(tzinfo=UTC)
        file_at = max(_stored_at(client), default=None)
    return NewestChanges(rows_at, files_at, file_at)


def _rows_at(urls: Iterable[str]) -> Iterable[datetime]:
    for url in urls:
        with (
            suppress(psycopg2.Error),
            closing(psycopg2.connect(url)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(_ROWS)
            at = (cursor.fetchone() or (None,))[0]
            if at is not None:
                yield at.astimezone(UTC)


def _stored_at(client: MongoClient[dict[str, Any]]) -> Iterable[datetime]:
    """Yield when the newest file of each kind was stored, as its id says."""
    database = client["chartroom"]
    for name in database.list_collection_names():
        if name.endswith(_FILES):
            newest = database[name].find_one({}, {"_id": 1}, sort=[("_id", -1)])
            if newest is not None:
                yield newest["_id"].generation_time
