"""Results of long work that the database has yet to be told."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from db.postgres import SYSTEM, Database


class PendingWrites:
    """Keeps results in order until a primary has them, which may be minutes later."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writes: list[Callable[[Session], Any]] = []

    def add(self, write: Callable[[Session], Any]) -> None:
        """Keep a result, to be written with the next `flush`."""
        self._writes.append(write)

    def flush(self) -> None:
        """Write what is kept; what fails is tried again with the next call."""
        while self._writes:
            self._database.write(self._writes[0], identity=SYSTEM)
            self._writes.pop(0)
