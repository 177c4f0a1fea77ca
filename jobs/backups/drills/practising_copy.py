"""Restore drills from the copy elsewhere: fetches it, and checks everything.

They prove what is left after the loss of this machine and its backup disk: the copy
alone, and the keys.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Final

from db.backups.backup_errors import CannotRestore, CheckSkipped, SetBroken
from db.backups.copies.copy_notes import read_copy_note
from db.backups.copies.object_store import ObjectMissing, ObjectStore, StoreFailed
from db.backups.notes import DrillFigures, Proof
from db.backups.replaced_data import remove_before
from db.backups.repository import Repository
from db.backups.sandbox import SandboxName, alone
from db.disk_space import usage_of
from db.files.seal_keys import SealKeys
from jobs.backups.copying.fetching import RepositoryFetch
from jobs.backups.drills.practising import ClinicSnapshot, Practising
from jobs.backups.taking import BackupSource

_COPY_SECONDS: Final = 180.0
_LOOK_SECONDS: Final = 0.5
_TRIES: Final = 3
# This fraction of the disk is left to the clinic, which goes on meanwhile.
_LEFT_FREE: Final = 10


@dataclass(frozen=True, slots=True)
class CopyPractice:
    """A drill from the copy in a store, for a clinic with backups of its own.

    `room` returns what is free on a folder's disk.
    """

    source: BackupSource
    repository: Repository
    store: ObjectStore
    seal_keys: SealKeys
    room: Callable[[Path], tuple[int, int] | None] = usage_of

    def practise(self, stopping: Event | None = None) -> Proof:
        """Fetch the copy, restore any second of it and the newest; keep the proof.

        It checks everything that a drill of the backups here checks. The time until the
        rows answer is counted from the first object fetched. Raises CheckSkipped,
        SetBroken and CannotRestore; nothing live is touched, and what was fetched is
        thrown away.
        """
        own = Practising.of(self.source, self.repository, self.seal_keys)
        rpo_seconds = self._lag()
        snapshot = own.take_snapshot()
        self._await_copy(snapshot, stopping or Event())
        with self._scratch() as folder:
            began = time.monotonic()
            fetched = self._fetch(folder, snapshot)
            seconds = time.monotonic() - began
            size = sum(each.stat().st_size for each in _files_in(folder))
            practising = Practising.of(self.source, fetched, self.seal_keys)
            any_second = practising.restore_any(practising.find_window())
            restored = practising.restore_newest(snapshot)
        figures = DrillFigures(
            any_second,
            seconds + restored.rto_seconds,
            rpo_seconds,
            size + restored.bytes,
        )
        proof = replace(
            restored.proof,
            seconds=seconds + restored.proof.seconds,
            drill=figures,
            from_copy=self.store.address.shown,
        )
        self.repository.add_proof(proof)
        remove_before(self.source.folder.path, proof.as_of)
        return proof

    def _lag(self) -> float:
        """Return the age of the newest second that the copy leads to."""
        until = self._whole_until()
        if until is None:
            raise CheckSkipped(
                "The copy of the backups is not whole yet: there is nothing to "
                "restore from it."
            )
        return max(0.0, (datetime.now(UTC) - until).total_seconds())

    def _whole_until(self) -> datetime | None:
        note = read_copy_note(self.repository.folder)
        if note is None or note.place != self.store.address.shown:
            return None
        return note.whole_until

    def _await_copy(self, snapshot: ClinicSnapshot, stopping: Event) -> None:
        """Wait until the copy leads to a snapshot's position; raises CheckSkipped."""
        deadline = time.monotonic() + _COPY_SECONDS
        while time.monotonic() < deadline:
            until = self._whole_until()
            if until is not None and until > snapshot.passed_at:
                return
            if stopping.wait(_LOOK_SECONDS):
                break
        raise CheckSkipped(
            "The copy did not come as far as the clinic within three minutes: nothing "
            "was restored from it."
        )

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """Yield the path of a scratch folder, and remove it; for one at a time.

        Raises CannotRestore while another process has it.
        """
        folder = self.source.folder.path / SandboxName.DRILL_FROM_COPY
        with alone(folder):
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _fetch(self, folder: Path, snapshot: ClinicSnapshot) -> Repository:
        """Fetch what leads to a snapshot's place; raises CannotRestore, SetBroken.

        Copying goes on meanwhile: listed objects of the newest log may be replaced by
        longer ones.
        """
        fetched = Repository(folder, room=self._room_beside_the_clinic)
        system_id = self.source.folder.system_id()

        def fetch() -> None:
            fetching = RepositoryFetch(self.store, fetched, self.source.keys)
            fetching.fetch(snapshot.passed_at, system_id=system_id)

        try:
            for _ in range(_TRIES - 1):
                with suppress(SetBroken):
                    fetch()
                    return fetched
            fetch()
        except CannotRestore as error:
            cause = error.__cause__
            if not isinstance(cause, StoreFailed) or isinstance(cause, ObjectMissing):
                raise
            # The rest of its message, that what was fetched stays, holds only outside a
            # drill.
            raise CannotRestore(str(cause)) from error
        return fetched

    def _room_beside_the_clinic(self, folder: Path) -> tuple[int, int] | None:
        """Return how much of a disk's room a drill may use, and the disk's size.

        PostgreSQL stops where it cannot write; a restore drill can wait.
        """
        if (usage := self.room(folder)) is None:
            return None
        free, size = usage
        return max(0, free - size // _LEFT_FREE), size


def _files_in(folder: Path) -> Iterator[Path]:
    return (each for each in folder.rglob("*") if each.is_file())
