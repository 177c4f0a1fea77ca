"""Sends what is new in the repository to its copy, round by round.

The store's content is listed when copying begins and once an hour, and remembered in
between. After a kill at any point the next round continues: whatever is in the store is
whole, and objects that refer to others are sent after them.
"""

import logging
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from db.backups.backup_errors import CannotBackUp, SetBroken
from db.backups.copies.copy_notes import (
    CopyNote,
    NoteSeal,
    read_copy_note,
    write_copy_note,
)
from db.backups.copies.local_objects import (
    CLAIM,
    KIT,
    MANIFEST,
    POSITION,
    TIMES_LEFT,
    LocalListing,
    LocalObjects,
    PieceBundle,
    bundled,
    is_lasting,
    is_note,
    is_ours,
    set_of,
)
from db.backups.copies.object_store import (
    ObjectLocked,
    ObjectMissing,
    ObjectStore,
)
from db.backups.log.archive import LogArchive, time_of_purge
from db.backups.log.purged_files import read_purged_files
from db.backups.manifest import Manifest
from db.backups.notes import POSITIONS
from db.backups.readme import NAME as README, TEXT
from db.backups.repository import Repository
from db.backups.sealing import digest_of
from db.backups.storage.storage_use import StorageUse, use_of
from db.files.file_keys import FileKeys
from jobs.backups.copying.ownership import renew, require_owned, token_of
from jobs.backups.copying.sets_alone import SetsAlone
from jobs.backups.retention.removing import LogStart, is_before, list_named

