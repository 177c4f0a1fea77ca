"""The file with the keys that wrap every file's own key and seal small data."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import tink
from tink import aead, json_proto_keyset_format, secret_key_access

from db.files import private_files

if TYPE_CHECKING:
    from db.settings import Settings

# Tink's ciphertext begins with a version and the number of the key.
_VERSION: Final = b"\x01"
_PREFIX: Final = 5

aead.register()


class UnusableFileKeys(Exception):
    """The key file cannot be used; the message says why and what to do."""


class KeyUnknown(Exception):
    """The key that the data was sealed with is not in the key file."""


class SealBroken(Exception):
    """The data is not what was sealed, or was sealed for something else."""


@dataclass(frozen=True, slots=True)
class _Keyring:
    """The keys as they were read; the stamp shows whether the file has changed."""

    stamp: tuple[int, ...]
    primary: int
    ids: frozenset[int]
    aead: aead.Aead


class FileKeys:
    """A Tink keyset in a file that may be replaced while processes use it.

    If the file may be made, the first process that needs it makes it, and `mark` shows
    from then on that there is one. None is made while there is no `folder`: it was
    there, with the keys in it. Every method may raise UnusableFileKeys.
    """

    def __init__(
        self,
        path: Path,
        *,
        may_be_made: bool = False,
        mark: Path | None = None,
        folder: Path | None = None,
    ) -> None:
        self.path = path
        self._may_be_made = may_be_made
        self._mark = mark
        self._folder = folder
        self._known: _Keyring | None = None

    @classmethod
    def of(cls, settings: "Settings") -> "FileKeys":
        """Return the keys that the settings name; Chartroom's own file may be made."""
        own = settings.data / "secrets" / "file.keys"
        path = settings.file_keys_file
        if path is not None:
            return cls(path)
        return cls(
            own,
            may_be_made=True,
            mark=settings.data / "file-keys.made",
            folder=settings.data if settings.is_embedded else None,
        )

    def seal(self, data: bytes, purpose: str) -> bytes:
        """Seal something small; it can be unsealed for the same purpose only."""
        sealed: bytes = self._keyring().aead.encrypt(data, purpose.encode())
        return sealed

    def unseal(self, sealed: bytes, purpose: str) -> bytes:
        """Return what was sealed; raises SealBroken or KeyUnknown."""
        key = key_of(sealed)
        keyring = self._keyring_with(key)
        if key not in keyring.ids:
            raise KeyUnknown(f"{self.path} has no key {key}.")
        try:
            data: bytes = keyring.aead.decrypt(sealed, purpose.encode())
        except tink.TinkError as error:
            raise SealBroken("This is not what was sealed.") from error
        return data

    @property
    def primary(self) -> int:
        """The number of the key that seals."""
        return self._keyring().primary

    @property
    def ids(self) -> frozenset[int]:
        """The numbers of all keys, including those that only unseal."""
        return self._keyring().ids

    @property
    def changed_at(self) -> datetime:
        """When the key file was last replaced."""
        with _translate_errors(self.path):
            return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    def require(self) -> None:
        """Raise UnusableFileKeys unless the keys are here or may be made."""
        try:
            is_here = self.path.exists()
        except PermissionError:
            # Making the folder gives the better message about what is wrong with it.
            is_here = not self._may_be_made
        if is_here or not self._may_be_made or private_files.is_marked(self._mark):
            self._keyring()
        if is_here:
            # An earlier version has made it without a mark.
            private_files.leave_mark(self._mark)

    def require_made(self) -> None:
        """Raise UnusableFileKeys unless the keys are here; make them if allowed."""
        self._keyring()

    def add(self) -> int:
        """Add a key that seals from now on, and return its number."""
        self._keyring()
        with self._changing() as keyset:
            new = _new_keyset()
            keyset["key"] += new["key"]
            keyset["primaryKeyId"] = new["primaryKeyId"]
        # Not `self.primary`: by now another process may have added the next one.
        number: int = new["primaryKeyId"]
        return number

    def drop(self, *unused: int) -> None:
        """Delete keys for good, and with them all that only they could unseal."""
        with self._changing() as keyset:
            if keyset["primaryKeyId"] in unused:
                raise ValueError("The key that seals stays.")
            keyset["key"] = [k for k in keyset["key"] if k["keyId"] not in unused]

    def _keyring(self) -> _Keyring:
        """Return the keys as they are in the file now."""
        # Before looking at the file: another thread may make it right afterwards.
        was_here = self._known is not None
        try:
            stamp = _stamp(self.path)
        except FileNotFoundError:
            # Keys that were here and are gone are never replaced by new ones: whatever
            # they have sealed would be lost, and nobody would notice.
            if not self._may_be_made or was_here:
                raise UnusableFileKeys(
                    f"There is no key file {self.path}: put it back from your copy."
                ) from None
            if why := private_files.explain_gone(self._folder):
                raise UnusableFileKeys(why) from None
            # Another process may have made it, and then marked it, since we looked.
            if private_files.is_marked(self._mark) and not self.path.exists():
                raise UnusableFileKeys(
                    f"There is no key file {self.path}, although there was one: put it "
                    "back from your copy. If it is lost for good, make another with "
                    f"python -m dashboard new-file-keys {self.path}; no document, "
                    "photo or backup so far will open with it."
                ) from None
            make(self.path)
            private_files.leave_mark(self._mark)
            stamp = _stamp(self.path)
        if self._known is None or self._known.stamp != stamp:
            self._known = self._read(stamp)
        return self._known

    def _keyring_with(self, key: int) -> _Keyring:
        """Return a key ring with this key, if there is one.

        A key that is known already is enough: reading files goes on while somebody
        replaces the key file.
        """
        if self._known is not None and key in self._known.ids:
            return self._known
        return self._keyring()

    def _read(self, stamp: tuple[int, ...]) -> _Keyring:
        with _translate_errors(self.path):
            text = self.path.read_text(errors="replace")
        return self._parse(text, stamp)

    def _parse(self, text: str, stamp: tuple[int, ...]) -> _Keyring:
        try:
            handle = json_proto_keyset_format.parse(text, secret_key_access.TOKEN)
            about = handle.keyset_info()
            ids = frozenset(key.key_id for key in about.key_info if key.status == 1)
            return _Keyring(
                stamp, about.primary_key_id, ids, handle.primitive(aead.Aead)
            )
        except tink.TinkError:
            # Without its cause, which may quote the content that it could not parse.
            raise UnusableFileKeys(
                f"{self.path} does not contain a keyset of Tink."
            ) from None

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """Replace the file by the caller's version of it, or leave it unchanged.

        One process at a time: if two added a key at once, one key would be lost.
        """
        # A symbolic link that an administrator has made stays one.
        path = self.path.resolve()
        with _translate_errors(path), private_files.locked(path.parent):
            keyset: dict[str, Any] = json.loads(path.read_text())
            yield keyset
            with private_files.aside(path, _written(keyset)) as unfinished:
                before = path.stat()
                unfinished.chmod(before.st_mode & 0o777)
                os.chown(unfinished, before.st_uid, before.st_gid)
                unfinished.replace(path)
            private_files.sync(path.parent)


