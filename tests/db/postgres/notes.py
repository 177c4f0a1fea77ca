"""Notes: what the routing tests write and read."""

from collections.abc import Callable
from contextlib import closing
from uuid import UUID

import psycopg2
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.postgres import Database
from tests.conftest import owner

_TABLE = """
CREATE TABLE notes (id uuid PRIMARY KEY, words text NOT NULL UNIQUE);
GRANT ALL ON notes TO chartroom_app
"""
_END = """
SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'chartroom'
"""


class Notes:
    """An operation that writes a note, and how often it has run."""

    def __init__(self) -> None:
        self.runs = 0

    def write(self, note_id: UUID) -> Callable[[Session], UUID]:
        """Return the operation for one note; its value is the note's id."""

        def operation(session: Session) -> UUID:
            self.runs += 1
            add_note(session, note_id)
            return note_id

        return operation


def add_table(endpoints: Endpoints) -> None:
    _execute(endpoints, _TABLE)


def remove_notes(endpoints: Endpoints) -> None:
    _execute(endpoints, "DELETE FROM notes")


def _execute(endpoints: Endpoints, statement: str) -> None:
    with (
        closing(psycopg2.connect(owner(endpoints))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def add_note(session: Session, note_id: UUID | None, words: str = "") -> None:
    values = {"id": note_id, "words": words or str(note_id)}
    session.execute(text("INSERT INTO notes VALUES (:id, :words)"), values)


def has_note(note_id: UUID) -> Callable[[Session], bool]:
    query = text("SELECT count(*) FROM notes WHERE id = :id")
    return lambda session: session.execute(query, {"id": note_id}).scalar_one() == 1


def is_written(database: Database, note_id: UUID) -> bool:
    """Return whether the note is on the primary."""
    with database.connect_primary() as connection:
        query = text("SELECT count(*) FROM notes WHERE id = :id")
        return connection.execute(query, {"id": note_id}).scalar_one() == 1


def backend(session: Session) -> int:
    """Return the server process that works for this session."""
    return int(session.execute(text("SELECT pg_backend_pid()")).scalar_one())


def die(session: Session) -> None:
    """Make the server end this session, as it does when it is shut down."""
    session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def end_sessions(url: str) -> None:
    """End the pools' sessions on a server."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(_END)
