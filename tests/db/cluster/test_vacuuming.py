"""A server reports dead rows, when vacuum is due by its rule, and checkpoints."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg2
import pytest

from db.cluster.node_connections import NodeSilent
from db.cluster.vacuuming import TableUpkeep, VacuumReader
from db.embedded import Addresses
from db.endpoints import Endpoints
from tests.conftest import owner
from tests.kit.replicas import primary_of
from tests.kit.waiting import eventually

_ROWS = 1000


@pytest.fixture
def run(endpoints: Endpoints) -> Callable[..., None]:
    """A function that runs statements as the database's owner, each on its own."""

    def run(*statements: str) -> None:
        with closing(psycopg2.connect(owner(endpoints))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                cursor.execute("SELECT pg_stat_force_next_flush()")

    return run


def _value(endpoints: Endpoints, statement: str) -> Any:
    """Return the single value of a statement, as the database's owner sees it."""
    with (
        closing(psycopg2.connect(owner(endpoints))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
        return cursor.fetchone()[0]


def _table(endpoints: Endpoints, name: str, *, dead: int) -> TableUpkeep:
    """Return a table once so many of its rows are counted as dead."""
    reader, node = VacuumReader(lambda: endpoints), primary_of(endpoints)

    def look() -> list[TableUpkeep]:
        tables = reader.database(node).tables
        return [t for t in tables if t.name == name and t.dead_rows == dead]

    (table,) = eventually(look)
    return table


@pytest.mark.parametrize(
    ("settings", "dead", "is_due"),
    [
        pytest.param("", 200, False, id="the server's: 50 and a fifth"),
        pytest.param("", 300, True, id="more than the server's"),
        pytest.param(", autovacuum_vacuum_threshold = 500", 300, False, id="its own"),
        pytest.param(
            ", autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0.1",
            150,
            True,
            id="its own share",
        ),
        pytest.param(
            ", autovacuum_vacuum_max_threshold = 100", 150, True, id="its own most"
        ),
    ],
)
def test_vacuum_is_due_by_the_rule_of_autovacuum(
    endpoints: Endpoints,
    run: Callable[..., None],
    settings: str,
    dead: int,
    is_due: bool,
):
    run(
        "CREATE TABLE leaves (number integer) "
        f"WITH (autovacuum_enabled = false{settings})",
        f"INSERT INTO leaves SELECT generate_series(1, {_ROWS})",
    )
    # Each statement is counted before the next begins; otherwise ANALYZE would count it
    # again.
    run("ANALYZE leaves")
    run(f"DELETE FROM leaves WHERE number <= {dead}")

    table = _table(endpoints, "leaves", dead=dead)

    assert table.rows == _ROWS - dead
    assert table.is_due is is_due
    assert table.vacuumed_at is None


def test_after_vacuum_nothing_is_due(endpoints: Endpoints, run: Callable[..., None]):
    run(
        "CREATE TABLE leaves (number integer) WITH (autovacuum_enabled = false)",
        f"INSERT INTO leaves SELECT generate_series(1, {_ROWS})",
        "DELETE FROM leaves",
    )
    before = _table(endpoints, "leaves", dead=_ROWS)
    oldest = _value(
        endpoints,
        "SELECT relfrozenxid FROM pg_class WHERE oid = 'leaves'::regclass",
    )
    reader, node = VacuumReader(lambda: endpoints), primary_of(endpoints)

    def clean() -> list[TableUpkeep]:
        # Rows that some replica may still be reading are left for the next time, and so
        # is their space while anybody reads the table.
        run("VACUUM (FREEZE) leaves")
        tables = reader.database(node).tables
        return [
            t
            for t in tables
            if t.name == "leaves" and not t.dead_rows and t.bytes < before.bytes
        ]

    (after,) = eventually(clean)

    assert (before.is_due, after.is_due) == (True, False)
    assert after.vacuumed_at is not None
    # Other tests' writes meanwhile age all of them.
    assert after.frozen_age < _value(endpoints, f"SELECT age('{oldest}'::xid)")


def test_a_server_that_has_not_counted_a_table_yet_has_its_estimated_rows(
    endpoints: Endpoints, addresses: Addresses, run: Callable[..., None]
):
    """As on a new primary, which has counted only what was written since."""
    run(
        "CREATE TABLE leaves (number integer) WITH (autovacuum_enabled = false)",
        f"INSERT INTO leaves SELECT generate_series(1, {_ROWS})",
    )
    run("ANALYZE leaves")
    database = _value(endpoints, "SELECT current_database()")
    url = addresses.primary_url("postgres", database)
    with closing(psycopg2.connect(url)) as server, server.cursor() as cursor:
        cursor.execute("SELECT pg_stat_reset_single_table_counters('leaves'::regclass)")
    run("DELETE FROM leaves WHERE number <= 10")

    table = _table(endpoints, "leaves", dead=10)

    assert table.rows == _ROWS
    assert table.vacuumed_at is None


def test_the_database_is_at_least_its_tables(endpoints: Endpoints):
    database = VacuumReader(lambda: endpoints).database(primary_of(endpoints))

    sizes = [table.bytes for table in database.tables]
    assert "patients" in {table.name for table in database.tables}
    assert sizes == sorted(sizes, reverse=True)
    assert database.bytes > sum(sizes)
    assert database.frozen_age >= max(t.frozen_age for t in database.tables)
    assert database.freeze_age == 200_000_000
    assert database.is_autovacuum_on


def test_a_checkpoint_that_is_asked_for_is_counted(
    endpoints: Endpoints, addresses: Addresses
):
    reader, node = VacuumReader(lambda: endpoints), primary_of(endpoints)
    before = reader.checkpoints(node)
    url = addresses.primary_url("postgres", "postgres")
    with closing(psycopg2.connect(url)) as server:
        server.autocommit = True
        with server.cursor() as cursor:
            cursor.execute("CHECKPOINT")

    after = eventually(
        lambda: reader.checkpoints(node),
        lambda seen: seen.requested > before.requested and seen.done > before.done,
    )

    assert after.bytes_written >= before.bytes_written
    assert all(reader.checkpoints(name).since for name in reader.nodes)


def test_who_does_not_answer_or_is_not_known(endpoints: Endpoints):
    reader = VacuumReader(lambda: endpoints)
    silent = "postgresql://somebody:secret@127.0.0.1:1/x"
    elsewhere = replace(endpoints, replica_urls={"db-09": silent})
    gone = VacuumReader(lambda: elsewhere)

    with pytest.raises(NodeSilent) as refusal:
        gone.checkpoints("db-09")
    assert "secret" not in str(refusal.value)
    with pytest.raises(KeyError):
        reader.database("db-09")
