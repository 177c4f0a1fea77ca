"""Listening for changes: what is received, and that no deaf listener is relied on."""

import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import psycopg2
import pytest

from db.embedded import Addresses
from db.endpoints import Endpoints
from db.postgres import Lsn
from db.postgres.listening import Listener, ListenerConnection
from tests.conftest import owner
from tests.kit.change_listening import listening, newer_mark
from tests.kit.waiting import eventually

_BEYOND_SELECT = 1_100
_CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = %s AND application_name = 'chartroom listener'"
)


@pytest.fixture
def listener(endpoints: Endpoints) -> Iterator[Listener]:
    """A listener on a fresh database."""
    with listening(endpoints, "documents") as listener:
        eventually(listener.change_mark)
        yield listener


def _execute(url: str, statement: str, *values: object) -> list[Any]:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()


def test_what_is_told_is_heard_and_lies_before_the_position(endpoints, listener):
    before = listener.change_mark()

    statement = "SELECT pg_notify('documents', ''), pg_current_wal_flush_lsn()::text"
    ((_, position),) = _execute(owner(endpoints), statement)

    after = eventually(lambda: newer_mark(listener, before))
    assert after.position >= Lsn.parse(position)


@pytest.fixture
def crowded() -> Iterator[None]:
    """Use as many descriptors as a web server with a thousand pages."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4_096), hard))
    with tempfile.TemporaryFile() as file, ExitStack() as taken:
        for _ in range(_BEYOND_SELECT):
            taken.callback(os.close, os.dup(file.fileno()))
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_among_a_thousand_descriptors_it_is_heard_all_the_same(crowded, endpoints):
    with listening(endpoints, "documents") as listener:
        before = eventually(listener.change_mark)

        _execute(owner(endpoints), "SELECT pg_notify('documents', '')")

        eventually(lambda: newer_mark(listener, before))


def test_other_channels_are_not_listened_to(endpoints, listener):
    before = listener.change_mark()

    _execute(owner(endpoints), "SELECT pg_notify('others', '')")
    # What was notified until then is received before the server's next answer.
    answered_at = listener.connection._answered_at
    eventually(lambda: listener.connection._answered_at > answered_at)

    assert listener.change_mark() == before


def test_of_one_connection_each_hears_what_is_told_on_their_own_channel(endpoints):
    with closing(ListenerConnection(endpoints, "documents", "visits")) as connection:
        documents, visits = map(connection.listener, ("documents", "visits"))
        of_documents, of_visits = map(
            eventually, (documents.change_mark, visits.change_mark)
        )

        _execute(owner(endpoints), "SELECT pg_notify('visits', '')")

        eventually(lambda: newer_mark(visits, of_visits))
        assert documents.change_mark() == of_documents


def test_whoever_begins_to_listen_knows_of_all_that_was_committed_before(
    endpoints, database
):
    """Otherwise a list cached from a replica that lags would be taken for current."""
    lsn = database.write(lambda _: None).lsn

    with listening(endpoints, "documents") as listener:
        assert eventually(listener.change_mark).position >= lsn


def test_whoever_was_cut_off_begins_anew_and_knows_what_was_committed_meanwhile(
    endpoints, listener, database, addresses: Addresses
):
    before = listener.change_mark()
    lsn = database.write(lambda _: None).lsn
    name = psycopg2.extensions.parse_dsn(endpoints.database_url)["dbname"]
    admin = addresses.primary_url("postgres", "postgres")

    assert _execute(admin, _CUT, name) == [(True,)]

    after = eventually(lambda: newer_mark(listener, before))
    assert after.position >= lsn


def test_an_old_answer_is_not_relied_on(listener, monkeypatch):
    assert listener.change_mark() is not None

    monkeypatch.setattr("db.postgres.listening._TRUSTED_SECONDS", -1)

    assert listener.change_mark() is None


def test_nobody_who_cannot_be_reached_is_relied_on(endpoints):
    nowhere = Endpoints(
        "postgresql://x:y@127.0.0.1:1/none", {}, endpoints.mongo_url, {}
    )
    with listening(nowhere, "documents") as listener:
        assert listener.change_mark() is None
        # Each failed attempt is counted.
        eventually(lambda: listener._channel.count)
        assert listener.change_mark() is None


def test_a_closed_listener_knows_nothing_more(endpoints):
    with listening(endpoints, "documents") as listener:
        eventually(listener.change_mark)

    assert listener.change_mark() is None
