"""Restores a backup into a sandbox, proves it from end to end, and throws it away."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

import psycopg2
from bson import ObjectId
from psycopg2.errors import LockNotAvailable
from sqlalchemy.orm import Session

from db.backups.backup_errors import SetBroken, TableLocked
from db.backups.file_copies import (
    CopiedFile,
    list_later_copies,
    prove_copy,
    read_copies,
    require_copy,
)
from db.backups.log.archive import LogArchive
from db.backups.log.purged_files import list_purged_files
from db.backups.log.windows import read_position
from db.backups.manifest import TableDigest
from db.backups.notes import Proof
from db.backups.replaced_data import remove_before
from db.backups.repository import Repository
from db.backups.sealing import SetSeal
from db.backups.table_digests import differing, digest_tables
from db.embedded import DataFolder
from db.files.file_keys import FileKeys
from jobs.backups.audit_following import read_later_entries, read_set_entries
from jobs.backups.opening import opened, reading, require_whole
from jobs.backups.routes import Route, route_to
from services.audit.chain import (
    START,
    ChainBroken,
    Link,
    follow_all,
    link_of,
    read_head,
    seals,
)
from services.documents.integrity.file_references import (
    FileReference,
    known_by_id,
    list_by_id,
    list_versions,
    versions,
)

_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class _FilesProven:
    files: int
    bytes: int
    purged: int


def look(
    folder: DataFolder,
    repository: Repository,
    keys: FileKeys,
    *,
    to: datetime | None = None,
    system_id: str | None = None,
    beside: Callable[[Session], None] | None = None,
) -> Proof:
    """Restore into a sandbox and prove it; keep the proof.

    Without a time it is the newest set, at its own position. `system_id` is the
    clinic's, where it is known. Nothing live is queried or touched; `beside` may
    compare the proven with the live data. Raises CannotRestore, and SetBroken for what
    is not as it was written.
    """
    with repository.read_from():
        if system_id is not None and repository.system_id is not None:
            repository.require_clinic(system_id)
        archive = LogArchive(repository.folder, repository.system_id or "", keys)
        route = route_to(repository, archive, to)
        proving = Proving(folder, repository, keys, archive, route)
        seal, copies = proving.require_whole()
        with opened(folder, repository, archive, route, seal) as url:
            proof = proving.prove(url, copies)
            if beside is not None:
                with reading(url) as session:
                    beside(session)
    keep_proof(folder, repository, proof)
    return proof


def keep_proof(folder: DataFolder, repository: Repository, proof: Proof) -> None:
    """Keep a proof, and remove replaced data of the servers from before it."""
    repository.add_proof(proof)
    remove_before(folder.path, proof.as_of)


Copies = Mapping[tuple[str, ObjectId], CopiedFile]


@dataclass(frozen=True, slots=True)
class Proving:
    """The proof of one restore, wherever its PostgreSQL has paused replay."""

    folder: DataFolder
    repository: Repository
    keys: FileKeys
    archive: LogArchive
    route: Route
    # What the tables held at the route's position, if that was recorded.
    expected: Mapping[str, TableDigest] | None = None
    began: float = field(default_factory=time.monotonic)

    def require_whole(self) -> tuple[SetSeal, Copies]:
        """Return the set's seal and the files' copies, all of which exist.

        Raises CannotRestore and SetBroken.
        """
        seal = require_whole(self.folder, self.repository, self.keys, self.route)
        copies = self._copies(seal)
        purged = self.list_purged()
        for copy in copies.values():
            if copy.place not in purged:
                require_copy(copy, self.repository)
        return seal, copies

    def list_purged(self) -> Set[tuple[str, ObjectId]]:
        """Return the files that no backup has any more; raises SetBroken."""
        return {each.place for each in list_purged_files(self.archive)}

    def prove_rows(self, url: str) -> None:
        """Prove the rows at an address and the audit log's copy, but no files."""
        _prove_tables(url, self.route, self._expected)
        with reading(url) as session:
            _prove_audit(session, self)

    def prove(self, url: str, copies: Copies) -> Proof:
        """Prove the rows at an address, their files and the audit log's copy."""
        route = self.route
        manifest = route.manifest
        tables = _prove_tables(url, route, self._expected)
        with reading(url) as session:
            files = _prove_files(session, self, copies)
            audit_entries = _prove_audit(session, self)
        return Proof(
            set_id=manifest.set_id,
            as_of=manifest.as_of if route.to is None else route.to,
            proved_at=datetime.now(UTC),
            seconds=time.monotonic() - self.began,
            tables=len(tables),
            rows=sum(table.rows for table in tables.values()),
            is_compared=bool(self._expected),
            files=files.files,
            file_bytes=files.bytes,
            purged_files=files.purged,
            audit_entries=audit_entries,
            log_segments=None if route.to is None else len(route.segments),
            passed_over=route.passed_over,
        )

    @property
    def _expected(self) -> Mapping[str, TableDigest]:
        if self.expected is not None:
            return self.expected
        return self.route.manifest.tables if self.route.to is None else {}

    def _copies(self, seal: SetSeal) -> Copies:
        """Return the files' copies; the newest, of those made after the set."""
        manifest = self.route.manifest
        place = self.repository.set_folder(manifest.set_id)
        with seal.reading(place / "entries") as stream:
            copies = {copy.place: copy for copy in read_copies(stream)}
        if self.route.to is not None:
            later = list_later_copies(self.archive, manifest.began_at)
            copies |= {copy.place: copy for copy in later}
        return copies


