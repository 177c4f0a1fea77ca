"""The repository: a folder with the backups of one clinic.

`sets/ID` is a set; while it is made it is `ID.unfinished` and counts for nothing.
`files` has the bytes of stored files, each once, by the SHA-256 of what MongoDB holds:
they are encrypted there already. `proofs` records which restores were proven.
"""

import fcntl
import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from db.backups.backup_errors import (
    BackupRunning,
    CannotBackUp,
    CannotRestore,
    NoBackup,
    SetBroken,
)
from db.backups.manifest import Manifest
from db.backups.notes import FAILURES, PROOFS, Failure, Proof
from db.backups.readme import write_readme
from db.disk_space import usage_of
from db.files import private_files

_UNFINISHED: Final = ".unfinished"
# The digits that distinguish sets of the same second.
_DIGITS: Final = 4
# The beginning of a set's name.
_SECOND: Final = "%Y%m%dT%H%M%SZ"
_IS_SET: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4}")
_KNOWN: Final = "known-sets.json"
_NAMES: Final = TypeAdapter(frozenset[str])
_MEGABYTE: Final = 1_000_000
# A caller that asks whether a backup is being made holds the lock for an instant.
_LOCK_WAIT_SECONDS: Final = 0.1


def is_set_unfinished(name: str) -> bool:
    """Return whether a set is being made, or was never finished, by its name."""
    return name.endswith(_UNFINISHED)


@dataclass(frozen=True, slots=True)
class Survey:
    """The sets of a repository, oldest first, and the names of unreadable ones.

    `orphans` are incremental sets that lack one which they are based on, directly or
    indirectly: they cannot be restored.
    """

    sets: tuple[Manifest, ...]
    unreadable: tuple[str, ...]
    orphans: tuple[Manifest, ...] = ()

    @classmethod
    def of(cls, manifests: Iterable[Manifest], unreadable: Iterable[str]) -> "Survey":
        """Return the sets, with those apart that lack what they are based on."""
        ordered = sorted(manifests, key=lambda each: each.as_of)
        by_id = {each.set_id: each for each in ordered}
        lacking = {each.set_id for each in ordered if _lacks(each, by_id)}
        return cls(
            tuple(each for each in ordered if each.set_id not in lacking),
            tuple(unreadable),
            tuple(each for each in ordered if each.set_id in lacking),
        )

    @property
    def names(self) -> frozenset[str]:
        """The names of all sets, including unreadable ones and orphans."""
        there = (each.set_id for each in (*self.sets, *self.orphans))
        return frozenset((*there, *self.unreadable))

    @property
    def unusable(self) -> tuple[str, ...]:
        """The names of all sets that cannot be restored."""
        orphans = (each.set_id for each in self.orphans)
        return tuple(sorted((*self.unreadable, *orphans)))

    def bases_of(self, manifest: Manifest) -> Iterator[Manifest]:
        """Yield a set that can be restored, and all that it is based on."""
        by_id = {each.set_id: each for each in self.sets}
        current: Manifest | None = manifest
        while current is not None:
            yield current
            current = by_id.get(current.based_on.set_id) if current.based_on else None

    def chain_of(self, manifest: Manifest) -> tuple[Manifest, ...]:
        """Return what a set is restored from: a full one first, the set itself last.

        Raises SetBroken, naming what is missing or is not what the set was made from.
        """
        by_id = {each.set_id: each for each in (*self.sets, *self.orphans)}
        chain = [manifest]
        while (based_on := chain[0].based_on) is not None:
            base = by_id.get(based_on.set_id)
            if base is None or base in chain:
                is_there = based_on.set_id in self.unreadable
                raise SetBroken(
                    f"Backup {chain[0].set_id} has only what changed since backup "
                    f"{based_on.set_id}, "
                    + (
                        "whose manifest cannot be read."
                        if is_there
                        else "which is missing."
                    )
                )
            if base.fingerprint != based_on.fingerprint:
                raise SetBroken(
                    f"Backup {chain[0].set_id} has only what changed since backup "
                    f"{based_on.set_id}, and that is not the one it was made from: its "
                    "manifest was changed."
                )
            chain.insert(0, base)
        return tuple(chain)

    @property
    def key_ids(self) -> set[int]:
        """The key file's keys without which a set, or a file in it, is lost."""
        there = (*self.sets, *self.orphans)
        return {key for each in there for key in each.key_ids}

    @property
    def newest(self) -> Manifest | None:
        """The newest set."""
        return self.sets[-1] if self.sets else None

    def newest_by(self, now: datetime) -> Manifest | None:
        """Return the newest set made by a time.

        A later one was made while the clock was ahead: for that long it would pass for
        a backup that was made just now.
        """
        return next((s for s in reversed(self.sets) if s.as_of <= now), None)


