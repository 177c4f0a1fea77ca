"""Restore drills: goes to any second and to the newest, and checks all of both."""

import random
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final

from db.backups.backup_errors import CannotRestore, CheckSkipped, SetBroken, TableLocked
from db.backups.base_backup import Leader
from db.backups.log.archive import LogArchive
from db.backups.log.segments import SEGMENT_BYTES
from db.backups.log.windows import BackupWindow, find_windows, read_position
from db.backups.manifest import TableDigest
from db.backups.notes import DrillFigures, Proof
from db.backups.replaced_data import remove_before
from db.backups.repository import Repository
from db.backups.sandbox import Sandbox, SandboxName, unpacked
from db.backups.table_digests import digest_replica
from db.embedded.processes import programs
from db.files.seal_keys import SealKeys
from db.postgres import Lsn
from jobs.backups.drills.answering import require_answers
from jobs.backups.going_back.catching_up import CatchingUp
from jobs.backups.going_back.replaying import GoingBackOrder
from jobs.backups.looking import Proving
from jobs.backups.opening import reading, served, target_of
from jobs.backups.routes import Route, route_to
from jobs.backups.taking import BackupSource
from services.audit.chain import seals
from services.core.actors import CONSOLE
from services.documents.point_in_time import EarlierFiles

_TRIES: Final = 3
_ROUNDS: Final = 3
_LOG_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.2
# No secret depends on the choice of the second.
_CHOICE: Final = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class ClinicSnapshot:
    """The content of every table at a position in the log that was passed by a time."""

    place: Lsn
    passed_at: datetime
    tables: Mapping[str, TableDigest]


@dataclass(frozen=True, slots=True)
class Restored:
    """A proven restore, how long its rows took to answer, and how much was unpacked."""

    proof: Proof
    rto_seconds: float
    bytes: int


def practise(
    source: BackupSource,
    repository: Repository,
    seal_keys: SealKeys,
    *,
    stopping: Event | None = None,
) -> Proof:
    """Restore any second of the window, then the newest position; keep the proof.

    Both are proven as by hand: each row is read, each file checked by its SHA-256, and
    the audit log followed link by link with its seals. The rows of any second are
    brought up to date as going back does: what has since been purged, erased or revoked
    must stay so, and services have to answer there as pages query them. The newest is
    compared table by table with what a replica shows at its position, and its indexes
    with their tables. Raises CheckSkipped if any of that is impossible, SetBroken and
    CannotRestore; nothing live is touched.
    """
    with repository.read_from():
        practising = Practising.of(source, repository, seal_keys)
        window = practising.find_window()
        rpo_seconds = (datetime.now(UTC) - window.until).total_seconds()
        any_second = practising.restore_any(window)
        snapshot = practising.take_snapshot()
        practising.await_log(snapshot, stopping or Event())
        restored = practising.restore_newest(snapshot)
    figures = DrillFigures(
        any_second, restored.rto_seconds, max(0.0, rpo_seconds), restored.bytes
    )
    proof = replace(restored.proof, drill=figures)
    repository.add_proof(proof)
    remove_before(source.folder.path, proof.as_of)
    return proof


