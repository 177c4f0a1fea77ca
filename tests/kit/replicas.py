"""Writes that every replica shows afterwards, whichever is asked next."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

import psycopg2
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database, DatabaseIdentity
from tests.kit.waiting import eventually

T = TypeVar("T")


def write_everywhere(
    database: Database,
    operation: Callable[[Session], T],
    identity: DatabaseIdentity | None = SYSTEM,
) -> T:
    """Write, and return once every replica that answers has replayed it."""
    written = database.write(operation, identity=identity)

    def is_everywhere() -> bool:
        nodes = [node for node in database.nodes() if node.reachable]
        return all(node.has_replayed(written.lsn) for node in nodes)

    eventually(is_everywhere)
    return written.value


def await_replicas(cursor: psycopg2.extensions.cursor) -> None:
    """Wait, for five seconds at most, until every replica has replayed all commits.

    Paused or dead ones cannot be waited for; one that has just connected has not yet
    reported its position. Connections of backups and log archives replay nothing.
    """
    cursor.execute("SELECT pg_current_wal_lsn()")
    written = cursor.fetchone()
    behind = (
        "SELECT count(*) FROM pg_stat_replication WHERE application_name !~ '^pg_' "
        "AND (replay_lsn >= %s) IS NOT TRUE"
    )
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        cursor.execute(behind, written)
        if cursor.fetchone() == (0,):
            return
        time.sleep(0.02)


def await_everywhere(database: Database) -> None:
    """Wait until every replica that answers has replayed everything written so far."""
    write_everywhere(database, lambda _: None)


def primary_of(endpoints: Endpoints) -> str:
    """Return the name of the primary."""
    for name, url in endpoints.replica_urls.items():
        with closing(psycopg2.connect(url)) as server, server.cursor() as cursor:
            cursor.execute("SELECT pg_is_in_recovery()")
            if cursor.fetchone() == (False,):
                return name
    raise AssertionError("nobody leads")
