"""Tests get databases like new ones, whatever was committed in them before."""

from contextlib import closing

import psycopg2
import pytest
from psycopg2.extensions import parse_dsn

from db.postgres import Database
from tests.conftest import owner
from tests.kit import cast
from tests.kit.emptied_databases import EmptiedDatabases
from tests.kit.replicas import write_everywhere
from tests.kit.waiting import eventually


@pytest.fixture
def emptied(databases, template):
    with closing(EmptiedDatabases(databases, template)) as emptied:
        yield emptied


def run(endpoints, *statements):
    with closing(psycopg2.connect(owner(endpoints))) as server:
        return execute(server, *statements)


def execute(server, *statements):
    with server.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        server.commit()
        return cursor.fetchall() if cursor.description else []


def seen_everywhere(addresses, endpoints, query):
    name = parse_dsn(endpoints.database_url)["dbname"]
    urls = [addresses.node_url(n, "postgres", name) for n in endpoints.replica_urls]
    answers = []
    for url in urls:
        with closing(psycopg2.connect(url)) as server:
            answers.append(execute(server, query))
    return answers


PATIENTS = "SELECT count(*) FROM patients"
EVENTS = "SELECT count(*), max(position) FROM audit_events"
MANY_ROWS = """
INSERT INTO write_receipts (key) SELECT gen_random_uuid() FROM generate_series(1, 6000)
"""
VERSION = "SELECT version_num FROM alembic_version"


def test_rows_are_gone_on_every_server_and_counters_begin_anew(emptied, addresses):
    with emptied.lend() as first:
        before = run(first, VERSION)
        positions = run(first, "SELECT last_value FROM audit_events_position_seq")
        with closing(Database(first)) as database:
            write_everywhere(database, cast.add_patient)
        run(first, "DELETE FROM alembic_version")
        assert run(first, PATIENTS) == [(1,)]

    with emptied.lend() as second:
        assert second.database_url == first.database_url
        assert seen_everywhere(addresses, second, PATIENTS) == [[(0,)]] * 3
        assert run(second, EVENTS) == [(0, None)]
        assert run(second, VERSION) == before
        assert run(second, "SELECT last_value FROM audit_events_position_seq") == (
            positions
        )


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE more (id int)",
        "ALTER TABLE patients DISABLE TRIGGER USER",
        "GRANT SELECT ON patients TO PUBLIC",
        "ANALYZE alembic_version",
        MANY_ROWS,
    ],
    ids=["a table", "a trigger", "a right", "statistics", "many rows"],
)
def test_one_that_is_not_the_same_any_more_is_dropped(emptied, change):
    with emptied.lend() as first:
        run(first, change)

    with emptied.lend() as second:
        assert second.database_url != first.database_url


def test_a_table_that_is_gone_again_costs_nobody_another_database(emptied):
    with emptied.lend() as first:
        run(first, "CREATE TABLE more (id int)", "DROP TABLE more")

    with emptied.lend() as second:
        assert second.database_url == first.database_url


def test_rows_of_the_template_come_back_where_none_of_them_is_left(emptied, addresses):
    with emptied.lend() as first:
        before = run(first, VERSION)
        run(first, "DELETE FROM alembic_version")
        name = parse_dsn(first.database_url)["dbname"]
        with closing(
            psycopg2.connect(addresses.primary_url("postgres", name))
        ) as server:
            server.autocommit = True
            # VACUUM frees the pages of rows that nobody can see any longer.
            eventually(lambda: is_empty_once_vacuumed(server))

    with emptied.lend() as second:
        assert second.database_url == first.database_url
        assert run(second, VERSION) == before


def is_empty_once_vacuumed(server):
    with server.cursor() as cursor:
        cursor.execute("VACUUM alembic_version")
        cursor.execute("SELECT pg_relation_size('alembic_version')")
        return cursor.fetchone() == (0,)


def test_nobody_stays_connected(emptied):
    with emptied.lend() as first:
        left = psycopg2.connect(first.database_url)

    with (
        emptied.lend(),
        closing(left),
        left.cursor() as cursor,
        pytest.raises(psycopg2.OperationalError, match="terminat"),
    ):
        cursor.execute("SELECT 1")