class KeysAsText(FileKeys):
    """Keys from a text, none of which is written to a disk.

    `name` is what messages call it. Keys are neither added nor dropped.
    """

    def __init__(self, text: str, name: str) -> None:
        super().__init__(Path(name))
        self._only = self._parse(text, ())

    def _keyring(self) -> _Keyring:
        return self._only


def key_of(sealed: bytes) -> int:
    """Return the number of the key that something was sealed with.

    Raises SealBroken for data that was never sealed.
    """
    if len(sealed) <= _PREFIX or sealed[:1] != _VERSION:
        raise SealBroken("This is not what was sealed.")
    return int.from_bytes(sealed[1:_PREFIX], "big")


def make(path: Path) -> bool:
    """Make a key file, readable by its owner only; return whether there was none."""
    with _translate_errors(path):
        return private_files.make(path, _written(_new_keyset()))


def _new_keyset() -> dict[str, Any]:
    handle = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    made: dict[str, Any] = json.loads(
        json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
    )
    return made


def _written(keyset: dict[str, Any]) -> bytes:
    return json.dumps(keyset, indent=1).encode()


def _stamp(path: Path) -> tuple[int, ...]:
    about = path.stat()
    return about.st_ino, about.st_mtime_ns, about.st_size


@contextmanager
def _translate_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnusableFileKeys(
            f"The key file {path} cannot be used: {error.strerror}."
        ) from error
