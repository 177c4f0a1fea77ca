"""The sealed log of a repository: segments, pieces of the newest, and histories.

Each object is encrypted with a key of its own and bound to its clinic and its name, so
none can take another's place. Names say all that has to be known without opening:
`SEGMENT.FIRST-END.UNTIL` holds these bytes of a segment, and with the log up to there
one can go back to any time before UNTIL.
"""

import os
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import tink

from db.backups.backup_errors import CannotBackUp, SetBroken
from db.backups.log.segments import (
    SEGMENT_BYTES,
    LogSegment,
    TimelineHistory,
    history_name,
    timeline_of_history,
)
from db.backups.notes import POSITIONS, TIMES_LEFT, LogPosition, TimeLeft
from db.backups.sealing import SealedWriter
from db.files import private_files
from db.files.ciphers import FileCipher, NotDecrypted
from db.files.file_keys import FileKeys, KeyUnknown, SealBroken, key_of

_NAME: Final = re.compile(
    r"(?P<segment>[0-9A-F]{24})\.(?P<first>[0-9A-F]{7})-(?P<end>[0-9A-F]{7})"
    r"\.(?P<until>[0-9TZ]+|none)"
)
_AUDIT: Final = re.compile(r"audit\.(?P<first>\d{12})-(?P<last>\d{12})")
_ENTRIES: Final = re.compile(r"entries\.(?P<at>[0-9TZ]+)")
_PURGED: Final = re.compile(r"purged\.(?P<at>[0-9TZ]+)")
_TIME: Final = "%Y%m%dT%H%M%S%fZ"
_NEVER: Final = "none"
_LEFT: Final = "times-left.json"
# Longer than any sealed key.
_HEAD_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class LogPiece:
    """A sealed part of a segment: its bytes from `first` to `end`.

    With the log up to its end one can go back to any time before `until`.
    """

    segment: LogSegment
    first: int
    end: int
    until: datetime | None

    @classmethod
    def parse(cls, name: str) -> "LogPiece | None":
        """Parse an object's name; None for anything else than a piece of the log."""
        match = _NAME.fullmatch(name)
        segment = LogSegment.parse(match["segment"]) if match else None
        if match is None or segment is None:
            return None
        until = None if match["until"] == _NEVER else _read(match["until"])
        return cls(segment, int(match["first"], 16), int(match["end"], 16), until)

    @property
    def name(self) -> str:
        """The name of the object."""
        until = _NEVER if self.until is None else f"{self.until:{_TIME}}"
        return f"{self.segment.name}.{self.first:07X}-{self.end:07X}.{until}"

    @property
    def is_whole(self) -> bool:
        """Whether this is the complete segment."""
        return (self.first, self.end) == (0, SEGMENT_BYTES)


@dataclass(frozen=True, slots=True)
class AuditPiece:
    """A sealed part of the audit log, by the numbers of its entries."""

    first: int
    last: int

    @classmethod
    def parse(cls, name: str) -> "AuditPiece | None":
        """Parse an object's name; None for anything else than audit entries."""
        match = _AUDIT.fullmatch(name)
        return cls(int(match["first"]), int(match["last"])) if match else None

    @property
    def name(self) -> str:
        """The name of the object."""
        return f"audit.{self.first:012}-{self.last:012}"


@dataclass(frozen=True, slots=True)
class LogListing:
    """What there is of the log: pieces by segment, in order, and histories."""

    pieces: dict[LogSegment, tuple[LogPiece, ...]]
    histories: tuple[int, ...]

    @property
    def timeline(self) -> int:
        """The newest timeline that there is log of; 0 if there is none."""
        return max((segment.timeline for segment in self.pieces), default=0)


