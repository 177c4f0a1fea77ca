"""A server's upkeep: dead rows of tables, transaction ids, checkpoints.

The old versions of changed or deleted rows stay in a table ("dead rows") until VACUUM
makes their space available again. Autovacuum does so once there are more than
autovacuum_vacuum_threshold + autovacuum_vacuum_scale_factor * rows of them, and at most
autovacuum_vacuum_max_threshold (PostgreSQL's documentation, "The Autovacuum Daemon").
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.cluster.node_connections import asking, node_names
from db.endpoints import Endpoints

# A table's own setting has precedence over the server's; `estimated` is the row count
# that PostgreSQL applies the factor to. Each server counts for itself: one that has
# only just become the primary counts the rows that came and went since, until it first
# vacuums or analyzes the table; `estimated` is replicated.
_TABLES: Final = """
    SELECT relname, pg_total_relation_size(relid),
        CASE WHEN num_nulls(
            last_vacuum, last_autovacuum, last_analyze, last_autoanalyze) = 4
            THEN greatest(n_live_tup, estimated::bigint) ELSE n_live_tup END,
        n_dead_tup,
        greatest(last_vacuum, last_autovacuum),
        n_dead_tup > least(
            threshold::float8 + factor::float8 * greatest(estimated, 0),
            CASE WHEN most::float8 < 0 THEN 'infinity' ELSE most::float8 END),
        age(relfrozenxid)
    FROM pg_stat_user_tables
    JOIN (
        SELECT pg_class.oid, relfrozenxid, reltuples AS estimated,
            coalesce(max(option_value) FILTER (
                WHERE option_name = 'autovacuum_vacuum_threshold'
            ), current_setting('autovacuum_vacuum_threshold')) AS threshold,
            coalesce(max(option_value) FILTER (
                WHERE option_name = 'autovacuum_vacuum_scale_factor'
            ), current_setting('autovacuum_vacuum_scale_factor')) AS factor,
            coalesce(max(option_value) FILTER (
                WHERE option_name = 'autovacuum_vacuum_max_threshold'
            ), current_setting('autovacuum_vacuum_max_threshold')) AS most
        FROM pg_class LEFT JOIN pg_options_to_table(reloptions) ON true
        WHERE relkind = 'r' GROUP BY pg_class.oid
    ) AS settled ON settled.oid = relid
    ORDER BY 2 DESC, 1
"""
_DATABASE: Final = """
    SELECT pg_database_size(oid), age(datfrozenxid),
        current_setting('autovacuum_freeze_max_age')::bigint,
        current_setting('autovacuum')::boolean
    FROM pg_database WHERE datname = current_database()
"""
# A replica makes restartpoints from the primary's checkpoints.
_CHECKPOINTS: Final = """
    SELECT CASE WHEN standby THEN restartpoints_timed ELSE num_timed END,
        CASE WHEN standby THEN restartpoints_req ELSE num_requested END,
        CASE WHEN standby THEN restartpoints_done ELSE num_done END,
        write_time, sync_time,
        buffers_written * current_setting('block_size')::bigint, stats_reset
    FROM pg_stat_checkpointer, pg_is_in_recovery() AS standby
"""


@dataclass(frozen=True, slots=True)
class TableUpkeep:
    """One table: its bytes with indexes, its rows, and those waiting for VACUUM.

    `is_due` says that autovacuum should be working on it. `frozen_age` is how many
    transactions ago the oldest row was written that still carries its transaction id.
    """

    name: str
    bytes: int
    rows: int
    dead_rows: int
    vacuumed_at: datetime | None
    is_due: bool
    frozen_age: int


@dataclass(frozen=True, slots=True)
class DatabaseUpkeep:
    """The database on its primary: bytes, age of the oldest transaction id, tables.

    At an age of `freeze_age` PostgreSQL vacuums by itself, even with autovacuum off.
    """

    bytes: int
    frozen_age: int
    freeze_age: int
    is_autovacuum_on: bool
    tables: tuple[TableUpkeep, ...]


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Checkpoints of a primary, restartpoints of a replica, as counted `since` then.

    `timed` came with checkpoint_timeout, `requested` because the log had grown by
    max_wal_size or somebody asked for one. Times are the sums in milliseconds.
    """

    timed: int
    requested: int
    done: int
    write_ms: float
    sync_ms: float
    bytes_written: int
    since: datetime | None


class VacuumReader:
    """Asks servers about their upkeep; `endpoints` returns where they are now."""

    def __init__(self, endpoints: Callable[[], Endpoints]) -> None:
        self._endpoints = endpoints

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of the servers."""
        return node_names(self._endpoints())

    def database(self, node: str) -> DatabaseUpkeep:
        """Return the tables' state; only a primary counts dead rows.

        Raises NodeSilent, KeyError.
        """
        with asking(self._endpoints(), node, "vacuum") as cursor:
            cursor.execute(_TABLES)
            tables = tuple(TableUpkeep(*row) for row in cursor.fetchall())
            cursor.execute(_DATABASE)
            ((size, age, freeze_age, is_on),) = cursor.fetchall()
            return DatabaseUpkeep(size, age, freeze_age, is_on, tables)

    def checkpoints(self, node: str) -> Checkpoints:
        """Return a server's checkpoint counts; raises NodeSilent, KeyError."""
        with asking(self._endpoints(), node, "checkpoints") as cursor:
            cursor.execute(_CHECKPOINTS)
            (figures,) = cursor.fetchall()
            return Checkpoints(*figures)
