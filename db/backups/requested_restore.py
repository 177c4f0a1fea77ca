"""The going back in time that somebody requested on the page, and how it went.

It is kept in the data folder: rows go back with the clinic, and this file does not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from db.files import private_files

_NAME: Final = "going-back.json"
_LOCK: Final = "going-back.lock"


@dataclass(frozen=True, slots=True)
class RequestedRestore:
    """The target time, who asked and why, the progress and the end of going back.

    `stage` is the last completed step. If it ended without a failure, the clinic is as
    it was at `to`; otherwise it is as it was before.
    """

    to: datetime
    reason: str
    requested_by: UUID
    requested_by_name: str
    requested_at: datetime
    stage: str = ""
    ended_at: datetime | None = None
    failure: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None


_REQUESTS: Final = TypeAdapter(RequestedRestore)


def read_requested(data: Path) -> RequestedRestore | None:
    """Return the last request, ended or not."""
    return private_files.read_as(_REQUESTS, data / _NAME)


def note_requested(data: Path, requested: RequestedRestore) -> None:
    """Record a request or its progress in place of the previous one."""
    private_files.replace(data / _NAME, _REQUESTS.dump_json(requested, indent=1))


@contextmanager
def lock_requests(data: Path) -> Iterator[None]:
    """Keep everybody else from requesting anything for a block. Raises OSError."""
    lock = data / _LOCK
    lock.touch(mode=0o600)
    with private_files.locked(lock):
        yield
