"""Connections that wait for a hung server are cut from another thread, unharmed."""

import threading
from contextlib import closing
from threading import Thread

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from db.postgres.connections.batching import BatchedConnection
from db.postgres.connections.pools import Pool, PoolSizes, driver_of
from db.postgres.connections.server_addresses import place_of
from tests.kit.waiting import eventually, in_time


class OwnedConnection(BatchedConnection):
    """Lets nobody but the thread that opened it ask libpq about it.

    libpq frees a connection without Python's lock: whoever asks from another thread
    while its owner closes it reads freed memory, and the process dies.
    """

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self._owner = threading.get_ident()

    def _assert_mine(self):
        assert threading.get_ident() == self._owner, "asked by another thread"

    @property
    def info(self):
        self._assert_mine()
        return super().info

    def fileno(self):
        self._assert_mine()
        return super().fileno()


@pytest.fixture
def pool(database_url):
    def open_owned():
        return psycopg2.connect(database_url, connection_factory=OwnedConnection)

    with closing(Pool("owned", open_owned, PoolSizes(size=1, overflow=0))) as pool:
        yield pool


def test_who_waits_is_freed_without_the_connection_being_asked(pool, database_url):
    failures, begun = [], threading.Event()

    def wait() -> None:
        with pool.connect() as connection:
            begun.set()
            try:
                connection.execute(text("SELECT pg_sleep(600)"))
            except OperationalError as error:
                failures.append(error)

    waiting = Thread(target=wait, daemon=True)
    waiting.start()
    in_time(begun.wait)
    eventually(lambda: _sleeps(database_url))

    pool.cut(lambda _: True)

    waiting.join(60)
    assert len(failures) == 1


def test_only_connections_to_the_places_in_question_are_cut(pool, database_url):
    with pool.connect() as connection:
        here = place_of(driver_of(connection))

        pool.cut(lambda place: place != here)

        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_what_its_owner_has_closed_is_passed_over(pool):
    with pool.connect() as connection:
        driver_of(connection).close()

        pool.cut(lambda _: pytest.fail("nobody waits in it"))

        connection.invalidate()


def _sleeps(database_url: str) -> bool:
    with (
        closing(psycopg2.connect(database_url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND query LIKE '%%pg_sleep(600)%%' AND state = 'active'"
            " AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone() is not None
