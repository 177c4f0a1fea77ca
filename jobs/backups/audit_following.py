"""Copies the audit log's entries between two backups, link by link, as they come.

A set has all earlier entries, an incremental one together with its bases. The copies
made here continue from there, so that the loss of the machine loses no entry that was
added before a time to which one can go back.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from threading import Event
from typing import IO, Any, Final

import bson
from bson.codec_options import CodecOptions
from bson.errors import InvalidBSON

from db.backups.backup_errors import SetBroken
from db.backups.log.archive import AuditPiece, LogArchive
from db.backups.log.windows import read_position
from db.backups.manifest import Manifest
from db.backups.repository import Repository
from db.backups.sealing import seal_of
from db.files.file_keys import FileKeys
from db.mongo.audit_store import AuditStore, AuditStoreUnavailable
from jobs.backups.following import Follower
from services.audit.chain import (
    START,
    ChainBroken,
    Link,
    follow,
    follow_all,
    link_of,
)

_log = logging.getLogger(__name__)
_ROUND_SECONDS: Final = 0.5
# An object with this many entries is final; a smaller one is rewritten with what comes.
_OF_A_WHOLE: Final = 1000
_OPTIONS: Final[CodecOptions[dict[str, Any]]] = CodecOptions(tz_aware=True)


class AuditFollower(Follower):
    """Keeps the copies of the audit log's entries up to date."""

    subject = "the audit log"
    trouble = "The audit log is not copied"
    expected = (AuditStoreUnavailable, ChainBroken, SetBroken)

    def __init__(
        self,
        store: AuditStore,
        repository: Repository,
        archive: LogArchive,
        require_repository: Callable[[], None],
    ) -> None:
        super().__init__(repository, require_repository)
        self._store = store
        self._archive = archive
        # Objects that do not open, until all of their entries have been copied again.
        self._broken: list[AuditPiece] = []
        # What was copied by then is still there, whichever worker did it.
        if (position := read_position(archive.folder)) is not None:
            self.until = position.audit_until

    def follow(self, stopping: Event) -> None:
        """Copy the entries after the last copy, then each new one."""
        link, open_entries = self._resume()
        while not stopping.wait(_ROUND_SECONDS):
            self._require_repository()
            began = datetime.now(UTC)
            while some := self._store.list_after(link.sequence, limit=_OF_A_WHOLE):
                for entry in some:
                    link = follow(link, entry)
                open_entries = self._keep(open_entries, some)
            self.until, self.failure = began, ""

    def _keep(
        self, before: list[dict[str, Any]], some: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Store entries; return those of the last object if it is to be rewritten."""
        entries = before + some
        first, last = entries[0]["_id"], entries[-1]["_id"]
        packed = b"".join(map(bson.encode, entries))
        self._archive.add_audit(first, last, packed)
        if before:
            self._archive.remove_audit(first, before[-1]["_id"])
        self._forget_broken(AuditPiece(first, last))
        return entries if len(entries) < _OF_A_WHOLE else []

    def _forget_broken(self, copied: AuditPiece) -> None:
        """Remove objects that do not open once others have all their entries.

        Of two objects that begin with the same entry the longer one is read.
        """
        for piece in [each for each in self._broken if each.last <= copied.last]:
            self._broken.remove(piece)
            if piece != copied:
                self._archive.remove_audit(piece.first, piece.last)

    def _resume(self) -> tuple[Link, list[dict[str, Any]]]:
        """Return where copying continues, and the last object's entries if few.

        An object that no longer opens is copied again.
        """
        self._broken = []
        for piece in reversed(self._archive.list_audit()):
            try:
                entries = list(read_entries(self._archive, piece.name))
            except SetBroken as error:
                _log.warning("Entries of the audit log are copied again: %s", error)
                self._broken.append(piece)
                continue
            link = link_of(entries[-1])
            return link, entries if len(entries) < _OF_A_WHOLE else []
        # Readers of both compare the following entries with the set's copy.
        sets = self._repository.survey().sets
        copied = sets[0].audit_entries if sets else 0
        for entry in self._store.list_after(copied - 1, limit=1) if copied else ():
            return link_of(entry), []
        return START, []


def read_entries(archive: LogArchive, name: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of an object of the log; raises SetBroken."""
    yield from bson.decode_all(archive.read(name), _OPTIONS)


def read_all_entries(
    repository: Repository, archive: LogArchive, manifest: Manifest, keys: FileKeys
) -> Iterator[dict[str, Any]]:
    """Yield a set's entries and those that came after it; raises SetBroken."""
    entries = read_set_entries(repository, manifest, keys)
    later = read_later_entries(archive, manifest.audit_entries)
    try:
        yield from follow_all(chain(entries, later))
    except ChainBroken as error:
        raise SetBroken(
            f"The audit log of backup {manifest.set_id} is broken: {error}"
        ) from error


def read_set_entries(
    repository: Repository, manifest: Manifest, keys: FileKeys
) -> Iterator[dict[str, Any]]:
    """Yield all entries of a set, including its bases'; raises SetBroken."""
    parts: list[Manifest] = []
    for each in reversed(repository.survey().chain_of(manifest)):
        parts.insert(0, each)
        if not each.audit_after:
            break
    for each in parts:
        path = repository.set_folder(each.set_id) / "audit"
        with seal_of(each, keys).reading(path) as stream:
            yield from _read_stream(stream)


def _read_stream(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    try:
        yield from bson.decode_file_iter(stream, _OPTIONS)
    except InvalidBSON as error:
        raise SetBroken("The audit log's copy is not what was written.") from error


def read_later_entries(archive: LogArchive, after: int) -> Iterator[dict[str, Any]]:
    """Yield the entries that were copied after a number; raises SetBroken."""
    for piece in archive.list_audit():
        if piece.last <= after:
            continue
        for entry in read_entries(archive, piece.name):
            if entry["_id"] > after:
                after = entry["_id"]
                yield entry
