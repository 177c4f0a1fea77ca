"""Events of reads in an absence: kept on this machine, written to the log later."""

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

# Pages show the number of waiting events, without asking a database.
__all__ = ["AuditSpool", "EventSpool", "Waiting"]

_IDS: Final = ("actor_id", "session_id", "patient_id")


class EventSpool(Protocol):
    """Something that keeps events until they can be written to the audit log."""

    def keep(self, events: Sequence[Event], *, key: UUID | None = None) -> None:
        """Keep the events durably. Raises SpoolUnavailable."""

    def waiting(self) -> Waiting:
        """Return what waits to be written to the log. Raises OSError."""


class AuditSpool:
    """The audit log's events on this machine's disk, until there is a primary."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits on this machine."""
        return self._spool.is_empty

    def waiting(self) -> Waiting:
        """Return what waits on this machine. Raises OSError."""
        return self._spool.waiting()

    def keep(self, events: Sequence[Event], *, key: UUID | None = None) -> None:
        """Keep events as of now; they are on the disk when this returns.

        `key` is the key of a write whose outcome is unknown, so that the events are not
        written twice. Raises SpoolUnavailable.
        """
        kept = {
            "key": key or uuid4(),
            # The log needs the time at which it happened, not at which it could be
            # written.
            "at": datetime.now(UTC),
            "events": [dict(event) for event in events],
        }
        self._spool.append(json.dumps(to_jsonable_python(kept)).encode())

    def drain(self, database: Database) -> int:
        """Write what waits into the log, each once; return the number of records.

        Raises DatabaseUnavailable; what is left stays in the spool.
        """
        return self._spool.empty_into(lambda record: _write_record(database, record))

    def close(self) -> None:
        """Close the spool; what waits stays for the next process."""
        self._spool.close()


def _write_record(database: Database, record: bytes) -> None:
    kept: dict[str, Any] = json.loads(record)
    at = datetime.fromisoformat(kept["at"])
    events = [_event(fields, at) for fields in kept["events"]]

    def operation(session: Session) -> None:
        audit.write_events(session, events)

    # As the system: the identity of a signed-in person may only record what they do
    # now.
    try:
        database.write(operation, key=UUID(kept["key"]), identity=SYSTEM)
    except AlreadyWritten:
        # Written by a process that died before it could delete the record, or by the
        # very write whose outcome was unknown.
        return
    except (DBAPIError, ValueError) as error:
        # A record that is too large for the log, for example: all others wait behind
        # it.
        raise RecordRefused(
            f"the audit log does not take one ({type(error).__name__})"
        ) from error


def _event(fields: dict[str, Any], at: datetime) -> Event:
    ids = {name: UUID(fields[name]) for name in _IDS if fields[name] is not None}
    return fields | ids | {"at": at}
