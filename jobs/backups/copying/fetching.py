"""Fetches a repository from its copy: what one time needs, into an empty folder.

An object gets its name only once it is what was sent, so a fetch that was cut off
continues where it was. What is there already is read once more, since a power cut may
have left it incomplete. The set's manifest comes last: before that, nothing in the
folder counts.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from pydantic import TypeAdapter

from db.backups.backup_errors import CannotBackUp, CannotRestore, SetBroken
from db.backups.copies.copy_notes import NoteSeal
from db.backups.copies.local_objects import (
    MANIFEST,
    POSITION,
    PieceBundle,
    is_note,
    unbundled,
)
from db.backups.copies.object_store import ObjectMissing, ObjectStore, StoreFailed
from db.backups.file_copies import list_later_copies, read_copies
from db.backups.log.archive import LogArchive, LogPiece
from db.backups.log.purged_files import list_purged_files
from db.backups.log.segments import timeline_of_history
from db.backups.log.windows import is_on
from db.backups.manifest import Manifest
from db.backups.repository import Repository, Survey
from db.backups.sealing import digest_of, seal_of
from db.files import private_files
from db.files.file_keys import FileKeys
from jobs.backups.copying.uploading import clinic_of
from jobs.backups.retention.removing import LogStart, is_before

_NOTE: Final = "fetched.json"
_TRIES: Final = 5
_FIRST_PAUSE: Final = 1.0
_T = TypeVar("_T")
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class FetchedFrom:
    """The source of a folder's fetch, which cannot be continued from any other."""

    place: str
    system_id: str


_NOTES: Final = TypeAdapter(FetchedFrom)