@dataclass(frozen=True, slots=True)
class Practising:
    """A drill from a repository, step by step."""

    source: BackupSource
    repository: Repository
    archive: LogArchive
    seal_keys: SealKeys

    @classmethod
    def of(
        cls, source: BackupSource, repository: Repository, seal_keys: SealKeys
    ) -> "Practising":
        """Return a drill from the clinic's own backups; raises CannotRestore."""
        if (system_id := source.folder.system_id()) is not None:
            repository.require_clinic(system_id)
        archive = LogArchive(repository.folder, repository.system_id or "", source.keys)
        return cls(source, repository, archive, seal_keys)

    def find_window(self) -> BackupWindow:
        """Return the newest window with any log; raises CannotRestore."""
        sets = self.repository.survey().sets
        position = read_position(self.archive.folder)
        windows = find_windows(sets, self.archive, position)
        for window in reversed(windows):
            if window.has_log:
                return window
        raise CannotRestore(
            "No log leads on from any backup yet, so there is no second to go to: the "
            "page Backups says from when to when one can go back."
        )

    def restore_any(self, window: BackupWindow) -> datetime:
        """Restore and prove a second of the window; return which second it was."""
        for _ in range(_TRIES):
            second = choose_second(window)
            try:
                self._restore(route_to(self.repository, self.archive, second))
            except TableLocked:
                continue
            return second
        raise CheckSkipped(
            f"A table was being changed at each of {_TRIES} seconds that were gone to: "
            "nothing was proven of them."
        )

    def take_snapshot(self) -> ClinicSnapshot:
        """Return a replica's table digests at one position; raises CheckSkipped."""
        source = self.source
        binaries = programs.find(source.folder.path)
        written = Leader(source.addresses, binaries, sys.executable).written()
        # On a busy clinic a replica may not come to rest within its seconds.
        for name in source.addresses.members.ordinary * _ROUNDS:
            url = source.addresses.node_url(name, "postgres", source.database)
            if (digested := digest_replica(url, written)) is not None:
                return ClinicSnapshot(digested[0], datetime.now(UTC), digested[1])
        raise CheckSkipped(
            "No replica could say what its tables hold at one place in the log, so the "
            "restored rows were compared with nothing."
        )

    def await_log(self, snapshot: ClinicSnapshot, stopping: Event) -> None:
        """Wait until the sealed log has a snapshot's position; raises CheckSkipped."""
        deadline = time.monotonic() + _LOG_SECONDS
        while time.monotonic() < deadline:
            position = read_position(self.archive.folder)
            leads_to = position.leads_to if position else None
            if leads_to is not None and leads_to > snapshot.passed_at:
                return
            if stopping.wait(_LOOK_SECONDS):
                break
        raise CheckSkipped(
            "The sealed log did not come as far as the clinic within two minutes: the "
            "newest second was not restored."
        )

    def restore_newest(self, snapshot: ClinicSnapshot) -> Restored:
        """Restore the position of a snapshot and compare every table with it."""
        route = route_to(self.repository, self.archive, snapshot.passed_at)
        if Lsn.parse(route.manifest.reached_lsn) > snapshot.place:
            raise CheckSkipped("A backup was made meanwhile: run the drill once more.")
        return self._restore(replace(route, place=snapshot.place), snapshot.tables)

    def _restore(
        self, route: Route, expected: Mapping[str, TableDigest] | None = None
    ) -> Restored:
        """Restore a route and prove it, also its indexes with tables to compare."""
        source, manifest = self.source, route.manifest
        # A restore would pass over it and succeed; a drill is there to report damage.
        if route.passed_over:
            raise SetBroken(route.passed_over[0])
        proving = Proving(
            source.folder, self.repository, source.keys, self.archive, route, expected
        )
        seal, copies = proving.require_whole()
        binaries = programs.find(source.folder.path)
        objects = self.repository.set_folder(manifest.set_id)
        name = SandboxName.DRILL
        with unpacked(source.folder, binaries, seal, objects, name=name) as sandbox:
            sandbox.verify()
            target = target_of(sandbox, self.archive, route)
            with sandbox.started(manifest.database, target) as url:
                rto_seconds = time.monotonic() - proving.began
                proof = proving.prove(url, copies)
                require_seals(url, self.seal_keys)
                if expected is not None:
                    sandbox.promote(url)
                    sandbox.check_indexes(url)
                else:
                    self._require_replayed(sandbox, url, route)
            if expected is None:
                require_answers(
                    served(source.folder, sandbox, source.database, name),
                    lambda: source.addresses.endpoints_of(source.database),
                    EarlierFiles(source.files, self.repository, source.keys),
                )
        size = manifest.database_bytes + len(route.segments) * SEGMENT_BYTES
        seconds = time.monotonic() - proving.began
        return Restored(replace(proof, seconds=seconds), rto_seconds, size)

    def _require_replayed(self, sandbox: Sandbox, url: str, route: Route) -> None:
        """Bring the earlier rows up to date, as going back does, and verify them.

        Raises SetBroken if something comes back that has since been purged, erased or
        revoked, and CheckSkipped if the audit log cannot be read.
        """
        source, second = self.source, route.to or route.manifest.as_of
        order = GoingBackOrder(second, "A restore drill", CONSOLE)
        CatchingUp(
            source.folder, source.audit, self.seal_keys, order, route.manifest.set_id
        ).bring_up_to_date(sandbox, url)


def require_seals(url: str, keys: SealKeys) -> None:
    """Raise SetBroken if a restored seal of the audit log does not match."""
    with reading(url) as session:
        bad = seals.find_bad_seal(session, keys)
    if bad is not None:
        raise SetBroken(f"The restored audit log is not sealed as it was: {bad}")


def choose_second(window: BackupWindow) -> datetime:
    """Return a random second of a window, each equally likely."""
    last = (window.until - window.since - timedelta(microseconds=1)).total_seconds()
    return window.since + timedelta(seconds=_CHOICE.randint(0, int(last)))
