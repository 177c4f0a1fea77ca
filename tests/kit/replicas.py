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
    """Write, and return once every replica has replayed it."""
    written = database.write(operation, identity=identity)
    eventually(lambda: all(n.has_replayed(written.lsn) for n in database.nodes()))
    return written.value
