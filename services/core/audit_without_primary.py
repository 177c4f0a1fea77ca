"""What was read while nobody could write it down: kept here, told to the log later."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

from pydantic_core import to_jsonable_python
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.postgres import SYSTEM, AlreadyWritten, Database
from db.spool import RecordRefused, Spool, Waiting
from services.core import audit
from services.core.audit import Event

# What waits is counted for the screen, which asks no database.
__all__ = ["AuditSpool", "Spooling", "Waiting"]

_IDS: Final = ("actor_id", "session_id", "patient_id")


class Spooling(Protocol):
    """Whoever keeps events until they can be written down."""

    def keep(self, events: Sequence[Event], *, key: UUID | None = None) -> None:
        """Keep the events durably, or raise SpoolUnavailable."""

    def waiting(self) -> Waiting:
        """Tell what waits to be written down. Raises OSError."""


class AuditSpool:
    """The audit log's events on this machine's disk, until there is a primary."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits here."""
        return self._spool.is_empty

    def waiting(self) -> Waiting:
        """Tell what waits here, on this machine. Raises OSError."""
        return self._spool.waiting()

    def keep(self, events: Sequence[Event], *, key: UUID | None = None) -> None:
        """Keep events as of now; they are on the disk when this returns.

        `key` is that of a write whose end nobody knows: it is not done twice. Raises
        SpoolUnavailable.
        """
        kept = {
            "key": key or uuid4(),
            # The log shall tell when it happened, not when it could be written down.
            "at": datetime.now(UTC),
            "events": [dict(event) for event in events],
        }
        self._spool.append(json.dumps(to_jsonable_python(kept)).encode())

    def write_down(self, database: Database) -> int:
        """Write into the log what waits, each once; return how many records it was.

        Raises DatabaseUnavailable: what is left waits on.
        """
        return self._spool.empty_into(lambda record: _write_down(database, record))

    def close(self) -> None:
        """Leave what waits to whoever comes next."""
        self._spool.close()


def _write_down(database: Database, record: bytes) -> None:
    kept: dict[str, Any] = json.loads(record)
    at = datetime.fromisoformat(kept["at"])
    events = [_event(fields, at) for fields in kept["events"]]

    def operation(session: Session) -> None:
        audit.keep(session, events)

    # In nobody's name: who signed in may only write down what they do now.
    try:
        database.write(operation, key=UUID(kept["key"]), identity=SYSTEM)
    except AlreadyWritten:
        # By a process that died before it could delete the record, or by the very
        # write whose end nobody knew.
        return
    except (DBAPIError, ValueError) as error:
        # Such as one that is too large for the log: everybody else's wait behind it.
        raise RecordRefused(
            f"the audit log does not take one ({type(error).__name__})"
        ) from error


def _event(fields: dict[str, Any], at: datetime) -> Event:
    ids = {name: UUID(fields[name]) for name in _IDS if fields[name] is not None}
    return fields | ids | {"at": at}