_LIST_EVERY: Final = timedelta(hours=1)
# Each object is read back once in this many days.
_CHECK_DAYS: Final = 28
_MOST_LOOKS: Final = 5
# If something else shares the prefix, not all of it needs to be listed.
_MOST_STRAYS: Final = 100
_CHANGING: Final = frozenset({KIT, TIMES_LEFT})
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class RepositoryCopy:
    """The copy of a repository in a store; `kept` is for how long backups are kept.

    A base may be older than that by `full_every`. The token of the folder `data`
    identifies this machine among others with the same clinic; without it the owner is
    not checked.
    """

    repository: Repository
    keys: FileKeys
    store: ObjectStore
    kept: timedelta
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    full_every: timedelta = timedelta()
    data: Path | None = None
    _listing: LocalListing | None = None
    _there: dict[str, int] = field(default_factory=dict)
    _listed_at: datetime | None = None
    _mended: int = 0
    # Notes that change, as they were last sent.
    _as_sent: dict[str, bytes] = field(default_factory=dict)
    # Objects in the store that are not as they were sent.
    _changed: set[str] = field(default_factory=set)
    # The sets whose manifest is still to be sent, as recorded in the note.
    _begun: set[str] = field(default_factory=set)
    # The objects of purged files, by the list that has them, and those that are locked.
    _purged: dict[str, frozenset[str]] = field(default_factory=dict)
    _locked: dict[str, datetime] = field(default_factory=dict)
    _alone: SetsAlone = field(init=False)

    def __post_init__(self) -> None:
        self._alone = SetsAlone(self.repository, self.keys, self.store, self.kept)

    def round(self) -> CopyNote:
        """Send what is new and remove what is too old; return the state of the copy.

        Raises StoreFailed, CannotBackUp, SetBroken for what is damaged here, and
        OSError. What was sent before stays sent.
        """
        system_id = self.repository.system_id
        if system_id is None:
            raise CannotBackUp(
                f"The backup folder {self.repository.folder} is not there: mount its "
                "disk. Its copy stays as it is."
            )
        seal = NoteSeal(system_id, self.keys)
        # What is sealed from here on is sealed with this key or a newer one.
        key_id = self.keys.primary
        archive = LogArchive(self.repository.folder, system_id, self.keys)
        listing = self._listing = self._listing or LocalListing(
            self.repository, archive
        )
        is_listed = self._look_there(system_id)
        self._require_owned()
        note = self._note(seal)
        # A set whose manifest is there was sent completely, however that round ended.
        self._begun = {each for each in note.begun if not self._is_whole_there(each)}
        self._look_at_purged(archive)
        here, broken = self._send(seal, archive, listing, note)
        waiting = self._remove(here, archive, seal, is_listed=is_listed)
        purged_until = self._erase(archive, is_listed=is_listed)
        note = replace(
            note,
            noted_at=self.clock(),
            whole_until=note.whole_until if broken else self._leads_to(here),
            failure=broken,
            sets=len([name for name in self._there if name.endswith(MANIFEST)]),
            objects=len(self._there),
            bytes=sum(self._there.values()),
            waiting=note.waiting if waiting is None else waiting,
            purged=len(purged_until),
            purged_until=max(purged_until.values(), default=None),
            mended=self._mended,
            key_id=key_id,
            strays=self._list_strays(here) if is_listed else note.strays,
            begun=tuple(sorted(self._begun & self._sets_there)),
            use=self._use() if is_listed else note.use,
        )
        write_copy_note(self.repository.folder, note)
        return self._check(seal, note)

    def _use(self) -> StorageUse:
        return use_of(self._there.items(), self.repository.survey())

    def _note(self, seal: NoteSeal) -> CopyNote:
        """Return the last note on this place."""
        place = self.store.address.shown
        note = read_copy_note(self.repository.folder)
        if note is None or note.place != place:
            note = CopyNote(place, self.clock())
        if note.key_id != seal.keys.primary:
            # The previous keys may be dropped one day: notes are sealed again.
            for name in [name for name in self._there if is_note(name)]:
                del self._there[name]
        return replace(note, failure="")

    def _require_owned(self) -> None:
        if self.data is not None:
            require_owned(self.store, token_of(self.data), self.clock())

    def _look_there(self, system_id: str) -> bool:
        """List the store if it is time to; return whether it was."""
        now = self.clock()
        if self._listed_at is not None and now - self._listed_at < _LIST_EVERY:
            return False
        store = self.store
        there = store.names()
        if CLAIM not in there and there:
            raise CannotBackUp(
                f"{store.address.shown} has objects that are no backups of Chartroom: "
                "name an empty prefix with CHARTROOM_BACKUP_S3_URL. Nothing was sent."
            )
        if CLAIM not in there:
            store.put_new(CLAIM, (self.repository.folder / CLAIM).read_bytes())
        self._require_own(system_id)
        # Before anything is changed there: another machine may be in the middle of it.
        self._require_owned()
        if self.data is not None:
            renew(store, self.data)
        store.abandon_unfinished()
        if self._listed_at is not None and (lost := self._there.keys() - there.keys()):
            self._mended += len(lost)
            _log.warning(
                "%d objects were missing in the copy: sending them again.", len(lost)
            )
        there = {name: there[name] for name in there.keys() - self._changed}
        self._there, self._listed_at = there, now
        if README not in there:
            store.put(README, TEXT.encode(), locked_until=None)
        return True

    def _require_own(self, system_id: str) -> None:
        stored_id = clinic_of(self.store)
        if stored_id != system_id:
            raise CannotBackUp(
                f"{self.store.address.shown} has the backups of another clinic "
                f"(PostgreSQL {stored_id}, this one is {system_id}): name a prefix of "
                "this clinic's own with CHARTROOM_BACKUP_S3_URL. Nothing was sent."
            )

    def _send(
        self,
        seal: NoteSeal,
        archive: LogArchive,
        listing: LocalListing,
        note: CopyNote,
    ) -> tuple[LocalObjects, str]:
        """Send everything that is here; look again if something is replaced meanwhile.

        Also returns what is damaged here, and therefore not sent; everything else is.
        """
        for _ in range(_MOST_LOOKS):
            here = listing.look()
            with suppress(FileNotFoundError):
                broken = self._send_files(here) or ""
                self._send_log(here, archive)
                broken = self._send_sets(here, seal, note) or broken
                self._send_position(here, seal)
                return here, broken
        raise CannotBackUp("The repository changes faster than it can be copied.")

    def _send_files(self, here: LocalObjects) -> str:
        folder, broken = self.repository.folder, ""
        purged = self._purged_names
        for name in self._missing(here.files):
            if name in purged:
                continue
            if digest_of(folder / name) != name.rpartition("/")[2]:
                broken = f"{name} was changed in {folder}: it is not copied."
                continue
            self._send_file(name)
        return broken

    def _send_log(self, here: LocalObjects, archive: LogArchive) -> None:
        for name in self._missing((*here.others, *here.whole)):
            self._send_file(name)
        for bundle, pieces in here.bundles(self._there):
            self._put(bundle.name, bundled(archive.folder, pieces))

    def _send_sets(self, here: LocalObjects, seal: NoteSeal, note: CopyNote) -> str:
        """Send sets, each manifest last, and notes; return which set is damaged."""
        broken = ""
        for manifest in here.sets:
            name = f"sets/{manifest.set_id}/{MANIFEST}"
            base = manifest.based_on
            if base is not None and f"sets/{base.set_id}/{MANIFEST}" not in self._there:
                # Nobody could restore it from there.
                continue
            try:
                self._send_objects(manifest, note)
            except SetBroken as error:
                broken = str(error)
                continue
            if name not in self._there:
                self._send_note(name, seal)
            self._begun.discard(manifest.set_id)
        for name in self._missing(here.notes):
            self._send_note(name, seal)
        self._send_changed(here, seal)
        return broken

    def _send_changed(self, here: LocalObjects, seal: NoteSeal) -> None:
        """Send notes that were rewritten, such as after the clinic went back.

        What another process has sent may be outdated.
        """
        for name in _CHANGING & set(here.notes):
            content = (self.repository.folder / name).read_bytes()
            if self._as_sent.get(name) != content:
                self._put(name, seal.sealed(name, content))
                self._as_sent[name] = content

    def _send_objects(self, manifest: Manifest, note: CopyNote) -> None:
        """Send what is missing of a set, having recorded that the set is begun.

        If the set is removed here meanwhile, what was sent belongs to no other.
        """
        place = self.repository.set_folder(manifest.set_id)
        for each in manifest.objects:
            name, path = f"sets/{manifest.set_id}/{each.name}", place / each.name
            if name in self._there:
                continue
            if place.exists() and not path.exists():
                raise SetBroken(
                    f"{each.name} of backup {manifest.set_id} is missing here: the "
                    "backup is not copied."
                )
            if digest_of(path) != each.sha256:
                raise SetBroken(
                    f"{each.name} of backup {manifest.set_id} was changed here: the "
                    "backup is not copied."
                )
            if not self._is_whole_there(manifest.set_id):
                self._begin_set(manifest.set_id, note)
            self._send_file(name)

    def _begin_set(self, set_id: str, note: CopyNote) -> None:
        if set_id not in self._begun:
            self._begun.add(set_id)
            begun = tuple(sorted(self._begun))
            write_copy_note(self.repository.folder, replace(note, begun=begun))

    def _send_position(self, here: LocalObjects, seal: NoteSeal) -> None:
        """Send how far the log reaches, once all of it is there."""
        if here.position is not None:
            self._put(POSITION, seal.sealed(POSITION, here.position))

    def _missing(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name not in self._there]

    def _send_file(self, name: str) -> None:
        path = self.repository.folder / name
        size = path.stat().st_size
        self.store.put_file(name, path, locked_until=self._locked_until(name))
        self._note_sent(name, size)

    def _send_note(self, name: str, seal: NoteSeal) -> None:
        self._put(name, seal.sealed(name, (self.repository.folder / name).read_bytes()))

    def _put(self, name: str, data: bytes) -> None:
        self.store.put(name, data, locked_until=self._locked_until(name))
        self._note_sent(name, len(data))

    def _note_sent(self, name: str, size: int) -> None:
        self._there[name] = size
        self._changed.discard(name)

    def _locked_until(self, name: str) -> datetime | None:
        return self.clock() + self.kept if is_lasting(name) else None

    def _remove(
        self,
        here: LocalObjects,
        archive: LogArchive,
        seal: NoteSeal,
        *,
        is_listed: bool,
    ) -> int | None:
        """Remove what is replaced and, once an hour, what is too old.

        Returns how many objects are still locked, if that was checked. What is gone
        here and not too old stays there: somebody may have deleted it.
        """
        for name in [n for n in self._there if here.is_superseded(n, self._there)]:
            with suppress(ObjectLocked):
                self._take_away(name)
        if not is_listed:
            return None
        waiting = 0
        for name in self._too_old(here, archive, seal):
            try:
                self._take_away(name)
            except ObjectLocked:
                waiting += 1
        return waiting

    def _look_at_purged(self, archive: LogArchive) -> None:
        """Read which files were purged; raises SetBroken."""
        names = {n for n in archive.names() if time_of_purge(n) is not None}
        for name in names - self._purged.keys():
            files = read_purged_files(archive, name)
            self._purged[name] = frozenset(
                f"files/{each.sha256[:2]}/{each.sha256}" for each in files
            )

    @property
    def _purged_names(self) -> frozenset[str]:
        return frozenset[str]().union(*self._purged.values())

    def _erase(self, archive: LogArchive, *, is_listed: bool) -> dict[str, datetime]:
        """Remove the bytes of purged files; return until when the rest is locked.

        Locked objects are tried again once an hour.
        """
        self._look_at_purged(archive)
        if is_listed:
            self._locked.clear()
        for name in self._purged_names & self._there.keys() - self._locked.keys():
            try:
                self._take_away(name, for_good=True)
            except ObjectLocked:
                until = self.store.about(name).locked_until
                self._locked[name] = until or self.clock()
        return self._locked

    def _take_away(self, name: str, *, for_good: bool = False) -> None:
        self.store.remove(name, for_good=for_good)
        self._there.pop(name, None)

    def _too_old(
        self, here: LocalObjects, archive: LogArchive, seal: NoteSeal
    ) -> list[str]:
        """Return what retention has removed here, manifests first."""
        before = self.clock() - self.kept
        # A set that is there and not here may have a base that is not here either.
        oldest_base = before - self.full_every
        own = {manifest.set_id for manifest in here.sets}
        sets = [n for n in self._there if n.startswith("sets/")]
        thinned = self._alone.list_thinned(self._there, archive, seal, self.clock())
        gone = [
            n
            for n in sets
            if (set_id := n.split("/")[1]) not in own
            and (
                set_id in thinned
                or is_before(set_id, oldest_base)
                or self._is_half_sent(set_id)
            )
        ]
        # A set is never listed there without its base.
        names = sorted(gone, reverse=True)
        names.sort(key=lambda n: not n.endswith(MANIFEST))
        start = LogStart.of(self.repository.survey(), before)
        if start is not None:
            names += [
                n
                for n in self._there
                if _is_needless(start, n) and not (self.repository.folder / n).exists()
                if not self._may_be_named(n)
            ]
        if all(n in gone or n.split("/")[1] in own for n in sets):
            names += self._unnamed(here, archive)
        return names

    def _list_strays(self, here: LocalObjects) -> tuple[str, ...]:
        """Return objects there that are not ours and that nothing will remove."""
        own = {manifest.set_id for manifest in here.sets}
        oldest_base = self.clock() - self.kept - self.full_every

        def is_stray(name: str) -> bool:
            if (set_id := set_of(name)) is None:
                return not is_ours(name)
            is_named = set_id in own or self._is_whole_there(set_id)
            is_going = is_before(set_id, oldest_base) or self._is_half_sent(set_id)
            return not is_named and not is_going

        return tuple(sorted(filter(is_stray, self._there))[:_MOST_STRAYS])

    def _leads_to(self, here: LocalObjects) -> datetime | None:
        """Return the newest time that the content of the repository leads to."""
        # A set made while the clock was ahead leads to no time that has been.
        now = self.clock()
        times = [each.as_of for each in here.sets if each.as_of <= now]
        if here.position is not None:
            with suppress(ValidationError):
                leads_to = POSITIONS.validate_json(here.position).leads_to
                times += [leads_to] if leads_to else []
        return max(times, default=None)

    def _is_whole_there(self, set_id: str) -> bool:
        """Return whether a whole set is there: its manifest is sent last."""
        return f"sets/{set_id}/{MANIFEST}" in self._there

    def _is_half_sent(self, set_id: str) -> bool:
        """Return whether a set is no longer here, and never was completely there."""
        return (
            set_id in self._begun
            and not self._is_whole_there(set_id)
            and not self.repository.set_folder(set_id).exists()
        )

    @property
    def _sets_there(self) -> set[str]:
        """The sets of which any object is there."""
        return {set_id for name in self._there if (set_id := set_of(name))}

    def _may_be_named(self, name: str) -> bool:
        """Return whether a set there may name a file of a list of purged ones."""
        at = time_of_purge(name.removeprefix("log/"))
        return at is not None and any(is_before(each, at) for each in self._sets_there)

    def _unnamed(self, here: LocalObjects, archive: LogArchive) -> list[str]:
        """Return the files that nothing here or there names any more."""
        files = {n for n in self._there if n.startswith("files/") and is_ours(n)}
        candidates = files - set(here.files)
        if not candidates or self.repository.survey().unusable:
            return []
        named = list_named(self.repository, archive, self.keys)
        return [
            name
            for name in candidates
            if (digest := name.rpartition("/")[2]) not in named
            and not self.repository.file(digest).exists()
        ]

    def _check(self, seal: NoteSeal, note: CopyNote) -> CopyNote:
        """Read back what is due today; what differs from here is sent again."""
        today = self.clock().date()
        if note.checked_on == today:
            return note
        share = today.toordinal() % _CHECK_DAYS
        due = [name for name in self._there if _share_of(name) == share]
        changed = [name for name in due if not self._is_same(name, seal)]
        for name in changed:
            _log.warning("%s in the copy is not what was sent.", name)
            self._changed.add(name)
            self._there.pop(name, None)
        self._mended += len(changed)
        note = replace(note, checked_on=today, mended=self._mended)
        write_copy_note(self.repository.folder, note)
        return note

    def _is_same(self, name: str, seal: NoteSeal) -> bool:
        """Return whether an object there equals the one here, if there is one here."""
        path = self.repository.folder / name
        if PieceBundle.parse(name) or name == POSITION or not path.is_file():
            return True
        try:
            there = self.store.read(name) if is_note(name) else None
            if there is not None:
                return seal.opened(name, there) == path.read_bytes()
            digest = sha256()
            for piece in self.store.pieces(name):
                digest.update(piece)
            return digest.hexdigest() == digest_of(path)
        except (ObjectMissing, SetBroken):
            return False


def clinic_of(store: ObjectStore) -> str:
    """Return the clinic that a copy is of; raises CannotBackUp and StoreFailed."""
    try:
        return str(_CLAIMS.validate_json(store.read(CLAIM))["system_id"])
    except (ValidationError, KeyError) as error:
        raise CannotBackUp(
            f"{store.address.shown} does not say which clinic its backups are of: its "
            f"{CLAIM} was changed."
        ) from error


_CLAIMS: Final = TypeAdapter(dict[str, str | int])


def _is_needless(start: LogStart, name: str) -> bool:
    """Return whether nothing needs an object of the copied log any more."""
    if (bundle := PieceBundle.parse(name)) is not None:
        return bundle.segment.number < start.segment_number
    return name.startswith("log/") and start.is_needless(name.removeprefix("log/"))


def _share_of(name: str) -> int:
    return zlib.crc32(name.encode()) % _CHECK_DAYS
