"""What is written so that every replica shows it, whichever is asked next."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from db.postgres import SYSTEM, Database, DatabaseIdentity
from tests.kit.waiting import eventually

T = TypeVar("T")


def write_everywhere(
    database: Database,
    operation: Callable[[Session], T],
    identity: DatabaseIdentity | None = SYSTEM,
) -> T:
    """Write, and return once every replica that answers has replayed it."""
    written = database.write(operation, identity=identity)

    def is_everywhere() -> bool:
        nodes = [node for node in database.nodes() if node.reachable]
        return all(node.has_replayed(written.lsn) for node in nodes)

    eventually(is_everywhere)
    return written.value


def await_everywhere(database: Database) -> None:
    """Wait until every replica that answers has what anybody has written."""
    write_everywhere(database, lambda _: None)
