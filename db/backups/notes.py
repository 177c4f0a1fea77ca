"""What the repository notes beside the sets: proven restores, and what went wrong."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Proof:
    """A restore into a sandbox that was checked from end to end, and what it showed.

    `is_compared` tells whether every table was held against what a replica had shown.
    """

    set_id: str
    as_of: datetime
    proved_at: datetime
    seconds: float
    tables: int
    rows: int
    is_compared: bool
    files: int
    file_bytes: int
    audit_entries: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Backups that came to nothing: why the last did, and how many did in a row."""

    at: datetime
    sentence: str
    tries: int = 1


PROOFS: Final = TypeAdapter(Proof)
FAILURES: Final = TypeAdapter(Failure)