class LogArchive:
    """The log in the folder of a repository, sealed by a clinic's file keys."""

    def __init__(self, repository: Path, system_id: str, keys: FileKeys) -> None:
        self.folder = repository / "log"
        self._system_id = system_id
        self._keys = keys

    def times_left(self) -> tuple[TimeLeft, ...]:
        """Return the times that the clinic went back over, oldest first."""
        return private_files.read_as(TIMES_LEFT, self.folder / _LEFT) or ()

    @contextmanager
    def leaving(self, left: TimeLeft) -> Iterator[None]:
        """Record that the clinic goes back, which happens in the block."""
        before = self.times_left()
        self._note_left((*before, left))
        try:
            yield
        except BaseException:
            self._note_left(before)
            raise

    def forget_not_left(self, history: TimelineHistory) -> None:
        """Forget times that are in the log after all; `history` is the current one.

        The process that should have gone back over them was killed after recording
        them.
        """
        times = self.times_left()
        left = tuple(each for each in times if _was_left(each, history))
        if left != times:
            self._note_left(left)

    def _note_left(self, times: tuple[TimeLeft, ...]) -> None:
        with private_files.locked(self.folder):
            private_files.replace(self.folder / _LEFT, TIMES_LEFT.dump_json(times))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Hold the log for adding to it; raises CannotBackUp if another worker does.

        Files that a killed worker has left unfinished are deleted first.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with (self.folder / "lock").open("a") as lock:
            if not private_files.try_lock(lock):
                raise CannotBackUp("Another worker keeps the log of this clinic.")
            # Destroying purged files, and going back, writes here too.
            with private_files.locked(self.folder):
                for pattern in ("*.new", f"{private_files.BEING_WRITTEN}*"):
                    for remains in self.folder.glob(pattern):
                        remains.unlink(missing_ok=True)
            yield

    def listing(self) -> LogListing:
        """Return what there is. Pieces of a segment that is complete do not count."""
        by_segment: dict[LogSegment, list[LogPiece]] = {}
        histories = []
        for name in self.names():
            if (piece := LogPiece.parse(name)) is not None:
                by_segment.setdefault(piece.segment, []).append(piece)
            elif (timeline := timeline_of_history(name)) is not None:
                histories.append(timeline)
        pieces = {segment: in_order(some) for segment, some in by_segment.items()}
        return LogListing(pieces, tuple(sorted(histories)))

    def names(self) -> frozenset[str]:
        """Return the objects of one moment.

        A complete segment is added before its pieces are removed: a look that begins
        before the one and ends after the other would see neither.
        """
        names = self._look()
        while (again := self._look()) != names:
            names = again
        return names

    def _look(self) -> frozenset[str]:
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            return frozenset(entry.name for entry in entries)
        return frozenset()

    def add(self, name: str, data: bytes) -> Path:
        """Seal an object; return once it is complete and on disk. Raises OSError."""
        key = FileCipher.new()
        head = b64encode(self._keys.seal(key.key, self._bound_to(name))) + b"\n"
        path = self.folder / name
        new = self.folder / f"{name}.new"
        new.unlink(missing_ok=True)
        writer = SealedWriter(new, key, self._bound_to(name).encode(), head)
        try:
            writer.write(zlib.compress(data, 1))
            writer.finish()
            new.replace(path)
            private_files.sync(self.folder)
        finally:
            writer.abandon()
            new.unlink(missing_ok=True)
        return path

    def read(self, name: str) -> bytes:
        """Return an object's content; raises SetBroken, naming it."""
        try:
            with (self.folder / name).open("rb", buffering=0) as source:
                return self.opened(name, source)
        except FileNotFoundError as error:
            raise SetBroken(f"The log's {_label(name)} is missing.") from error

    def opened(self, name: str, source: Any) -> bytes:
        """Return the content of an object of this name from elsewhere; as `read`."""
        try:
            head = source.read(_HEAD_BYTES).partition(b"\n")[0]
            source.seek(len(head) + 1)
            key = self._keys.unseal(
                b64decode(head, validate=True), self._bound_to(name)
            )
            stream = FileCipher.of(key).decrypting(
                source, self._bound_to(name).encode()
            )
            return zlib.decompress(stream.read())
        except KeyUnknown as error:
            raise SetBroken(
                f"The log's {_label(name)} was sealed with a key that "
                f"{self._keys.path} does not have: put the key file of its time back."
            ) from error
        except (SealBroken, NotDecrypted, ValueError, tink.TinkError) as error:
            raise SetBroken(
                f"The log's {_label(name)} does not open: it is not what was written "
                "under this name."
            ) from error
        except zlib.error as error:
            raise SetBroken(f"The log's {_label(name)} is no archive.") from error

    def remove(self, name: str) -> None:
        """Delete an object."""
        (self.folder / name).unlink(missing_ok=True)

    def history(self, timeline: int) -> TimelineHistory:
        """Return the history of a timeline; raises SetBroken."""
        if timeline <= 1:
            return TimelineHistory(timeline)
        name = history_name(timeline)
        try:
            return TimelineHistory.parse(timeline, self.read(name).decode())
        except ValueError as error:
            raise SetBroken(f"The log's {name} is no history.") from error

    def add_entries(self, at: datetime, entries: bytes) -> None:
        """Store entries of files that came after a set was made."""
        self.add(f"entries.{at:{_TIME}}", entries)

    def list_entries(self) -> list[tuple[datetime, str]]:
        """Return when files were copied after a set, with the lists' names, sorted."""
        timed = ((time_of_entries(name), name) for name in self._look())
        return sorted((at, name) for at, name in timed if at is not None)

    def add_purged(self, at: datetime, files: bytes) -> None:
        """Store which files were purged at a time. Raises OSError."""
        self.add(f"purged.{at:{_TIME}}", files)

    def add_audit(self, first: int, last: int, entries: bytes) -> None:
        """Store entries of the audit log that came after a set was made."""
        self.add(AuditPiece(first, last).name, entries)

    def remove_audit(self, first: int, last: int) -> None:
        """Delete an object whose entries are in another as well."""
        self.remove(AuditPiece(first, last).name)

    def list_audit(self) -> list[AuditPiece]:
        """Return the parts of the audit log in order; of one beginning the longest."""
        longest: dict[int, AuditPiece] = {}
        for piece in filter(None, map(AuditPiece.parse, self.names())):
            known = longest.setdefault(piece.first, piece)
            if piece.last > known.last:
                longest[piece.first] = piece
        return sorted(longest.values(), key=lambda piece: piece.first)

    @contextmanager
    def copying_files(self) -> Iterator[None]:
        """Prevent the removal of files' bytes until an entry names them."""
        with private_files.locked(self.folder):
            yield

    def key_ids(self) -> set[int]:
        """Return the key file's keys with which objects are sealed."""
        ids = set()
        with suppress(FileNotFoundError):
            for path in self.folder.iterdir():
                if path.suffix in {".new", ".json", ""}:
                    continue
                with suppress(OSError, ValueError, SealBroken), path.open("rb") as file:
                    head = file.read(_HEAD_BYTES).partition(b"\n")[0]
                    ids.add(key_of(b64decode(head, validate=True)))
        return ids

    def note(self, position: LogPosition) -> None:
        """Record how far the log reaches. Raises OSError."""
        path = self.folder / "position.json"
        # Twice a second, so the folder is not synced as well: after a power cut the
        # former record is just as good.
        with private_files.aside(path, POSITIONS.dump_json(position)) as new:
            new.replace(path)

    def _bound_to(self, name: str) -> str:
        return f"log {self._system_id}/{name}"


