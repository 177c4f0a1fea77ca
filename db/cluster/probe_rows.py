"""Reads what drills wrote directly from one server, whatever its role is."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Final
from uuid import UUID

import psycopg2
from psycopg2.extensions import make_dsn

_ROWS: Final = "SELECT writer, number FROM write_probes WHERE run_id = %s::uuid"

Row = tuple[int, int]


def rows_on(url: str, run_id: UUID) -> frozenset[Row]:
    """Return writer and number of every row of a run; raises psycopg2.Error."""
    dsn = make_dsn(url, connect_timeout=5, options="-c statement_timeout=15000")
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SET ROLE chartroom_system")
        cursor.execute(_ROWS, [str(run_id)])
        return frozenset((writer, number) for writer, number in cursor)


def missing_on(
    urls: Mapping[str, str], run_id: UUID, acknowledged: Iterable[Row]
) -> dict[str, int | None]:
    """Return how many of the rows each server lacks; None for one that is silent."""
    expected = frozenset(acknowledged)
    missing: dict[str, int | None] = {}
    for name, url in urls.items():
        try:
            missing[name] = len(expected - rows_on(url, run_id))
        except psycopg2.Error:
            missing[name] = None
    return missing
