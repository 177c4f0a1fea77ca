"""A durable, encrypted place on this machine for what no database can take just now.

Every record is sealed separately, for its own place, and is on disk when `append`
returns. Any number of processes add to it; one at a time empties it.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from db.files import private_files
from db.files.file_keys import FileKeys, KeyUnknown, SealBroken, UnusableFileKeys
from db.spool_database import DAMAGED, SpoolDatabase

_MEGABYTE: Final = 1_000_000
_COUNT: Final = """
    SELECT count(*), (SELECT kept_at FROM records ORDER BY id LIMIT 1) FROM records
"""
_IS_EMPTY: Final = "SELECT NOT EXISTS (SELECT 1 FROM records)"
# This many are deleted at once, and at most this many are taken twice after a crash.
_TOGETHER: Final = 100
_NEXT: Final = "SELECT id, place, sealed FROM records WHERE id > ? ORDER BY id LIMIT ?"
_DELETE: Final = """
    DELETE FROM records WHERE place IN (SELECT value FROM json_each(?)) RETURNING place
"""
_log = logging.getLogger(__name__)

_Row = tuple[int, str, bytes]
# Called with each record; an exception leaves the record and all later ones where they
# are, unless it is RecordRefused.
Take = Callable[[bytes], None]


class SpoolUnavailable(Exception):
    """A record could not be kept, so nothing may be done that relies on it."""


class RecordRefused(Exception):
    """A record is not accepted, however often it is tried; later ones may be.

    The message goes to the process's log.
    """


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in a spool, and how many files of tampered records there are.

    `oldest_at` is when the first of the records was kept, None without any.
    """

    records: int = 0
    oldest_at: datetime | None = None
    damaged: int = 0


class Spool:
    """The records of one folder, `max_megabytes` of them in all.

    It may be used by many threads, and its folder by many processes.
    """

    def __init__(
        self, folder: Path, keys: FileKeys, *, max_megabytes: int = 64
    ) -> None:
        self._folder = folder
        self._keys = keys
        self._database = SpoolDatabase(folder, max_bytes=max_megabytes * _MEGABYTE)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept here, by any process. Raises OSError."""
        if not self._database.is_there:
            return True
        [(is_empty,)] = self._database.run(_IS_EMPTY)
        return bool(is_empty)

    def waiting(self) -> Waiting:
        """Return what is kept here, by any process, without a key. Raises OSError."""
        if not self._database.is_there:
            return Waiting()
        [(count, kept_at)] = self._database.run(_COUNT)
        oldest_at = datetime.fromtimestamp(kept_at, UTC) if count else None
        return Waiting(count, oldest_at, len(list(self._folder.glob(f"*{DAMAGED}"))))

    def append(self, record: bytes) -> None:
        """Keep a record, on disk when this returns. Raises SpoolUnavailable."""
        place = f"spool {uuid4().hex}"
        try:
            sealed = self._keys.seal(record, place)
            self._database.keep((place, time.time(), sealed))
        except (OSError, UnusableFileKeys) as error:
            raise SpoolUnavailable(
                "The record could not be kept on the disk."
            ) from error

    def empty_into(self, take: Take) -> int:
        """Give `take` each record, and return how many no other process deleted.

        Records are deleted after they were taken, a batch at a time. After a crash, or
        with two processes at a time, one may be taken twice: `take` must tolerate that.
        Raises what it raises, except RecordRefused.
        """
        if self.is_empty:
            return 0
        last, count = 0, 0
        reasons: set[str] = set()
        while rows := self._database.run(_NEXT, last, _TOGETHER):
            last = rows[-1][0]
            count += self._give(rows, take, reasons)
        for reason in reasons:
            _log.error("Records in the spool are waiting: %s", reason)
        return count

    def _give(self, rows: Sequence[_Row], take: Take, reasons: set[str]) -> int:
        """Give `take` these records, delete them, and count those deleted here.

        The reasons why records have to wait are added to `reasons`.
        """
        taken, set_aside = [], []
        try:
            for _, place, sealed in rows:
                try:
                    record = self._opened(sealed, place)
                except (KeyUnknown, UnusableFileKeys) as error:
                    # The key file may be put back, so the record stays.
                    reasons.add(str(error))
                    continue
                if record is None:
                    set_aside.append(place)
                    continue
                try:
                    take(record)
                except RecordRefused as refusal:
                    # It stays, for whoever reads about it in the log.
                    reasons.add(str(refusal))
                else:
                    taken.append(place)
        finally:
            # Includes the records taken before one that failed.
            gone = self._database.run(_DELETE, json.dumps([*taken, *set_aside]))
        return len({place for (place,) in gone}.difference(set_aside))

    def close(self) -> None:
        """Close the database; the records stay."""
        self._database.close()

    def _opened(self, sealed: bytes, place: str) -> bytes | None:
        """Return the record; a tampered one is set aside, and None is returned."""
        try:
            return self._keys.unseal(sealed, place)
        except SealBroken:
            # Named by its content: set aside again after a crash, it is still one file.
            name = hashlib.sha256(sealed).hexdigest()[:32] + DAMAGED
            _log.error("A record in the spool was tampered with: %s", name)
            private_files.make(self._folder / name, sealed)
            return None
