"""Takes a backup of the running clinic: rows, files and the audit chain.

A full backup has all pages of the rows, an incremental one those changed since another.
Files are copied before the rows and once more after them. So whatever a row of the
backup names was there in one of the two looks, since bytes are stored before their row,
and removed after it. The audit chain comes last and reaches further than the head in
the rows.
"""

import gzip
import math
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import bson

from db.backups.backup_errors import (
    CannotBackUp,
    CannotCopyChanges,
    CannotRestore,
    SetBroken,
)
from db.backups.base_backup import Leader, LeaderSystem
from db.backups.file_copies import CopiedFile, FileCopies, list_set_copies
from db.backups.known_repository import claim
from db.backups.log import log_slot
from db.backups.log.segments import TimelineHistory
from db.backups.manifest import BasedOn, Manifest, SealedObject, TableDigest
from db.backups.repository import Repository
from db.backups.sandbox import Sandbox, SandboxName, unpacked
from db.backups.sealing import SetSeal
from db.backups.table_digests import digest_replica
from db.embedded import Addresses, DataFolder
from db.embedded.processes import programs
from db.files import private_files
from db.files.ciphers import FileCipher
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore, FileStoreUnavailable
from db.mongo.audit_store import AuditStore, AuditStoreUnavailable
from db.pace import AT_ONCE, Pace
from db.postgres import Lsn
from jobs.backups.bases import PAGES, ChosenBase, choose_base
from services.audit.chain import START, ChainBroken, Link, follow_all, link_of

# For the log of a base backup and of a busy minute, and files that come meanwhile.
_SPARE_BYTES: Final = 200_000_000


@dataclass(frozen=True, slots=True)
class BackupSource:
    """The running clinic: its servers, its files, its audit log and its keys."""

    folder: DataFolder
    addresses: Addresses
    database: str
    files: FileStore
    audit: AuditStore
    keys: FileKeys


@dataclass(frozen=True, slots=True)
class BackupTaken:
    """A backup that counts, and what it cost."""

    manifest: Manifest
    seconds: float
    new_file_bytes: int

    @property
    def sentence(self) -> str:
        """The backup described in a sentence."""
        manifest = self.manifest
        left_out = len(manifest.unreadable_files)
        sentence = (
            f"Backed up as {manifest.set_id} in {self.seconds:.1f} s, verified, "
            f"{_kind_of(manifest)}: {manifest.database_bytes / 1e6:.0f} MB of rows in "
            f"{manifest.sealed_bytes / 1e6:.1f} MB sealed, {manifest.files} files "
            f"({self.new_file_bytes / 1e6:.1f} MB new), {manifest.audit_entries} "
            "entries of the audit log."
        )
        if manifest.full_because:
            sentence += f" An incremental one was due: {manifest.full_because}"
        if left_out:
            sentence += (
                f" Files that could not be read: {left_out}; name them with "
                "python -m dashboard check-files."
            )
        return sentence


def _kind_of(manifest: Manifest) -> str:
    if manifest.based_on is None:
        return "full"
    return f"incremental on {manifest.based_on.set_id}"


def pace_beside_people(percent: int, every: timedelta | None) -> Pace:
    """Return the pace of a backup that works for a percentage of the time.

    A low priority, which the worker's backups have, does not keep memory, disk and the
    other processor free. If a backup is made every `every`, its rests take up to half
    of that in all.
    """
    longest = math.inf if every is None else every.total_seconds() / 2
    return Pace(percent / 100, longest)


def take(
    source: BackupSource,
    repository: Repository,
    *,
    full_every: timedelta | None = None,
    is_log_kept: bool = False,
    pace: Pace = AT_ONCE,
) -> BackupTaken:
    """Take a backup; raises CannotBackUp, and then nothing of it counts.

    It is a full one if the last is older than `full_every`, or without that setting;
    else an incremental one, if possible. With `is_log_kept` somebody is to receive the
    log that continues from it, though perhaps only later. The `pace` leaves the machine
    to the people who work with it.
    """
    leader = Leader(source.addresses, programs.find(source.folder.path), sys.executable)
    system = leader.system()
    claim(repository, system.system_id, source.folder.path)
    with repository.held():
        try:
            if is_log_kept:
                log_slot.await_kept(leader)
            history = TimelineHistory.parse(*leader.history_file())
            base = choose_base(repository, source.keys, history, full_every)
            base = _with_its_audit_log(base, source.audit)
            return _Taking(source, repository, leader, system, base, pace=pace).run()
        except CannotBackUp as error:
            repository.note_failure(str(error))
            raise
        except (
            AuditStoreUnavailable,
            CannotRestore,
            ChainBroken,
            FileStoreUnavailable,
            OSError,
        ) as error:
            failure = CannotBackUp(_why(error, repository))
            repository.note_failure(str(failure))
            raise failure from error


