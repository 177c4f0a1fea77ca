"""Counts and hashes of every table, by which two servers are compared row by row."""

import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Final

import psycopg2
from psycopg2 import sql
from psycopg2.errors import LockNotAvailable, UndefinedTable
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class

from db.backups.manifest import TableDigest
from db.postgres import Lsn

# What every row is written out with, so that two servers write the same.
_SETTINGS: Final = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "row_security": "off",
    # A lock that replay holds will not go while replay is paused.
    "lock_timeout": "5s",
    # So that counting takes no memory or processor from those who work.
    "max_parallel_workers_per_gather": "0",
}
_TABLES: Final = """
SELECT n.nspname, c.relname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1, 2
"""
_DIGEST: Final = (
    "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM {} t"
)
_REPLAYED: Final = "SELECT pg_last_wal_replay_lsn()::text"
_TRIES: Final = 400
_PAUSE_SECONDS: Final = 0.005


def digest_tables(cursor: Cursor) -> dict[str, TableDigest]:
    """Return what every table holds in this transaction, by schema and name."""
    for name, value in _SETTINGS.items():
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
    cursor.execute(_TABLES)
    digests = {}
    for schema, table in cursor.fetchall():
        cursor.execute(sql.SQL(_DIGEST).format(sql.Identifier(schema, table)))
        rows, digest = cursor.fetchone() or (0, "0")
        digests[f"{schema}.{table}"] = TableDigest(rows, digest)
    return digests


def digest_replica(url: str, after: Lsn) -> tuple[Lsn, dict[str, TableDigest]] | None:
    """Return what a replica's tables hold at one exact place in the log, and where.

    The place is `after` or later; None if the replica does not get there, or does not
    rest for long enough to say where it is, or leads, or if somebody has just dropped a
    table. `url` is a superuser's.
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
                        return place, digest_tables(cursor)
                    connection.rollback()
                    time.sleep(_PAUSE_SECONDS)
    except (psycopg2.OperationalError, LockNotAvailable, UndefinedTable):
        return None
    return None


def _place_of_snapshot(cursor: Cursor, after: Lsn) -> Lsn | None:
    """Begin a snapshot and return its place, if replay rests before and after it."""
    # The first of these takes the snapshot; what replay is in the middle of would
    # show in the place a moment later.
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
    """Return the tables that are not the same in both, by name."""
    names = held.keys() | restored.keys()
    return sorted(name for name in names if held.get(name) != restored.get(name))
