"""Rows streamed by PostgreSQL: all of them, and no more than somebody wants."""

import threading
from contextlib import closing
from time import sleep

import psycopg2
import pytest
from sqlalchemy import Select, String, cast, func, literal, null, select
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database, DatabaseUnavailable
from db.postgres.connections import server_addresses
from db.postgres.connections.pools import driver_of
from db.postgres.sending import sent_rows

LONG = "x" * 1_000


@pytest.fixture
def database(module_endpoints: Endpoints) -> Database:
    """A database with a single connection to each node, so that all of it is reused."""
    with closing(Database(module_endpoints, pool_size=1, pool_overflow=0)) as database:
        yield database


def numbers(last: int) -> Select[tuple[str]]:
    """Select so many rows of a kilobyte, each with its number."""
    number = func.generate_series(1, last).column_valued("number")
    return select(cast(number, String) + literal(LONG))


def answers(session: Session) -> bool:
    return session.scalar(select(literal(7))) == 7


def test_all_rows_arrive_in_whole_pieces(database):
    with database.reading(identity=SYSTEM) as session:
        pieces = list(sent_rows(session, numbers(20_000)))

        assert answers(session)
    lines = b"".join(pieces).splitlines()
    assert len(pieces) > 4
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert lines == [f"{number}{LONG}".encode() for number in range(1, 20_001)]


@pytest.mark.parametrize(
    "text",
    ["\"a\", 'b' %s %(a)s %%", "Zoë 李 😀", "{}", "", " ", "\x01\x1f\x7f\u2028"],
)
def test_a_text_is_sent_as_it_is(database, text):
    with database.reading(identity=SYSTEM) as session:
        sent = b"".join(sent_rows(session, select(literal(text))))

    assert sent.decode() == f"{text}\n"


def test_what_would_end_a_row_or_a_text_is_escaped(database):
    texts = ["\\N", "a\tb\nc\rd", "\b\f\v"]
    columns = [literal(text) for text in texts]

    with database.reading(identity=SYSTEM) as session:
        sent = b"".join(sent_rows(session, select(*columns, null())))

    assert sent == b"\\\\N\ta\\tb\\nc\\rd\t\\b\\f\\v\t\\N\n"


def test_values_of_a_statement_are_in_it(database):
    number = func.generate_series(1, 9).column_valued("number")
    wanted = select(cast(number, String)).where(number.in_([2, 3, 5]))

    with database.reading(identity=SYSTEM) as session:
        sent = b"".join(sent_rows(session, wanted.where(number > literal(2))))

    assert sent == b"3\n5\n"


def test_who_wants_no_more_leaves_the_connection_in_order(database):
    before = set(threading.enumerate())

    with database.reading(identity=SYSTEM) as session:
        with closing(sent_rows(session, numbers(50_000_000))) as pieces:
            next(pieces)
        # The server was told to stop, and a transaction with a failed statement is
        # aborted.
        with pytest.raises(Exception, match="aborted"):
            answers(session)
    with database.reading(identity=SYSTEM) as session:
        assert answers(session)

    # Threads of other tests may end meanwhile.
    assert set(threading.enumerate()) <= before


def test_rows_may_be_left_for_longer_than_a_vanished_client(
    module_endpoints, monkeypatch
):
    short = {**server_addresses._READING, "tcp_user_timeout": 500}
    monkeypatch.setattr(server_addresses, "_READING", short)

    with (
        closing(Database(module_endpoints, pool_size=1)) as database,
        database.reading(identity=SYSTEM) as session,
    ):
        pieces = sent_rows(session, numbers(60_000))
        count = next(pieces).count(b"\n")
        sleep(2)
        count += sum(piece.count(b"\n") for piece in pieces)

    assert count == 60_000


def test_a_limit_for_rows_is_not_left_to_whoever_is_next(database):
    limit = select(func.current_setting("tcp_user_timeout"))

    with database.reading(identity=SYSTEM) as session:
        longer = list(sent_rows(session, limit))
    with database.reading(identity=SYSTEM) as session:
        own = session.scalar(limit)

    assert longer == [b"120000\n"]
    assert own == "8000"


def test_why_nobody_wants_more_is_told_also_if_the_server_cannot_be(
    database, monkeypatch
):
    before = set(threading.enumerate())

    def nobody_there() -> None:
        raise psycopg2.OperationalError("connection refused")

    def give_up(session: Session) -> None:
        with closing(sent_rows(session, numbers(60_000))) as pieces:
            next(pieces)
            raise LookupError

    with database.reading(identity=SYSTEM) as session:
        driver = driver_of(session.connection())
        monkeypatch.setattr(driver, "cancel", nobody_there)
        with pytest.raises(LookupError):
            give_up(session)

        assert answers(session)
    assert set(threading.enumerate()) <= before


def test_what_fails_on_the_server_is_raised_behind_what_came(database):
    number = func.generate_series(1, 20_000).column_valued("number")
    failing = select(cast(1 / (15_000 - number), String) + literal(LONG))

    with database.reading(identity=SYSTEM) as session:
        pieces = sent_rows(session, failing)
        first = next(pieces)
        with pytest.raises(psycopg2.errors.DivisionByZero):
            list(pieces)

    assert first


def test_a_server_that_is_lost_is_no_end_of_the_rows(database):
    killed = select(func.pg_terminate_backend(func.pg_backend_pid()))

    with pytest.raises(DatabaseUnavailable):  # noqa: SIM117 - it raises on its way out
        with database.reading() as session:
            list(sent_rows(session, select(cast(killed.scalar_subquery(), String))))


def test_rows_are_of_the_session_s_transaction_and_role(database):
    with database.reading(identity=SYSTEM) as session:
        sent = list(sent_rows(session, select(func.current_setting("role"))))

    assert sent == [b"chartroom_system\n"]