def _lacks(manifest: Manifest, by_id: Mapping[str, Manifest]) -> bool:
    """Return whether a set that this one is based on, at any depth, is missing."""
    left = dict(by_id)
    current: Manifest | None = manifest
    while current is not None and current.based_on is not None:
        # Each counts once: a cycle is no chain.
        current = left.pop(current.based_on.set_id, None)
    return current is None


class Repository:
    """The backups below one folder; `room` returns a disk's free space and size."""

    def __init__(
        self,
        folder: Path,
        *,
        room: Callable[[Path], tuple[int, int] | None] = usage_of,
    ) -> None:
        self.folder = folder
        self._room = room
        self._sets = folder / "sets"
        self._files = folder / "files"
        self._proofs = folder / "proofs"
        # Manifests that were read, by the time and size of their files.
        self._read: dict[str, tuple[tuple[int, int], Manifest]] = {}
        # The sets of which all objects were read: when, and the state of their files
        # then.
        self.read_whole: dict[
            str, tuple[datetime, tuple[tuple[int, int] | None, ...]]
        ] = {}

    @property
    def system_id(self) -> str | None:
        """The clinic that the repository belongs to, by its system identifier."""
        try:
            content = json.loads((self.folder / "repository.json").read_bytes())
            return str(content["system_id"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def claim(self, system_id: str) -> None:
        """Make the folder this clinic's; raises CannotBackUp if it is another's."""
        try:
            for part in (self.folder, self._sets, self._files, self._proofs):
                private_files.make_folder(part)
            content = json.dumps({"format": 1, "system_id": system_id}).encode()
            private_files.make(self.folder / "repository.json", content)
        except OSError as error:
            raise self._unusable(error) from error
        if self.system_id != system_id:
            raise CannotBackUp(f"{self._of_another(system_id)} Nothing was written.")
        with suppress(OSError):
            write_readme(self.folder)

    def _unusable(self, error: OSError) -> CannotBackUp:
        return CannotBackUp(
            f"The backup folder {self.folder} cannot be used "
            f"({(error.strerror or str(error)).lower()}): make it yours to write, "
            "or name another with CHARTROOM_BACKUP_DIR."
        )

    def require_clinic(self, system_id: str) -> None:
        """Raise CannotRestore if the backups are those of another clinic."""
        if self.system_id != system_id:
            raise CannotRestore(self._of_another(system_id))

    def _of_another(self, system_id: str) -> str:
        return (
            f"The backups in {self.folder} belong to another clinic (PostgreSQL "
            f"{self.system_id}, this one is {system_id}): name a folder of this "
            "clinic's with CHARTROOM_BACKUP_DIR."
        )

    def require_room(self, folder: Path, needed: int, purpose: str) -> None:
        """Raise CannotBackUp unless this many bytes are free on a folder's disk."""
        usage = self._room(folder)
        if usage is not None and usage[0] < needed:
            raise CannotBackUp(
                f"The disk of {folder} has {usage[0] // _MEGABYTE} MB free and "
                f"{purpose} needs {needed // _MEGABYTE} MB: free some, or name a "
                "folder on another disk with CHARTROOM_BACKUP_DIR."
            )

    @property
    def room(self) -> tuple[int, int] | None:
        """The free space of the repository's disk, and its size; None if unknown."""
        return self._room(self.folder)

    @property
    def free_bytes(self) -> int | None:
        """The free space of the repository's disk; None if unknown."""
        room = self.room
        return room[0] if room else None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the repository for one backup; raises BackupRunning if another has it.

        What a killed backup has left is deleted first. Raises CannotBackUp where that,
        or the lock, is somebody else's.
        """
        with ExitStack() as held:
            try:
                lock = held.enter_context((self.folder / "lock").open("a"))
                if not private_files.try_lock(lock, seconds=_LOCK_WAIT_SECONDS):
                    raise BackupRunning(
                        f"Another backup into {self.folder} is being made: wait for it."
                    )
                for remains in self._sets.glob(f"*{_UNFINISHED}"):
                    shutil.rmtree(remains)
                self.forget_unfinished(".new")
                # A backup that was killed may not have recorded its set.
                self._note_known(self.known_sets() | self._names())
            except OSError as error:
                raise self._unusable(error) from error
            yield

    @property
    def is_busy(self) -> bool:
        """Whether a backup is being made."""
        try:
            with (self.folder / "lock").open() as lock:
                return not private_files.try_lock(lock, fcntl.LOCK_SH)
        except OSError:
            return False

    def begin(self, now: datetime) -> tuple[str, Path]:
        """Return the name of a new set, and the folder in which it is made.

        The name sorts after those of all sets begun before, even in the same second.
        """
        second = f"{now:{_SECOND}}-"
        names = [path.name for path in self._sets.glob(f"{second}*")]
        if names:
            number = int(max(names)[len(second) :][:_DIGITS], 16) + 1
        else:
            # In the lower half, so that as many may follow.
            number = secrets.randbelow(16**_DIGITS // 2)
        set_id = f"{second}{number:0{_DIGITS}x}"
        unfinished = self._sets / f"{set_id}{_UNFINISHED}"
        unfinished.mkdir(mode=0o700)
        return set_id, unfinished

    def publish(self, unfinished: Path, manifest: Manifest) -> None:
        """Publish a set: its manifest first, its name last, both on disk."""
        private_files.make(unfinished / "manifest.json", manifest.written())
        unfinished.rename(self.set_folder(manifest.set_id))
        private_files.sync(self._sets)
        self._note_known(self.known_sets() | {manifest.set_id})
        (self.folder / "failure.json").unlink(missing_ok=True)

    def discard(self, unfinished: Path) -> None:
        """Delete what a failed backup has made."""
        shutil.rmtree(unfinished, ignore_errors=True)

    @contextmanager
    def read_from(self) -> Iterator[None]:
        """Prevent removals while a set is read."""
        try:
            lock = (self.folder / "readers").open("a")
        except OSError:
            # Where nobody may write, nobody can remove.
            yield
            return
        with lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield

    @contextmanager
    def unread(self) -> Iterator[bool]:
        """Yield whether no set is being read; then no read begins in the block."""
        with (self.folder / "readers").open("a") as lock:
            yield private_files.try_lock(lock)

    @contextmanager
    def drilling(self) -> Iterator[bool]:
        """Yield whether no restore drill is running; then none begins in the block."""
        try:
            lock = (self.folder / "drills").open("a")
        except OSError:
            # There is nothing that could be restored.
            yield True
            return
        with lock:
            yield private_files.try_lock(lock)

    def remove(self, set_id: str) -> None:
        """Remove a set. It is renamed first: a remnant if killed after that."""
        self._note_known(self.known_sets() - {set_id})
        unfinished = self._sets / f"{set_id}{_UNFINISHED}"
        self.set_folder(set_id).rename(unfinished)
        private_files.sync(self._sets)
        self._read.pop(set_id, None)
        shutil.rmtree(unfinished)
        # Again, in case there was no space for it before.
        self._note_known(self.known_sets() - {set_id})

    def known_sets(self) -> frozenset[str]:
        """Return the sets that were made here and not removed, as recorded."""
        return private_files.read_as(_NAMES, self.folder / _KNOWN) or frozenset()

    def forget_known(self, before: datetime) -> None:
        """Drop records of missing sets that would have been removed by a time."""
        there, second = self._names(), f"{before:{_SECOND}}"
        known = self.known_sets()
        self._note_known({each for each in known if each in there or each >= second})

    def _note_known(self, names: Set[str]) -> None:
        # On a full disk sets are removed nevertheless; the next holder of the
        # repository records what is there.
        with suppress(OSError):
            if names != self.known_sets():
                content = _NAMES.dump_json(frozenset(names), indent=1)
                private_files.replace(self.folder / _KNOWN, content)

    def _names(self) -> Set[str]:
        """Return the names of all sets, readable or not."""
        return {name for name in self.survey().names if _IS_SET.fullmatch(name)}

    def stored_files(self) -> Iterator[Path]:
        """Yield the path of every stored file; each is named by its bytes' SHA-256."""
        yield from self._files.glob("??/*")

    def set_folder(self, set_id: str) -> Path:
        """Return the folder of a set's objects."""
        return self._sets / set_id

    def survey(self) -> Survey:
        """Return the sets that there are."""
        sets, unreadable = [], []
        for path in sorted(self._sets.glob("*/")):
            if is_set_unfinished(path.name):
                continue
            try:
                manifest = self._manifest(path)
            except SetBroken:
                unreadable.append(path.name)
                continue
            # A copy that somebody has made of a set, under another name, does not
            # count: the set would be there twice, and removing it would find only one.
            if manifest.set_id == path.name:
                sets.append(manifest)
        return Survey.of(sets, unreadable)

    def _manifest(self, place: Path) -> Manifest:
        """Return a manifest, read again only if its file has changed."""
        path = place / "manifest.json"
        with suppress(OSError):
            status = path.stat()
            stamp = status.st_mtime_ns, status.st_size
            known = self._read.get(place.name)
            if known is None or known[0] != stamp:
                known = self._read[place.name] = stamp, Manifest.read(path)
            return known[1]
        return Manifest.read(path)

    def oldest_at(self) -> datetime | None:
        """Return as of when the oldest set is; None without any."""
        return next((each.as_of for each in self.survey().sets), None)

    def newest(self, until: datetime | None = None) -> Manifest:
        """Return the newest set, or the newest one before a time.

        Raises CannotRestore if there is none, and SetBroken if it cannot be read:
        nobody is given an older one without being told.
        """
        survey = self.survey()
        sets, unusable = survey.sets, survey.unusable
        if until is not None:
            sets = tuple(each for each in sets if each.as_of <= until)
            unusable = tuple(n for n in unusable if n < f"{until:{_SECOND}}~")
        last = unusable[-1] if unusable else ""
        if last and (not sets or last > sets[-1].set_id):
            for orphan in survey.orphans:
                if orphan.set_id == last:
                    survey.chain_of(orphan)
            raise SetBroken(
                f"The manifest of the newest backup, {last}, cannot be read: no older "
                "one is taken in its place unasked."
            )
        if not sets:
            raise NoBackup(self.folder)
        return sets[-1]

    def file(self, digest: str) -> Path:
        """Return the path of a stored file's bytes, by their SHA-256."""
        return self._files / digest[:2] / digest

    @contextmanager
    def new_file(self, ending: str = ".new") -> Iterator[Path]:
        """Yield a path for bytes whose SHA-256 is not known yet; `keep` moves it."""
        path = self._files / f"{secrets.token_hex(8)}{ending}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def forget_unfinished(self, ending: str) -> None:
        """Delete files begun with this ending and never kept."""
        for remains in self._files.glob(f"*{ending}"):
            remains.unlink(missing_ok=True)

    def keep(self, path: Path, digest: str) -> None:
        """Keep bytes, which are on disk already, under their SHA-256."""
        place = self.file(digest)
        if not place.parent.exists():
            place.parent.mkdir(mode=0o700)
            private_files.sync(self._files)
        path.replace(place)
        private_files.sync(place.parent)

    def add_proof(self, proof: Proof) -> None:
        """Record for ever that a restore was proven."""
        name = f"{proof.proved_at:%Y%m%dT%H%M%S.%fZ}.json"
        private_files.make(self._proofs / name, PROOFS.dump_json(proof, indent=1))

    def last_proof(self, until: datetime | None = None) -> Proof | None:
        """Return the newest proven restore, or the newest one by a time."""
        for path in sorted(self._proofs.glob("*.json"), reverse=True):
            proof = private_files.read_as(PROOFS, path)
            if proof and (until is None or proof.proved_at <= until):
                return proof
        return None

    def proofs_between(self, since: datetime, until: datetime) -> tuple[Proof, ...]:
        """Return the restores that were proven in a period, oldest first.

        Records of a later version that this one cannot read are left out.
        """
        paths = self._proofs.glob("*.json")
        proofs = filter(None, (private_files.read_as(PROOFS, each) for each in paths))
        within = (each for each in proofs if since <= each.proved_at < until)
        return tuple(sorted(within, key=lambda each: each.proved_at))

    def note_failure(self, sentence: str) -> None:
        """Record why the last backup failed, until one succeeds."""
        before = self.last_failure()
        tries = before.tries + 1 if before else 1
        failure = FAILURES.dump_json(Failure(datetime.now(UTC), sentence, tries))
        with suppress(OSError):
            private_files.replace(self.folder / "failure.json", failure)

    def last_failure(self) -> Failure | None:
        """Return the failure of the last backup, if it failed."""
        return private_files.read_as(FAILURES, self.folder / "failure.json")

    def is_beside(self, data: Path) -> bool:
        """Return whether the repository is on the same disk as the data folder."""
        try:
            return self.folder.stat().st_dev == data.stat().st_dev
        except OSError:
            return False
