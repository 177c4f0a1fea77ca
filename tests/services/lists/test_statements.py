"""Statements within a time limit, which does not outlast them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event, text

from services.lists.statements import run_within


@pytest.fixture
def slow_to_leave(session) -> Iterator[None]:
    """A server that takes longer than the limit to begin to release the savepoint."""
    connection, statements = session.connection(), iter(["SELECT pg_sleep(2); "])

    def delay(_connection, _cursor, statement, parameters, *_):
        is_leaving = statement.startswith("ROLLBACK TO SAVEPOINT")
        before = next(statements, "") if is_leaving else ""
        return before + statement, parameters

    event.listen(connection, "before_cursor_execute", delay, retval=True)
    yield
    event.remove(connection, "before_cursor_execute", delay)


def limit_of(session) -> str:
    return session.scalar(text("SHOW statement_timeout"))


def test_a_slow_statement_returns_nothing_and_leaves_nothing_behind(session):
    before = limit_of(session)

    assert run_within(session, 50, "SELECT pg_sleep(10)", {}) is None

    assert limit_of(session) == before


@pytest.mark.usefixtures("slow_to_leave")
def test_the_limit_of_a_quick_statement_does_not_stop_what_comes_after_it(session):
    before = limit_of(session)

    assert [tuple(row) for row in run_within(session, 200, "SELECT 1", {})] == [(1,)]

    assert limit_of(session) == before