def _with_its_audit_log(base: ChosenBase, audit: AuditStore) -> ChosenBase:
    """Return the base, or none if the audit log is not the one that it ends with.

    An incremental set is read together with its base, and would be broken.
    """
    manifest = base.manifest
    if manifest is None or not manifest.audit_head:
        return base
    number = manifest.audit_entries
    for entry in audit.list_after(number - 1, limit=1):
        if (entry["_id"], entry.get("hash")) == (number, manifest.audit_head):
            return base
    return ChosenBase(
        full_because=f"The audit log no longer has entry {number} as backup "
        f"{manifest.set_id} ends with it."
    )


def _why(error: Exception, repository: Repository) -> str:
    if isinstance(error, OSError):
        return (
            f"The backup could not be written ({error.strerror or error}): see "
            f"how full the disk of {repository.folder} is."
        )
    return f"The backup does not count: {error}"


class _Taking:
    """One backup in the making."""

    def __init__(
        self,
        source: BackupSource,
        repository: Repository,
        leader: Leader,
        system: LeaderSystem,
        base: ChosenBase,
        *,
        pace: Pace,
    ) -> None:
        self._source = source
        self._pace = pace
        self._base = base
        self._repository = repository
        self._leader = leader
        self._system = system
        self._began_at = datetime.now(UTC)
        self._set_id = ""
        known = known_copies(repository, source.keys)
        self._files = FileCopies(source.files, repository, known=known, pace=pace)
        self._objects: list[SealedObject] = []

    def run(self) -> BackupTaken:
        """Make the set, verify it, and publish it."""
        self._require_room()
        self._set_id, unfinished = self._repository.begin(self._began_at)
        try:
            manifest = self._make(unfinished)
            self._repository.publish(unfinished, manifest)
        except BaseException:
            self._repository.discard(unfinished)
            raise
        seconds = (datetime.now(UTC) - self._began_at).total_seconds()
        return BackupTaken(manifest, seconds, self._files.new_bytes)

    def _require_room(self) -> None:
        """Raise CannotBackUp unless set and sandbox have room, on whatever disks."""
        rows = self._system.bytes + _SPARE_BYTES
        data, folder = self._source.folder.path, self._repository.folder
        if self._repository.is_beside(data):
            self._repository.require_room(folder, 2 * rows, "a backup, verified,")
            return
        self._repository.require_room(folder, rows, "a backup")
        self._repository.require_room(data, rows, "verifying a backup")

    def _make(self, unfinished: Path) -> Manifest:
        key = FileCipher.new()
        seal = SetSeal(self._system.system_id, self._set_id, key)
        self._files.look()
        reached, as_of, tables = self._copy_rows(unfinished, seal)
        self._files.look()
        with seal.writing(unfinished / "entries") as sink:
            self._files.write(sink)
            self._objects.append(sink.finish())
        audit_after = self._audit_of_base()
        audit = self._copy_audit(unfinished, seal, audit_after)
        if self._leader.system().timeline != self._system.timeline:
            raise CannotBackUp(
                "Another server leads than when the backup began: back up again."
            )
        folder, binaries = self._source.folder, self._leader.programs
        # Beside the sandbox of another backup that may be open at the same time.
        with unpacked(
            folder, binaries, seal, unfinished, name=SandboxName.CHECK, pace=self._pace
        ) as sandbox:
            wal = sandbox.verify()
            based_on = self._prove_base(sandbox)
            with seal.writing(unfinished / PAGES) as sink:
                sink.write(gzip.compress(sandbox.backup_manifest.read_bytes(), 6))
                self._objects.append(sink.finish())
        keys = self._source.keys
        return Manifest(
            set_id=self._set_id,
            system_id=self._system.system_id,
            database=self._source.database,
            timeline=wal.timeline,
            start_lsn=wal.start_lsn,
            end_lsn=wal.end_lsn,
            reached_lsn=str(reached),
            began_at=self._began_at,
            as_of=as_of,
            finished_at=datetime.now(UTC),
            schema=self._leader.schema(self._source.database),
            objects=tuple(self._objects),
            database_bytes=self._system.bytes,
            files=len(self._files.copied),
            file_bytes=self._files.stored_bytes,
            unreadable_files=tuple(sorted(self._files.unreadable)),
            audit_entries=audit.sequence,
            tables=tables,
            key_ids=tuple(sorted(self._files.key_ids | {keys.primary})),
            based_on=based_on,
            full_because=self._base.full_because,
            audit_after=audit_after.sequence,
            audit_head=audit.hash.hex() if audit.sequence else "",
        ).sealing(key, keys)

    def _prove_base(self, sandbox: Sandbox) -> BasedOn | None:
        """Return what an incremental backup states as its base.

        Raises CannotBackUp if that is not the one it was made from.
        """
        if (base := self._base.manifest) is None:
            return None
        if sandbox.based_on() != (base.timeline, Lsn.parse(base.start_lsn)):
            raise CannotBackUp(
                f"The incremental backup does not go on from {base.set_id}."
            )
        return BasedOn(base.set_id, base.fingerprint, sandbox.size())

    def _copy_rows(
        self, unfinished: Path, seal: SetSeal
    ) -> tuple[Lsn, datetime, dict[str, TableDigest]]:
        """Copy PostgreSQL; return the position it leads to, and what was there.

        The log lies open in the data folder for as long as the base backup takes.
        """
        received = self._source.folder.run / "backup-log"
        with self._leader.receiving_log(received) as log:
            self._copy_pages(unfinished / "base", seal)
            reached, tables = self._compare_at(self._leader.written())
            as_of = datetime.now(UTC)
            # Replay stops before what follows the position, so something has to follow.
            log.await_received(self._leader.mark(f"chartroom {self._set_id}"))
        with seal.writing(unfinished / "log") as sink:
            log.pack(sink)
            self._objects.append(sink.finish())
        log.discard()
        return reached, as_of, tables

    def _copy_pages(self, path: Path, seal: SetSeal) -> None:
        """Copy the changed pages, or all if PostgreSQL cannot name them."""
        if self._base.manifest is None:
            self._copy_base(path, seal, None)
            return
        since = self._source.folder.run / "backup-base"
        try:
            with private_files.aside(since, self._base.pages) as pages:
                self._copy_base(path, seal, pages)
        except CannotCopyChanges as error:
            path.unlink()
            self._base = ChosenBase(full_because=str(error))
            self._copy_base(path, seal, None)

    def _copy_base(self, path: Path, seal: SetSeal, since: Path | None) -> None:
        with seal.writing(path) as sink:
            self._leader.copy(sink, since=since, pace=self._pace)
            self._objects.append(sink.finish())

    def _compare_at(self, written: Lsn) -> tuple[Lsn, dict[str, TableDigest]]:
        """Return what a replica shows at one position, or the position without one."""
        addresses = self._source.addresses
        for name in addresses.members.ordinary:
            url = addresses.node_url(name, "postgres", self._source.database)
            if (digested := digest_replica(url, written, self._pace)) is not None:
                return digested
        return written, {}

    def _audit_of_base(self) -> Link:
        """Return the entry of the audit log with which the base ends, if any."""
        base = self._base.manifest
        if base is None or not base.audit_head:
            return START
        return Link(base.audit_entries, bytes.fromhex(base.audit_head))

    def _copy_audit(self, unfinished: Path, seal: SetSeal, after: Link) -> Link:
        """Copy the chain link by link; raises ChainBroken if it is broken.

        Returns the last link.
        """
        # A full copy may begin later than with the first entry.
        known = after if after.sequence else None
        with seal.writing(unfinished / "audit") as sink:
            for entry in follow_all(
                self._source.audit.walk_after(after.sequence), known
            ):
                sink.write(bson.encode(entry))
                after = link_of(entry)
                self._pace.rest()
            self._objects.append(sink.finish())
        return after


def known_copies(
    repository: Repository, keys: FileKeys
) -> dict[tuple[str, bson.ObjectId], CopiedFile]:
    """Return the copies of the newest set, as far as it opens."""
    newest = repository.survey().newest
    return {} if newest is None else copies_in(repository, newest, keys)


def copies_in(
    repository: Repository, manifest: Manifest, keys: FileKeys
) -> dict[tuple[str, bson.ObjectId], CopiedFile]:
    """Return the copies of a set; none if it does not open."""
    with suppress(SetBroken, OSError):
        copies = list_set_copies(repository, manifest, keys)
        return {copy.place: copy for copy in copies}
    return {}
