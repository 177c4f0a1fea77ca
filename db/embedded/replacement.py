"""Puts a restored PostgreSQL in the place of the servers' data, step by step.

A journal in the data folder records how far that has come. Until the restored data are
complete nothing of the clinic is touched, and a start deletes them; from then on a
start continues where it was interrupted. So there is one clinic at any time, and never
an empty one.
"""

import errno
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from db.backups.replaced_data import folder_for
from db.embedded.data_folder import (
    CannotStart,
    DataFolder,
    read_json,
    translate_os_errors,
)
from db.embedded.processes import child_processes
from db.embedded.servers import membership
from db.files import private_files

_JOURNAL: Final = "replacement.json"
_STOP_SECONDS: Final = 20.0


class ReplacementStep(StrEnum):
    """How far a replacement has come."""

    # The restored data are being made, beside the clinic.
    PREPARING = "preparing"
    # They are complete: the clinic's data have to make room.
    READY = "ready"
    # They are where the servers look; no server has led with them yet.
    PLACED = "placed"


@dataclass(frozen=True, slots=True)
class _Journal:
    step: ReplacementStep
    to: str
    began_at: str


class Replacement:
    """The replacement of a data folder's PostgreSQL, if one is under way.

    `place` is where the restored data are made, `restored` where they are once they are
    complete.
    """

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._path = folder.path / _JOURNAL
        self.place = folder.path / "going-back"
        self.restored = folder.path / "postgres.restored"

    @property
    def step(self) -> ReplacementStep | None:
        """How far it has come; None if nothing is under way."""
        journal = self._read()
        return journal.step if journal else None

    @property
    def is_ready(self) -> bool:
        """Whether the restored data are complete and not in place yet."""
        return self.step is ReplacementStep.READY

    @property
    def is_placed(self) -> bool:
        """Whether the restored data are in place and nobody has led with them yet."""
        return self.step is ReplacementStep.PLACED

    @contextmanager
    def preparing(self, to: datetime) -> Iterator[None]:
        """Record that restored data are being made, and lock their place meanwhile.

        They are deleted at the end, unless `be_ready` was called. Raises CannotStart
        while another replacement is under way, and where they could not be put in
        place.
        """
        self._require_one_disk()
        with self._lock():
            if self.is_ready or self.is_placed:
                raise CannotStart(
                    "The clinic is already going back in time: start it with "
                    "script/server, which continues."
                )
            shutil.rmtree(self.restored, ignore_errors=True)
            now = datetime.now(UTC).isoformat()
            self._write(_Journal(ReplacementStep.PREPARING, to.isoformat(), now))
            try:
                yield
            finally:
                if self.step is ReplacementStep.PREPARING:
                    self._path.unlink(missing_ok=True)
                    shutil.rmtree(self.restored, ignore_errors=True)

    def be_ready(self, data: Path) -> None:
        """Take complete data, of a stopped server, as the next clinic's."""
        journal = self._read()
        assert journal is not None  # noqa: S101 - it is being prepared
        data.rename(self.restored)
        private_files.sync(self._folder.path)
        self._write(_Journal(ReplacementStep.READY, journal.to, journal.began_at))

    def resume(self) -> None:
        """Before a start: continue with complete data, delete incomplete ones.

        Nothing of the cluster runs. Raises CannotStart, also while somebody prepares
        data: they would be the next start's clinic, whatever is written until then.
        """
        journal = self._read()
        if journal is None:
            return
        if journal.step is ReplacementStep.PREPARING:
            self._give_up()
        elif journal.step is ReplacementStep.READY:
            with translate_os_errors(self._folder.path):
                self._swap(journal)

    def finish(self) -> None:
        """Record that a server leads with the restored data."""
        if self.is_placed:
            self._path.unlink()
            private_files.sync(self._folder.path)

    def _require_one_disk(self) -> None:
        """Raise CannotStart if the servers' data cannot be renamed out of their folder.

        It may be a disk of its own, as may a server's. Then nobody could start the
        clinic any more, once the restored data are ready.
        """
        folder, name = self._folder, "going-back.disk"
        here, there = folder.path / name, folder.postgres / name
        is_one = not any(data.is_mount() for data in folder.postgres.glob("db-*/"))
        with translate_os_errors(folder.path):
            try:
                here.mkdir(mode=0o700, exist_ok=True)
                here.rename(there)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                is_one = False
            finally:
                for probe in (here, there):
                    with suppress(OSError):
                        probe.rmdir()
        if not is_one:
            raise CannotStart(
                f"{folder.postgres}, or a server's folder in it, is a disk of its own, "
                "and restored data cannot be put in place from one disk to another: "
                "stop Chartroom, move what is in it to the disk of "
                f"{folder.path}, and go back then. Nothing was changed."
            )

    def _swap(self, journal: _Journal) -> None:
        # May be interrupted between any two lines: the restored data go in last.
        folder = self._folder
        stamp = datetime.fromisoformat(journal.began_at)
        before = folder_for(folder.path, stamp)
        if self.restored.exists():
            before.mkdir(mode=0o700, exist_ok=True)
            # Until the restored data lead these are the only ones: they must not go
            # into a folder whose name a power cut could remove.
            private_files.sync(folder.path)
            for data in sorted(folder.postgres.glob("db-*/")):
                data.rename(before / data.name)
            private_files.sync(folder.postgres)
            private_files.sync(before)
            first = membership.remembered(folder).ordinary[0]
            self.restored.rename(folder.node_data(first))
            private_files.sync(folder.postgres)
        # If all servers were lost, the mark that there was a clinic may be lost as
        # well.
        folder.mark_complete()
        self._write(_Journal(ReplacementStep.PLACED, journal.to, journal.began_at))

    def _give_up(self) -> None:
        with self._lock():
            child_processes.end(
                child_processes.find(self.place), grace_seconds=_STOP_SECONDS
            )
            for remains in (self.place, self.restored):
                shutil.rmtree(remains, ignore_errors=True)
            self._path.unlink(missing_ok=True)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with self._path.with_suffix(".lock").open("a") as lock:
            if not private_files.try_lock(lock):
                raise CannotStart(
                    "Somebody is taking the clinic back in time right now: wait until "
                    "that has ended, or stop their restore --go-back."
                )
            yield

    def _read(self) -> _Journal | None:
        content = read_json(self._path)
        if not content:
            return None
        return _Journal(
            ReplacementStep(content["step"]), content["to"], content["began_at"]
        )

    def _write(self, journal: _Journal) -> None:
        self._folder.write(self._path, json.dumps(asdict(journal), indent=1))