def in_order(pieces: list[LogPiece]) -> tuple[LogPiece, ...]:
    """Return the pieces that count: a complete one, or consecutive ones.

    Of two that begin at the same position the longer counts.
    """
    chain: list[LogPiece] = []
    for piece in sorted(pieces, key=lambda each: (each.first, -each.end)):
        if piece.first >= (chain[-1].end if chain else 0):
            chain.append(piece)
    return tuple(chain)


def time_of_entries(name: str) -> datetime | None:
    """Return when an object of entries was written, by its name; None for others."""
    match = _ENTRIES.fullmatch(name)
    return _read(match["at"]) if match else None


def time_of_purge(name: str) -> datetime | None:
    """Return the time of a list of purged files, by its name; None for others."""
    match = _PURGED.fullmatch(name)
    return _read(match["at"]) if match else None


def _read(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def _label(name: str) -> str:
    piece = LogPiece.parse(name)
    return name if piece is None else f"segment {piece.segment.name}"


def _was_left(left: TimeLeft, history: TimelineHistory) -> bool:
    """Return whether the clinic did go back as was recorded beforehand.

    After a power cut the servers may take the same timeline by themselves, and begin it
    where their log ends instead of the position to be gone back to.
    """
    if left.begun > history.timeline:
        return False
    begun_at = history.begun_at(left.begun)
    return not left.begun_at or begun_at is None or str(begun_at) == left.begun_at