@dataclass(frozen=True, slots=True)
class RepositoryFetch:
    """Fetches from a store into a folder, with the keys of the clinic or its kit."""

    store: ObjectStore
    repository: Repository
    keys: FileKeys
    first_pause: float = _FIRST_PAUSE
    report: Report = lambda _what, _objects, _bytes: None
    _sizes: dict[str, int] = field(default_factory=dict)

    def fetch(self, to: datetime | None, *, system_id: str | None = None) -> None:
        """Fetch what leads to a time, or to the newest; raises CannotRestore.

        SetBroken names what is missing or is not what was sent. `system_id` is the
        clinic's, where it is known.
        """
        with self._translated_errors():
            clinic = self._require_clinic(system_id)
            self._begin(clinic)
            self._sizes.update(self.store.names())
            archive = LogArchive(self._folder, clinic, self.keys)
            seal = NoteSeal(clinic, self.keys)
            self._fetch_histories(archive)
            manifest = self._choose(archive, seal, to)
            chain = self._chain_to(manifest, seal)
            for each in chain:
                self._fetch_set(each)
            self._fetch_log(archive, manifest)
            self._fetch_files(archive, manifest)
            for name in filter(is_note, self._sizes):
                if not name.startswith("sets/") and name != POSITION:
                    self._write(name, seal.opened(name, self._read(name)))
            if POSITION in self._sizes:
                self._write(POSITION, seal.opened(POSITION, self._read(POSITION)))
            # The requested set first, so that none of its bases is taken for it.
            for each in reversed(chain):
                self._write(_manifest_of(each.set_id), each.written())

    @property
    def _folder(self) -> Path:
        return self.repository.folder

    def _require_clinic(self, system_id: str | None) -> str:
        place = self.store.address.shown
        try:
            clinic = clinic_of(self.store)
        except ObjectMissing as error:
            raise CannotRestore(
                f"There are no backups of Chartroom in {place}: see bucket and prefix."
            ) from error
        if system_id is not None and clinic != system_id:
            raise CannotRestore(
                f"The backups in {place} are of another clinic (PostgreSQL {clinic}, "
                f"this one is {system_id}): name this clinic's bucket and prefix."
            )
        return clinic

    def _begin(self, clinic: str) -> None:
        """Prepare the folder for the fetch; raise CannotRestore if it is unsuitable."""
        own = FetchedFrom(self.store.address.shown, clinic)
        note = self._folder / _NOTE
        try:
            private_files.make_folder(self._folder)
            if (
                any(self._folder.iterdir())
                and private_files.read_as(_NOTES, note) != own
            ):
                raise CannotRestore(
                    f"{self._folder} is not empty, and was not begun to be fetched "
                    f"from {own.place}: name another folder with --into."
                )
            private_files.make(note, _NOTES.dump_json(own))
            self.repository.claim(clinic)
            (self._folder / "log").mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise CannotRestore(
                f"The folder {self._folder} cannot be used "
                f"({(error.strerror or str(error)).lower()}): name another with --into."
            ) from error

    def _fetch_histories(self, archive: LogArchive) -> None:
        names = [n for n in self._log_names() if timeline_of_history(n) is not None]
        for name in names:
            self._fetch_sealed(archive, name)

    def _choose(
        self, archive: LogArchive, seal: NoteSeal, to: datetime | None
    ) -> Manifest:
        """Return the newest set that leads to a time; raises CannotRestore, SetBroken.

        An older set never replaces one that does not open.
        """
        ids = {n.split("/")[1] for n in self._sizes if n.startswith("sets/")}
        ids = {each for each in ids if _manifest_of(each) in self._sizes}
        history = archive.history(self._newest_timeline())
        for set_id in sorted(ids, reverse=True):
            if to is not None and not is_before(set_id, to):
                continue
            name = _manifest_of(set_id)
            manifest = Manifest.parse(seal.opened(name, self._read(name)), set_id)
            if to is None or (
                manifest.as_of <= to
                and (is_on(manifest, history) or _is_second(manifest.as_of, to))
            ):
                return manifest
        when = "" if to is None else f" that leads to {to.astimezone(UTC):%F %T} UTC"
        raise CannotRestore(f"There is no backup in {self._shown}{when}.")

    def _chain_to(self, manifest: Manifest, seal: NoteSeal) -> tuple[Manifest, ...]:
        """Return the chain of a set, the full one first; raises SetBroken."""
        manifests, last = {manifest.set_id: manifest}, manifest
        while (base := last.based_on) is not None and base.set_id not in manifests:
            name = _manifest_of(base.set_id)
            if name not in self._sizes:
                raise SetBroken(
                    f"Backup {last.set_id} has only what changed since backup "
                    f"{base.set_id}, which is missing in {self._shown}."
                )
            last = Manifest.parse(seal.opened(name, self._read(name)), base.set_id)
            manifests[base.set_id] = last
        return Survey.of(manifests.values(), ()).chain_of(manifest)

    def _newest_timeline(self) -> int:
        pieces = [LogPiece.parse(name) for name in self._log_names()]
        timelines = [piece.segment.timeline for piece in pieces if piece is not None]
        bundles = filter(None, map(PieceBundle.parse, self._sizes))
        return max(
            [*timelines, *(each.segment.timeline for each in bundles)], default=0
        )

    def _fetch_set(self, manifest: Manifest) -> None:
        names = {each.sha256: each.name for each in manifest.objects}
        folder = f"sets/{manifest.set_id}"
        objects = {f"{folder}/{each.name}": each.sha256 for each in manifest.objects}
        self._require_room(list(objects))
        for name, digest in objects.items():

            def require(actual: str, name: str = name, digest: str = digest) -> None:
                if actual == digest:
                    return
                what = f"{name.rpartition('/')[2]} of backup {manifest.set_id}"
                if other := names.get(actual):
                    raise SetBroken(
                        f"{what} is the set's {other} in {self._shown}: they were "
                        "swapped."
                    )
                raise SetBroken(f"{what} was changed in {self._shown}.")

            self._fetch(name, require)
        self.report("The backup", len(objects), manifest.sealed_bytes)

    def _fetch_log(self, archive: LogArchive, manifest: Manifest) -> None:
        """Fetch the log from a set on; each object has to open before it counts."""
        start = LogStart.of(Survey((manifest,), ()), manifest.as_of)
        needed = [
            name
            for name in self._log_names()
            if start is not None and not name.endswith(".json")
            if not start.is_needless(name)
        ]
        self._require_room([f"log/{name}" for name in needed])
        for name in needed:
            bundle = PieceBundle.parse(f"log/{name}")
            if bundle is None:
                self._fetch_sealed(archive, name)
            elif start is not None and bundle.segment.number >= start.segment_number:
                self._fetch_pieces(archive, bundle)
        size = sum(self._sizes[f"log/{name}"] for name in needed)
        self.report("The log after it", len(needed), size)

    def _fetch_pieces(self, archive: LogArchive, bundle: PieceBundle) -> None:
        for name, data in unbundled(bundle.name, self._read(bundle.name)):
            self._write(f"log/{name}", data)
            _require_opens(archive, name)

    def _fetch_sealed(self, archive: LogArchive, name: str) -> None:
        if (self._folder / "log" / name).exists():
            with suppress(SetBroken):
                _require_opens(archive, name)
                return
        self._fetch(f"log/{name}", lambda _: None)
        _require_opens(archive, name)

    def _fetch_files(self, archive: LogArchive, manifest: Manifest) -> None:
        """Fetch the files named by the set and by what came after it."""
        seal = seal_of(manifest, self.keys)
        place = self.repository.set_folder(manifest.set_id)
        with seal.reading(place / "entries") as stream:
            copies = {copy.sha256: copy.name for copy in read_copies(stream)}
        for copy in list_later_copies(archive, manifest.began_at):
            copies[copy.sha256] = copy.name
        gone = {each.sha256 for each in list_purged_files(archive)}
        names = {f"files/{each[:2]}/{each}": each for each in copies.keys() - gone}
        self._require_room(list(names))
        for name, digest in names.items():

            def require(actual: str, digest: str = digest) -> None:
                if actual == digest:
                    return
                if actual in copies:
                    raise SetBroken(
                        f"{copies[digest]} has the bytes of another file in "
                        f"{self._shown}: they were swapped."
                    )
                raise SetBroken(f"{copies[digest]} was changed in {self._shown}.")

            self._fetch(name, require)
        size = sum(self._sizes.get(name, 0) for name in names)
        self.report("Files", len(names), size)

    def _log_names(self) -> list[str]:
        return sorted(n[4:] for n in self._sizes if n.startswith("log/"))

    @property
    def _shown(self) -> str:
        return self.store.address.shown

    def _require_room(self, names: list[str]) -> None:
        missing = [name for name in names if not (self._folder / name).exists()]
        needed = sum(self._sizes.get(name, 0) for name in missing)
        try:
            self.repository.require_room(self._folder, needed, "what is fetched")
        except CannotBackUp as error:
            raise CannotRestore(str(error)) from error

    def _fetch(self, name: str, require: Callable[[str], None]) -> None:
        """Fetch an object unless it is here; `require` checks its SHA-256."""
        path = self._folder / name
        if path.exists():
            with suppress(SetBroken):
                require(digest_of(path))
                return
        private_files.make_folder(path.parent)
        part = path.with_name(f"{path.name}.part")
        try:
            require(self._retried(lambda: self._download(name, part)))
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _download(self, name: str, part: Path) -> str:
        digest = sha256()
        with part.open("wb") as file:
            part.chmod(0o600)
            for piece in self.store.pieces(name):
                digest.update(piece)
                file.write(piece)
        return digest.hexdigest()

    def _read(self, name: str) -> bytes:
        return self._retried(lambda: self.store.read(name))

    def _retried(self, act: Callable[[], _T]) -> _T:
        for tried in range(_TRIES - 1):
            try:
                return act()
            except ObjectMissing:
                raise
            except StoreFailed:
                time.sleep(self.first_pause * 2.0**tried)
        return act()

    def _write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        private_files.make_folder(path.parent)
        private_files.replace(path, content)

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Translate the store's errors into those of a restore."""
        try:
            yield
        except ObjectMissing as error:
            raise SetBroken(str(error)) from error
        except StoreFailed as error:
            raise CannotRestore(
                f"{error} What was fetched stays in {self._folder}: the same command "
                "goes on from there."
            ) from error
        except CannotBackUp as error:
            raise CannotRestore(str(error)) from error


def _require_opens(archive: LogArchive, name: str) -> None:
    """Raise SetBroken, and remove the object, unless it is what was sealed."""
    try:
        archive.read(name)
    except SetBroken:
        archive.remove(name)
        raise


def _manifest_of(set_id: str) -> str:
    return f"sets/{set_id}/{MANIFEST}"


def _is_second(timestamp: datetime, other: datetime) -> bool:
    return timestamp.replace(microsecond=0) == other.astimezone(UTC).replace(
        microsecond=0
    )
