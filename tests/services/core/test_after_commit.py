"""What waits for a commit happens then, once, or never."""

import logging

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.core import after_commit


@pytest.fixture
def done():
    return []


@pytest.fixture
def note(done):
    return lambda: done.append("done")


@pytest.fixture
def session(engine):
    """A session of its own, whose commits are real but write nothing."""
    with Session(engine) as session:
        session.execute(text("SELECT 1"))
        yield session


def test_nothing_happens_before_the_commit_and_once_after_it(session, note, done):
    after_commit.call(session, note)
    assert done == []

    session.commit()
    session.execute(text("SELECT 1"))
    session.commit()

    assert done == ["done"]


def test_a_rollback_forgets_it(session, note, done):
    after_commit.call(session, note)

    session.rollback()
    session.commit()

    assert done == []


def test_a_session_closed_on_the_way_forgets_it(session, note, done):
    after_commit.call(session, note)

    session.close()
    session.execute(text("SELECT 1"))
    session.commit()

    assert done == []


def test_a_savepoint_that_ends_well_is_not_yet_a_commit(session, note, done):
    with session.begin_nested():
        after_commit.call(session, note)
    assert done == []

    session.commit()

    assert done == ["done"]


def test_a_rollback_to_a_savepoint_from_before_forgets_it(session, note, done):
    with session.begin_nested() as savepoint:
        with session.begin_nested():
            after_commit.call(session, note)
        savepoint.rollback()

    session.commit()

    assert done == []


def test_a_rollback_of_something_else_does_not_forget_it(session, note, done):
    after_commit.call(session, note)
    with session.begin_nested() as savepoint:
        savepoint.rollback()

    session.commit()

    assert done == ["done"]


def test_it_may_be_said_before_the_first_statement(engine, note, done):
    with Session(engine) as session:
        after_commit.call(session, note)
        session.execute(text("SELECT 1"))
        session.commit()

    assert done == ["done"]


def test_several_things_can_wait(session, done):
    for what in ("first", "second"):
        after_commit.call(session, lambda what=what: done.append(what))

    session.commit()

    assert done == ["first", "second"]


def test_a_failure_is_logged_because_the_commit_stands(session, caplog):
    def fail():
        raise OSError("no more")

    after_commit.call(session, fail)

    with caplog.at_level(logging.WARNING):
        session.commit()

    assert "An action after a commit failed." in caplog.text
