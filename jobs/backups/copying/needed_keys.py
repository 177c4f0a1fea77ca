"""Finds the keys of the key file that the copy needs, by asking the store itself.

For objects that are in the repository as well, the repository shows which keys they
need. For those that only the copy has, because their lock has not ended or the
repository was lost, only the store can.
"""

import io
from base64 import b64decode
from collections.abc import Callable, Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from db.backups.backup_errors import CannotBackUp, SetBroken
from db.backups.copies.copy_notes import NoteSeal
from db.backups.copies.local_objects import (
    MANIFEST,
    PieceBundle,
    is_note,
    unbundled,
)
from db.backups.copies.object_store import ObjectMissing, ObjectStore
from db.backups.file_copies import read_copies
from db.backups.log.archive import LogArchive, LogPiece, time_of_entries
from db.backups.manifest import Manifest
from db.backups.repository import Repository
from db.files.file_keys import FileKeys, SealBroken, key_of
from jobs.backups.copying.uploading import clinic_of

# More than the number of a key, and no more than a sealed key.
_HEAD_BYTES: Final = 4096
_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class NeededKeys:
    """The keys that a copy needs, and what only the copy has that needs old ones.

    `until` is when the last of that may be removed from the copy.
    """

    keys: frozenset[int] = frozenset()
    sets: int = 0
    log_objects: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CopyKeys:
    """Finds the keys that a copy needs; `kept` is for how long backups are kept.

    A base may be older than that by `full_every`.
    """

    store: ObjectStore
    repository: Repository
    keys: FileKeys
    kept: timedelta
    full_every: timedelta = timedelta()

    def find(self) -> NeededKeys:
        """Return what the copy needs. Look at the repository before, not after.

        A set that is sent and removed here between two looks would be seen by neither.
        Raises StoreFailed, and CannotBackUp if an object does not show its keys.
        """
        there = self.store.names()
        if not there:
            return NeededKeys()
        clinic = self._require_own()
        archive = LogArchive(self.repository.folder, clinic, self.keys)
        seal = NoteSeal(clinic, self.keys)
        here = {f"log/{name}" for name in archive.names()}
        lookups: list[tuple[str, Callable[[str], set[int]]]] = []
        for name in there:
            if self._is_set_of_its_own(name):
                lookups.append((name, partial(self._of_manifest, seal=seal)))
            elif is_note(name):
                lookups.append((name, self._of_note))
            elif name.startswith("log/") and name not in here:
                log = partial(self._of_log, archive=archive, here=here, there=there)
                lookups.append((name, log))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            ids_by_name = dict(pool.map(self._ask, lookups))
            alone = [name for name in ids_by_name if self._is_alone(name, here)]
            old = self.keys.ids - {self.keys.primary}
            needing = [name for name in alone if ids_by_name[name] & old]
            until = max(pool.map(self._removable_from, needing), default=None)
        return NeededKeys(
            frozenset(key for some in ids_by_name.values() for key in some),
            sum(name.endswith(MANIFEST) for name in needing),
            sum(not name.endswith(MANIFEST) for name in needing),
            until,
        )

    def _require_own(self) -> str:
        clinic, own = clinic_of(self.store), self.repository.system_id
        if own is not None and clinic != own:
            raise CannotBackUp(
                f"{self.store.address.shown} has the backups of another clinic "
                f"(PostgreSQL {clinic}, this one is {own})."
            )
        return clinic

    def _is_set_of_its_own(self, name: str) -> bool:
        if not (name.startswith("sets/") and name.endswith(MANIFEST)):
            return False
        set_id = name.split("/")[1]
        return not (self.repository.set_folder(set_id) / MANIFEST).is_file()

    def _is_alone(self, name: str, here: Container[str]) -> bool:
        if is_note(name):
            return self._is_set_of_its_own(name)
        return name not in here

    def _ask(
        self, lookup: tuple[str, Callable[[str], set[int]]]
    ) -> tuple[str, set[int]]:
        """Return an object's keys; raises CannotBackUp if it does not show them."""
        name, keys_of = lookup
        try:
            return name, keys_of(name)
        except ObjectMissing:
            # The worker has just removed it, or replaced it with a longer one.
            return name, set()
        except (SealBroken, SetBroken, ValueError) as error:
            raise CannotBackUp(
                f"{name} in {self.store.address.shown} is not what was sent, and does "
                "not say which keys it needs."
            ) from error

    def _of_note(self, name: str) -> set[int]:
        return {key_of(self.store.beginning(name, _HEAD_BYTES))}

    def _of_manifest(self, name: str, seal: NoteSeal) -> set[int]:
        sealed = self.store.read(name)
        key = key_of(sealed)
        if key not in self.keys.ids:
            # It is lost already, with the key.
            return {key}
        manifest = Manifest.parse(seal.opened(name, sealed), name.split("/")[1])
        return {key, key_of(b64decode(manifest.sealed_key)), *manifest.key_ids}

    def _of_log(
        self, name: str, archive: LogArchive, here: Container[str], there: Iterable[str]
    ) -> set[int]:
        bundle = PieceBundle.parse(name)
        if bundle is not None:
            if _is_whole_there(bundle, there):
                return set()
            pieces = unbundled(name, self.store.read(name))
            return {
                _key_of_head(data)
                for piece, data in pieces
                if f"log/{piece}" not in here
            }
        plain = name.removeprefix("log/")
        if time_of_entries(plain) is None:
            return {_key_of_head(self.store.beginning(name, _HEAD_BYTES))}
        sealed = self.store.read(name)
        key_ids = {_key_of_head(sealed)}
        if key_ids <= self.keys.ids:
            entries = io.BytesIO(archive.opened(plain, io.BytesIO(sealed)))
            key_ids |= {copy.entry.key for copy in read_copies(entries)}
        return key_ids

    def _removable_from(self, name: str) -> datetime:
        """Return when an object that is no longer in the repository may be removed."""
        about = self.store.about(name)
        since, kept = about.stored_at, self.kept
        if name.endswith(MANIFEST):
            set_id = name.split("/")[1]
            since = datetime.strptime(set_id[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            kept += self.full_every
        return max(since + kept, about.locked_until or since)


def _is_whole_there(bundle: PieceBundle, there: Iterable[str]) -> bool:
    """Return whether the whole segment of a bundle's pieces is there as well."""
    pieces = (LogPiece.parse(name.removeprefix("log/")) for name in there)
    return any(
        piece.is_whole and piece.segment == bundle.segment for piece in pieces if piece
    )


def _key_of_head(sealed: bytes) -> int:
    """Return the key that an object of the log is sealed with; raises SealBroken."""
    return key_of(b64decode(sealed[:_HEAD_BYTES].partition(b"\n")[0], validate=True))
