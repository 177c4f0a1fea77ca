"""What every watch asks first: who leads, and how far a server's log has got.

A single evaluation of pg_is_in_recovery() decides everything: a promotion between two
would ask a replica's question of a primary. OFFSET keeps the subquery separate.
"""

from typing import Final

# Whether it is in recovery, how far it is, how far it has received, its timeline.
_COLUMNS: Final = """recovering,
    CASE WHEN recovering THEN pg_last_wal_replay_lsn()
         ELSE pg_current_wal_flush_lsn() END,
    CASE WHEN recovering THEN pg_last_wal_receive_lsn() END,
    CASE WHEN recovering THEN coalesce(
             (SELECT received_tli FROM pg_stat_wal_receiver),
             (SELECT timeline_id FROM pg_control_checkpoint()))
         ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
    END"""
_SOURCE: Final = "(SELECT pg_is_in_recovery() AS recovering OFFSET 0) AS asked"


def question(*columns: str) -> str:
    """Return the SQL that asks for these four, and for more columns in the same row.

    The additional columns may use `recovering`.
    """
    return " ".join(("SELECT", ",\n    ".join((_COLUMNS, *columns)), "FROM", _SOURCE))