def _prove_tables(
    url: str, route: Route, expected: Mapping[str, TableDigest]
) -> dict[str, TableDigest]:
    """Read every row of every table; raise SetBroken if a replica showed others."""
    manifest, restored = route.manifest, read_tables(url)
    if expected and (names := list(differing(expected, restored))):
        raise SetBroken(
            f"Backup {manifest.set_id} restores other rows than a replica had shown "
            f"at {route.place or manifest.reached_lsn}, in {', '.join(names)}."
        )
    return restored


def read_tables(url: str) -> dict[str, TableDigest]:
    """Read every row of every table at an address; raises TableLocked."""
    try:
        with (
            closing(psycopg2.connect(url)) as connection,
            connection.cursor() as cursor,
        ):
            return digest_tables(cursor)
    except LockNotAvailable as error:
        raise TableLocked from error


def _prove_files(session: Session, proving: Proving, copies: Copies) -> _FilesProven:
    """Prove the file of every row; raise SetBroken, naming the row by its id."""
    count = size = gone = 0
    purged, set_id = proving.list_purged(), proving.route.manifest.set_id
    for reference in list_references(session):
        for file_id in reference.file_ids:
            place = (str(reference.bucket), ObjectId(file_id))
            if place in purged:
                gone += 1
                continue
            copy = copies.get(place)
            if copy is None:
                raise SetBroken(f"Backup {set_id} lacks the file of {reference.words}.")
            try:
                size += prove_copy(
                    copy, proving.repository, proving.keys, reference.sha256
                )
            except SetBroken as error:
                raise SetBroken(f"{error} It is that of {reference.words}.") from error
            count += 1
    return _FilesProven(count, size, gone)


def list_references(session: Session) -> Iterator[FileReference]:
    """Yield every row that names files."""
    yield from list_versions(session, versions())
    after = None
    buckets = known_by_id(session)
    while some := list_by_id(session, after, _AT_ONCE, buckets=buckets):
        yield from some
        after = some[-1].id


def _prove_audit(session: Session, proving: Proving) -> int:
    """Follow the copied chain; raise SetBroken if it, or the rows' head, is broken.

    Entries of an earlier version's log were copied with the sets only.
    """
    route, archive = proving.route, proving.archive
    manifest, after = route.manifest, list[dict[str, Any]]()
    if route.to is not None:
        after = list(read_later_entries(archive, manifest.audit_entries))
    entries = read_set_entries(proving.repository, manifest, proving.keys)
    try:
        followed = follow_chain(session, chain(entries, after))
    except ChainBroken as error:
        raise SetBroken(
            f"The audit log of backup {manifest.set_id} is broken: {error}"
        ) from error
    position = read_position(archive.folder)
    is_kept = position is not None and position.audit_until is not None
    head = followed.head
    is_due = is_kept or route.to is None or head.sequence <= followed.last
    if not followed.has_head and is_due:
        raise SetBroken(
            f"The audit log of backup {manifest.set_id} does not reach entry "
            f"{head.sequence}, where its rows say that it ends."
        )
    if followed.lacks_seals:
        raise SetBroken(
            f"The audit log of backup {manifest.set_id} has other entries than those "
            "that were sealed."
        )
    return followed.last


@dataclass(frozen=True, slots=True)
class FollowedChain:
    """Where an audit log ends, and whether it is the one that restored rows know."""

    last: int
    head: Link
    has_head: bool
    lacks_seals: bool


def follow_chain(session: Session, entries: Iterable[dict[str, Any]]) -> FollowedChain:
    """Follow a log link by link, beside restored rows; raises ChainBroken."""
    head, sealed = read_head(session), {each.link for each in seals.list_seals(session)}
    last, first, has_head = 0, None, head == START
    for entry in follow_all(entries):
        link = link_of(entry)
        last, first = link.sequence, first or link.sequence
        has_head = has_head or link == head
        sealed.discard(link)
    # Entries are deleted after ten years, and their seals stay.
    lacks_seals = has_head and any(each.sequence >= (first or 0) for each in sealed)
    return FollowedChain(last, head, has_head, lacks_seals)


def _words_of_damage(proof: Proof) -> str:
    if not proof.passed_over:
        return ""
    return (
        " A later backup, from which less of the log would have led there, could not "
        "be used: " + " ".join(proof.passed_over)
    )


def words_of(proof: Proof) -> str:
    """Return a proof as a sentence."""
    files = f"({proof.files}, {proof.file_bytes / 1e6:.1f} MB)"
    if proof.purged_files:
        files += f", except {proof.purged_files} that have been purged since"
    if proof.log_segments is not None:
        return (
            f"Restored the clinic as of {proof.as_of:%Y-%m-%d %H:%M:%S.%f} UTC into a "
            f"sandbox in {proof.seconds:.1f} s, from {proof.set_id} and the log after "
            f"it (segments: {proof.log_segments}): all {proof.rows} rows of "
            f"{proof.tables} tables can be read; the files of all rows are whole "
            f"{files}; the backup's audit log is whole up to entry "
            f"{proof.audit_entries}. Nothing live was touched."
            f"{_words_of_damage(proof)}"
        )
    compared = (
        "the same as a replica showed then"
        if proof.is_compared
        else "readable, but could not be compared: no replica answered then"
    )
    return (
        f"Restored {proof.set_id}, the clinic as of {proof.as_of:%Y-%m-%d %H:%M:%S} "
        f"UTC, into a sandbox in {proof.seconds:.1f} s: {proof.rows} rows of "
        f"{proof.tables} tables are {compared}; the files of all rows are whole "
        f"{files}; the audit log is whole up to entry {proof.audit_entries}. Nothing "
        "live was touched."
    )
