"""The manifest of a backup set: what it holds, of which clinic, as of when.

A set counts from the time its manifest is in its folder. The set's key is sealed for
exactly this manifest: if anything in it is changed, the key no longer opens.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from db.backups.backup_errors import SetBroken
from db.files.ciphers import FileCipher, NotDecrypted
from db.files.file_keys import FileKeys, KeyUnknown, SealBroken

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class SealedObject:
    """A sealed file of a set, by its name; size and SHA-256 are of the sealed file."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TableDigest:
    """How many rows a table has, and the sum of their hashes."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class BasedOn:
    """The set whose pages an incremental one continues, by its manifest's fingerprint.

    `bytes` is the uncompressed size of the pages that the incremental one adds.
    """

    set_id: str
    fingerprint: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup set.

    The set leads to `reached_lsn`, where the clinic was at `as_of`; the base backup
    alone is consistent from `end_lsn` on. `tables` is what a replica held at exactly
    that position, and empty if none could be asked. `key_ids` names the keys of the key
    file without which the set, or a file in it, cannot be opened.

    `based_on` is what an incremental set cannot be restored without; `full_because` is
    why a set is full although an incremental one was due.

    `audit_entries` is the number of the audit log's last entry, `audit_head` its hash.
    The set itself has the entries after number `audit_after`, and its base has the
    others.
    """

    set_id: str
    system_id: str
    database: str
    timeline: int
    start_lsn: str
    end_lsn: str
    reached_lsn: str
    began_at: datetime
    as_of: datetime
    finished_at: datetime
    schema: str
    objects: tuple[SealedObject, ...]
    database_bytes: int
    files: int
    file_bytes: int
    unreadable_files: tuple[str, ...]
    audit_entries: int
    tables: dict[str, TableDigest]
    key_ids: tuple[int, ...]
    sealed_key: str = field(default="", repr=False)
    format: int = FORMAT
    based_on: BasedOn | None = None
    full_because: str = ""
    audit_after: int = 0
    audit_head: str = ""

    @property
    def is_full(self) -> bool:
        """Whether it can be restored without any other set."""
        return self.based_on is None

    @property
    def sealed_bytes(self) -> int:
        """The size of the set's own objects, without files that sets share."""
        return sum(each.size for each in self.objects)

    def object(self, name: str) -> SealedObject:
        """Return an object by its name; raises SetBroken if the set has none."""
        for each in self.objects:
            if each.name == name:
                return each
        raise SetBroken(f"Backup {self.set_id} has no {name}.")

    def sealing(self, key: FileCipher, keys: FileKeys) -> "Manifest":
        """Return the manifest with the set's key, sealed for it and no other."""
        sealed = keys.seal(key.key, self._purpose)
        return replace(self, sealed_key=b64encode(sealed).decode())

    def key(self, keys: FileKeys) -> FileCipher:
        """Return the set's key; raises SetBroken if it does not open."""
        try:
            sealed = b64decode(self.sealed_key, validate=True)
            return FileCipher.of(keys.unseal(sealed, self._purpose))
        except KeyUnknown as error:
            raise SetBroken(
                f"Backup {self.set_id} was sealed with a key that {keys.path} does not "
                "have: put the key file of its time back."
            ) from error
        except (SealBroken, NotDecrypted, ValueError) as error:
            raise SetBroken(
                f"The manifest of backup {self.set_id} is not what was written."
            ) from error

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the manifest's content without its sealed key."""
        bare = replace(self, sealed_key="")
        return sha256(_MANIFESTS.dump_json(bare, exclude=bare._unsaid)).hexdigest()

    def written(self) -> bytes:
        """Return the manifest as it is stored."""
        return _MANIFESTS.dump_json(self, indent=1, exclude=self._unsaid)

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Read a manifest; raises SetBroken if it is none."""
        set_id = path.parent.name
        try:
            return cls.parse(path.read_bytes(), set_id)
        except OSError as error:
            raise SetBroken(
                f"The manifest of backup {set_id} cannot be read."
            ) from error

    @classmethod
    def parse(cls, content: bytes, set_id: str) -> "Manifest":
        """Parse what `written` returned for this set; raises SetBroken."""
        try:
            return _MANIFESTS.validate_json(content)
        except ValidationError as error:
            raise SetBroken(
                f"The manifest of backup {set_id} cannot be read."
            ) from error

    @property
    def _purpose(self) -> str:
        return f"backup {self.set_id} {self.fingerprint}"

    @property
    def _unsaid(self) -> set[str]:
        """Later fields that are empty: left out, as they were in earlier versions."""
        return {name for name in _LATER if not getattr(self, name)}


_LATER: Final = ("based_on", "full_because", "audit_after", "audit_head")

_MANIFESTS: Final = TypeAdapter(Manifest)
