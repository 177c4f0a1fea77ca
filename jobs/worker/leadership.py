"""Lets one of several workers do continuous work, and another when it is gone."""

from contextlib import suppress
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from db.postgres import Database, DatabaseUnavailable
from db.postgres.watching.nodes import primary_of

_TAKE: Final = "SELECT pg_try_advisory_lock(hashtext(%s))"
_IS_ALIVE: Final = "SELECT 1"


class AdvisoryLockLeader:
    """A lock that a session on the primary holds.

    It is lost with the primary, and its holder continues until another has taken it,
    since what is watched must not be unwatched just then. So for a moment two may lead.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._connection: Connection | None = None

    def renew(self) -> bool | None:
        """Return whether the lock is ours; None while no server could say."""
        if self._connection is not None and self._is_held(self._connection):
            return True
        self.drop()
        if primary_of(self._database.nodes()) is None:
            return None
        try:
            return self._take()
        except (DatabaseUnavailable, SQLAlchemyError):
            return None

    def drop(self) -> None:
        """Give the lock up to another worker."""
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                # Its lock ends with the connection, which must not be used again.
                self._connection.invalidate()
                self._connection.close()
        self._connection = None

    def _take(self) -> bool:
        connection = self._database.connect_primary()
        try:
            is_ours = bool(connection.exec_driver_sql(_TAKE, (self._name,)).scalar())
            connection.commit()
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        if is_ours:
            self._connection = connection
        else:
            connection.close()
        return is_ours

    def _is_held(self, connection: Connection) -> bool:
        try:
            connection.exec_driver_sql(_IS_ALIVE)
            connection.commit()
        except SQLAlchemyError:
            return False
        return True
