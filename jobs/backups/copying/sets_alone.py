"""Finds sets that only the copy has and that may go, as one of their day stays."""

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from db.backups.backup_errors import SetBroken
from db.backups.copies.copy_notes import NoteSeal
from db.backups.copies.local_objects import MANIFEST
from db.backups.copies.object_store import ObjectMissing, ObjectStore
from db.backups.file_copies import CopiedFile, list_set_copies, read_copies
from db.backups.log.archive import LogArchive
from db.backups.manifest import Manifest
from db.backups.repository import Repository, Survey
from db.backups.sealing import seal_of
from db.files.file_keys import FileKeys
from jobs.backups.retention.removing import list_thinned_of


@dataclass(slots=True)
class SetsAlone:
    """The sets that are in the store only, and not in the repository, as read."""

    repository: Repository
    keys: FileKeys
    store: ObjectStore
    kept: timedelta
    _alone: dict[str, Manifest] = field(default_factory=dict)

    def list_thinned(
        self, names: Collection[str], archive: LogArchive, seal: NoteSeal, now: datetime
    ) -> Collection[str]:
        """Return the sets that may go; `names` are all objects in the store.

        What is in the store decides: nobody who deletes other sets here removes any
        there, and a set that is here and was not sent does not count. In a bucket with
        locks, sets stay until they are too old, since no lock ends before. Raises
        StoreFailed.
        """
        own = {each.set_id: each for each in self.repository.survey().sets}
        there = {name.split("/")[1] for name in names if name.endswith(f"/{MANIFEST}")}
        if there <= own.keys() or self.store.lock.is_offered:
            return ()
        unreadable = self._read(there - own.keys(), seal)
        sent = [each for set_id, each in own.items() if set_id in there]
        thinned = list_thinned_of(
            Survey.of((*sent, *self._alone.values()), unreadable),
            archive,
            self.repository.last_proof(),
            now,
            kept_since=now - self.kept,
            copies_in=self._copies_in,
        )
        return set(thinned) & self._alone.keys()

    def _read(self, set_ids: Collection[str], seal: NoteSeal) -> list[str]:
        """Read manifests not read yet; return the sets whose does not open."""
        known, unreadable = self._alone, []
        self._alone = {}
        for set_id in set_ids:
            name = f"sets/{set_id}/{MANIFEST}"
            try:
                self._alone[set_id] = known.get(set_id) or Manifest.parse(
                    seal.opened(name, self.store.read(name)), set_id
                )
            except ObjectMissing:
                continue
            except SetBroken:
                unreadable.append(set_id)
        return unreadable

    def _copies_in(self, manifest: Manifest) -> Iterator[CopiedFile]:
        """Yield the files that a set lists, wherever the set is; raises SetBroken."""
        if manifest.set_id not in self._alone:
            yield from list_set_copies(self.repository, manifest, self.keys)
            return
        name = f"sets/{manifest.set_id}/entries"
        try:
            sealed = io.BytesIO(self.store.read(name))
        except ObjectMissing as error:
            raise SetBroken(f"{name} is missing in the copy.") from error
        with seal_of(manifest, self.keys).opening("entries", sealed) as stream:
            yield from read_copies(stream)
