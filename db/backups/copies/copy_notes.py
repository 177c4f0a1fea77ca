"""What the repository records about its copy, and how the copy's own notes are sealed.

The folder's small files are readable there: manifests, proofs, how far the log reaches.
What leaves the machine is not, except which clinic it is of and how that is restored.
"""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from db.backups.backup_errors import SetBroken
from db.backups.storage.storage_use import StorageUse
from db.files import private_files
from db.files.ciphers import NotDecrypted
from db.files.file_keys import FileKeys, KeyUnknown, SealBroken

_NAME: Final = "copy.json"


@dataclass(frozen=True, slots=True)
class CopyNote:
    """The state of the copy: complete up to a time, and why not further.

    `waiting` counts objects that should be removed and are locked, `mended` those that
    were missing or changed there and were sent again. `purged` counts purged files
    whose bytes are locked there, the last of them until `purged_until`. Notes there are
    sealed with `key_id`; what was due to be read back on `checked_on` has been.
    `strays` are objects there that are not ours, or belong to a set whose manifest is
    in neither place; `begun` are the sets that are being sent, or were until they were
    removed here. `use` is how much each kind took up there when everything was last
    listed.
    """

    place: str
    noted_at: datetime
    whole_until: datetime | None = None
    sets: int = 0
    objects: int = 0
    bytes: int = 0
    waiting: int = 0
    purged: int = 0
    purged_until: datetime | None = None
    mended: int = 0
    failure: str = ""
    key_id: int | None = None
    checked_on: date | None = None
    strays: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()
    use: StorageUse | None = None


NOTES: Final = TypeAdapter(CopyNote)


def read_copy_note(repository: Path) -> CopyNote | None:
    """Return the state of a repository's copy; None if none was begun."""
    return private_files.read_as(NOTES, repository / _NAME)


def write_copy_note(repository: Path, note: CopyNote) -> None:
    """Record the state of the copy. Raises OSError."""
    private_files.replace(repository / _NAME, NOTES.dump_json(note))


@dataclass(frozen=True, slots=True)
class NoteSeal:
    """Seals the copy's notes with the file keys, each for its clinic and its name."""

    system_id: str
    keys: FileKeys

    def sealed(self, name: str, content: bytes) -> bytes:
        """Return a note as it leaves the machine."""
        return self.keys.seal(content, self._purpose(name))

    def opened(self, name: str, sealed: bytes) -> bytes:
        """Return a note as it was here; raises SetBroken, naming it."""
        try:
            return self.keys.unseal(sealed, self._purpose(name))
        except KeyUnknown as error:
            raise SetBroken(
                f"{name} of the copy was sealed with a key that is not in "
                f"{self.keys.path}: take the newest recovery kit, or the key file of "
                "its time."
            ) from error
        except (SealBroken, NotDecrypted, ValueError) as error:
            raise SetBroken(
                f"{name} of the copy does not open: it is not what was sent there "
                "under this name."
            ) from error

    def _purpose(self, name: str) -> str:
        return f"copy {self.system_id}/{name}"
