"""Counts and hashes of every table, by which two servers are compared row by row."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Final

import psycopg2
from psycopg2 import sql
from psycopg2.errors import LockNotAvailable, UndefinedTable
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class

from db.backups.manifest import TableDigest
from db.pace import AT_ONCE, Pace
from db.postgres import Lsn

# The settings for writing out rows, so that two servers write the same.
_SETTINGS: Final = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "row_security": "off",
    # A lock held by replay is not released while replay is paused.
    "lock_timeout": "5s",
    # So that counting takes no memory or processor time from people who work.
    "max_parallel_workers_per_gather": "0",
}
_TABLES: Final = """
SELECT n.nspname, c.relname,
    pg_relation_size(c.oid) / current_setting('block_size')::int
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1, 2
"""
_DIGEST: Final = (
    "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM {} t "
    "WHERE ctid >= {}::tid"
)
_END: Final = " AND ctid < {}::tid"
# Half a megabyte: how much of a table is read at once.
_PAGES: Final = 64
_REPLAYED: Final = "SELECT pg_last_wal_replay_lsn()::text"
_TRIES: Final = 400
_PAUSE_SECONDS: Final = 0.005


def digest_tables(
    cursor: Cursor, pace: Pace = AT_ONCE, before_each: Callable[[], None] = lambda: None
) -> dict[str, TableDigest]:
    """Return the digest of every table in this transaction, by schema and name.

    `before_each` may continue in another transaction, once this one has committed.
    """
    for setting in _SETTINGS.items():
        cursor.execute("SELECT set_config(%s, %s, false)", setting)
    cursor.execute(_TABLES)
    digests = {}
    for schema, table, pages in cursor.fetchall():
        before_each()
        name = sql.Identifier(schema, table)
        digests[f"{schema}.{table}"] = _digest(cursor, name, pages, pace)
    return digests


def _digest_snapshot(url: str, snapshot: str, pace: Pace) -> dict[str, TableDigest]:
    """Return the digest of every table in a snapshot exported by another transaction.

    Each is read in a transaction of its own. A process that truncates a table, as
    vacuum does with its end, waits at most for the one that is being read, and so does
    replay.
    """
    begin = sql.SQL("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {}").format(
        sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot))
    )
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:

            def begin_anew() -> None:
                cursor.execute("COMMIT")
                cursor.execute(begin)

            cursor.execute(begin)
            return digest_tables(cursor, pace, begin_anew)


def _digest(
    cursor: Cursor, table: sql.Identifier, pages: int, pace: Pace
) -> TableDigest:
    """Return the digest of a table that had this many pages after the snapshot."""
    rows, digest = 0, 0
    for first in range(0, max(pages, 1), _PAGES):
        query = sql.SQL(_DIGEST).format(table, sql.Literal(f"({first},0)"))
        # Pages added since then have no visible rows; but the last range has no end, so
        # that nothing is missed if the pages were counted too early.
        if (end := first + _PAGES) < pages:
            query += sql.SQL(_END).format(sql.Literal(f"({end},0)"))
        cursor.execute(query)
        counted, added = cursor.fetchone() or (0, "0")
        rows, digest = rows + counted, digest + int(added)
        pace.rest()
    return TableDigest(rows, str(digest))


def digest_replica(
    url: str, after: Lsn, pace: Pace = AT_ONCE
) -> tuple[Lsn, dict[str, TableDigest]] | None:
    """Return the digests of a replica's tables at one exact position, with that.

    The position is `after` or later; None if the replica does not reach it, or does not
    pause for long enough to determine its position, or leads, or if somebody has just
    dropped a table. `url` is a superuser's.
    """
    try:
        with closing(psycopg2.connect(url)) as connection:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_is_in_recovery()")
                if cursor.fetchone() != (True,):
                    return None
                connection.rollback()
                for _ in range(_TRIES):
                    if (place := _place_of_snapshot(cursor, after)) is not None:
                        cursor.execute("SELECT pg_export_snapshot()")
                        (snapshot,) = cursor.fetchone() or ("",)
                        return place, _digest_snapshot(url, snapshot, pace)
                    connection.rollback()
                    time.sleep(_PAUSE_SECONDS)
    except (psycopg2.OperationalError, LockNotAvailable, UndefinedTable):
        return None
    return None


def _place_of_snapshot(cursor: Cursor, after: Lsn) -> Lsn | None:
    """Take a snapshot and return its position, if replay pauses before and after it."""
    # The first query takes the snapshot; a record in the middle of being replayed would
    # show in the position a moment later.
    places = []
    for pause in (0.0, 0.0, _PAUSE_SECONDS):
        time.sleep(pause)
        cursor.execute(_REPLAYED)
        places.append((cursor.fetchone() or (None,))[0])
        if len(places) == 1:
            cursor.connection.rollback()
    if len(set(places)) > 1 or places[0] is None:
        return None
    place = Lsn.parse(places[0])
    return place if place >= after else None


def differing(
    held: Mapping[str, TableDigest], restored: Mapping[str, TableDigest]
) -> Iterable[str]:
    """Return the names of the tables that differ between the two."""
    names = held.keys() | restored.keys()
    return sorted(name for name in names if held.get(name) != restored.get(name))
