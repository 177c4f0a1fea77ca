"""Connections that wait for a hung server are cut from another thread, unharmed."""

import threading
from contextlib import ExitStack, closing
from threading import Thread
from time import monotonic

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from db.postgres.connections import spare_connections
from db.postgres.connections.batching import BatchedConnection
from db.postgres.connections.failures import DatabaseUnavailable
from db.postgres.connections.pools import Pool, PoolSizes, driver_of
from db.postgres.connections.server_addresses import place_of
from db.postgres.connections.spare_connections import IDLE_SECONDS
from tests.kit.waiting import eventually, in_time


class OwnedConnection(BatchedConnection):
    """A connection about which only the thread that opened it may ask libpq.

    libpq frees a connection without Python's lock: another thread that asks while the
    owner closes it reads freed memory, and the process dies.
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


@pytest.fixture
def spare_pool(database_url):
    opened = []

    def open_counted():
        opened.append(
            psycopg2.connect(database_url, connection_factory=BatchedConnection)
        )
        return opened[-1]

    sizes = PoolSizes(size=1, overflow=2, timeout_seconds=0.1)
    with closing(Pool("spare", open_counted, sizes)) as pool:
        yield pool, opened


def use_at_once(pool, number: int) -> None:
    with ExitStack() as stack:
        for _ in range(number):
            stack.enter_context(pool.connect())


def count_open(opened) -> int:
    return sum(not connection.closed for connection in opened)


def test_spare_connections_are_kept_while_all_are_needed(spare_pool):
    pool, opened = spare_pool

    for _ in range(5):
        use_at_once(pool, 3)

    assert len(opened) == count_open(opened) == 3


def test_of_what_nobody_needed_for_a_minute_one_is_closed_each_minute(
    spare_pool, monkeypatch
):
    pool, opened = spare_pool
    use_at_once(pool, 3)
    clock = Clock(monkeypatch)

    left = []
    for _ in range(4):
        clock.seconds += IDLE_SECONDS + 1
        for _ in range(3):
            use_at_once(pool, 1)
        left.append(count_open(opened))

    assert left == [2, 1, 1, 1]
    use_at_once(pool, 3)
    assert count_open(opened) == 3


def test_a_pool_renewed_keeps_its_bounds(spare_pool, monkeypatch):
    pool, opened = spare_pool
    use_at_once(pool, 2)

    pool.renew()

    assert count_open(opened) == 0
    with pytest.raises(DatabaseUnavailable, match="in use"):
        use_at_once(pool, 4)
    assert count_open(opened) == 3
    clock = Clock(monkeypatch)
    for _ in range(3):
        clock.seconds += IDLE_SECONDS + 1
        use_at_once(pool, 1)
    assert count_open(opened) == 1


class Clock:
    """The time as the pool sees it."""

    def __init__(self, monkeypatch):
        self.seconds = monotonic()
        monkeypatch.setattr(spare_connections, "monotonic", lambda: self.seconds)
