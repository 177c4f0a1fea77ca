"""Marks in the log that record the time: replay to a time needs one after it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class

from db.backups.base_backup import Leader
from db.postgres import Lsn

# A transaction of its own, which does not wait for any replica.
_SETTINGS: Final = (
    "SET synchronous_commit = local; SET application_name = 'chartroom log marks'"
)
# With content for the log: PostgreSQL flushes the end of a transaction that wrote
# nothing only later, and the position would be before it.
_MARK: Final = (
    "SELECT clock_timestamp(), pg_logical_emit_message(true, 'chartroom', '')"
)
_PLACE: Final = """
SELECT pg_current_wal_flush_lsn()::text,
    ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::int
"""
# A leader that hangs is noticed by waiting for its answer.
_PATIENCE: Final = "&keepalives_idle=5&keepalives_interval=2&tcp_user_timeout=8000"


@dataclass(frozen=True, slots=True)
class TimeMark:
    """A time, and a position in the log by which a later transaction has ended.

    Replay to any time before the mark's finds something to stop at before the position,
    and everything committed before the mark is before it too.
    """

    timeline: int
    lsn: Lsn
    at: datetime


class TimeMarker:
    """Writes marks over a connection to the leader; for use by one thread."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def mark(self, leader: Leader) -> TimeMark | None:
        """Write a mark; return None if nobody leads just now."""
        try:
            connection = self._connection or self._connect(leader)
            with connection.cursor() as cursor:
                cursor.execute(_MARK)
                at = (cursor.fetchone() or (None,))[0]
                cursor.execute(_PLACE)
                place, timeline = cursor.fetchone() or ("", 0)
        except psycopg2.Error:
            self.close()
            return None
        return TimeMark(timeline, Lsn.parse(place), at)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with suppress(psycopg2.Error):
                self._connection.close()
        self._connection = None

    def _connect(self, leader: Leader) -> Connection:
        url = leader.addresses.primary_url("postgres", "postgres")
        connection = psycopg2.connect(url + _PATIENCE)
        self._connection = connection
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(_SETTINGS)
        return connection
