"""The going back in time that somebody asked for on the page, and how it went.

It lies in the data folder: rows go back with the clinic, and what stands here does not.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from db.files import private_files

_NAME: Final = "going-back.json"


@dataclass(frozen=True, slots=True)
class RequestedRestore:
    """To when the clinic is to go back, who asked and why, how far it is, how it ended.

    `stage` is what was done last. Ended without a failure, the clinic is as it was at
    `to`; otherwise as it was before.
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
    """Return what was asked for last, ended or not."""
    with suppress(OSError, ValidationError):
        return _REQUESTS.validate_json((data / _NAME).read_bytes())
    return None


def note_requested(data: Path, requested: RequestedRestore) -> None:
    """Keep what was asked for, or how far it is, in place of what was there."""
    private_files.replace(data / _NAME, _REQUESTS.dump_json(requested, indent=1))
