"""The file with the keys of the audit log's seals, and what they sign and check."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from re import DOTALL, MULTILINE, findall, fullmatch
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from db.files import private_files

_PEM: Final = rb"-----BEGIN (?:PRIVATE|PUBLIC) KEY-----.*?-----END [A-Z ]+-----"
_NAME: Final = "[0-9a-f]{16}"
# A line outside of all keys. It is in the file, and not in a database, because somebody
# who forges entries may write to both databases, and has forged their seals.
_LOST: Final = rb"^Lost key: ([0-9a-f]{16}), replaced by ([0-9a-f]{16})$"


class UnusableKey(Exception):
    """The key file cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class SealKeys:
    """The key that signs, if it is here, and all keys whose seals count.

    `lost` are the keys whose seals nobody can check any more, each with the name of the
    key that has replaced it.
    """

    signing: Ed25519PrivateKey | None
    public: Mapping[str, Ed25519PublicKey]
    lost: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name of the key that signs."""
        return key_id(self._signing.public_key())

    def sign(self, message: bytes) -> bytes:
        """Return a signature; raises UnusableKey if only public keys are here."""
        return self._signing.sign(message)

    def is_signed(self, key: str, signature: bytes, message: bytes) -> bool:
        """Return whether a known key of this name made the signature."""
        with suppress(KeyError, InvalidSignature):
            self.public[key].verify(signature, message)
            return True
        return False

    @property
    def _signing(self) -> Ed25519PrivateKey:
        if self.signing is None:
            raise UnusableKey("The key file has no private key, so nothing is sealed.")
        return self.signing


@dataclass(frozen=True, slots=True)
class SealKeyFile:
    """The file of the keys: the private one, and public ones of keys it has replaced.

    A process that only checks seals may be given a file of public keys alone. If the
    file may be made, `mark` shows from then on that there is one. None is made while
    there is no `folder`: it was there, with the key in it.
    """

    path: Path
    may_be_made: bool = False
    mark: Path | None = None
    folder: Path | None = None

    def read(self) -> SealKeys:
        """Return the keys in the file; none if nothing was ever sealed here.

        Raises UnusableKey, also if there was a file and it is lost: whatever another
        key signs, earlier seals would not count.
        """
        try:
            keys = _parse(self.path.read_bytes())
        except FileNotFoundError:
            if why := private_files.explain_gone(self.folder):
                raise UnusableKey(why) from None
            if private_files.is_marked(self.mark):
                raise UnusableKey(
                    f"There is no key file {self.path}, although there was one: put it "
                    "back from your copy. The audit log's seals so far are signed with "
                    "its key, and none counts without it. If no copy is left anywhere, "
                    "docs/runbooks/audit-key.md says how to go on with another key."
                ) from None
            if self.may_be_made:
                return SealKeys(None, {})
            raise UnusableKey(f"There is no key file {self.path}.") from None
        except OSError as error:
            raise UnusableKey(
                f"The key file {self.path} cannot be read: {error.strerror}."
            ) from error
        except ValueError:
            # Without its cause, which may quote the content that it could not parse.
            raise UnusableKey(
                f"{self.path} does not contain Ed25519 keys in PEM. Make one with: "
                "openssl genpkey -algorithm ed25519"
            ) from None
        # An earlier version has made it without a mark.
        private_files.leave_mark(self.mark)
        return keys

    def read_or_make(self) -> SealKeys:
        """Return the keys; make the file first if it is missing and may be made."""
        if self.may_be_made and private_files.was_never_made(
            self.path, self.mark, self.folder
        ):
            self._make()
        return self.read()

    def require_lost(self) -> None:
        """Raise UnusableKey unless there was a file, and it is gone."""
        if why := private_files.explain_gone(self.folder):
            raise UnusableKey(why)
        if self.path.exists():
            raise UnusableKey(
                f"The key file {self.path} is there, so no key was replaced. If it is "
                "not the clinic's, or damaged, move it away first."
            )
        if self.may_be_made and not private_files.is_marked(self.mark):
            raise UnusableKey("Nothing was ever sealed here, so no key is lost.")

    def replace_lost(self, new: "NewSealKey", lost: Iterable[str]) -> None:
        """Make the file anew, with the names of lost keys. Raises UnusableKey."""
        # They come from a database, in which somebody may have written keys instead.
        names = sorted(key for key in lost if fullmatch(_NAME, key))
        lines = (f"Lost key: {key}, replaced by {new.id}\n" for key in names)
        try:
            is_made = private_files.make(
                self.path, "".join(lines).encode() + new.content
            )
        except OSError as error:
            raise UnusableKey(
                f"The key file {self.path} cannot be written: {error.strerror}."
            ) from error
        if not is_made:
            raise UnusableKey(f"The key file {self.path} is there again.")
        private_files.leave_mark(self.mark)

    def _make(self) -> None:
        private_files.make(self.path, NewSealKey().content)


class NewSealKey:
    """A key that is in no file yet: its name, and its content of a file."""

    def __init__(self) -> None:
        key = Ed25519PrivateKey.generate()
        self.id = key_id(key.public_key())
        self.content = key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )


def key_id(key: Ed25519PublicKey) -> str:
    """Return the name of a key: the beginning of its SHA-256."""
    return sha256(key.public_bytes_raw()).hexdigest()[:16]


def _parse(content: bytes) -> SealKeys:
    signing, public = None, []
    for pem in findall(_PEM, content, DOTALL):
        if b"PRIVATE" in pem:
            private = load_pem_private_key(pem, password=None)
            if not isinstance(private, Ed25519PrivateKey) or signing is not None:
                raise ValueError
            signing = private
            public.append(private.public_key())
        else:
            key = load_pem_public_key(pem)
            if not isinstance(key, Ed25519PublicKey):
                raise ValueError
            public.append(key)
    if not public:
        raise ValueError
    known = {key_id(key): key for key in public}
    lost = {
        key.decode(): successor.decode()
        for key, successor in findall(_LOST, content, MULTILINE)
    }
    # One that is found again is put into the file, and its seals are checked again.
    return SealKeys(
        signing, known, {key: lost[key] for key in lost.keys() - known.keys()}
    )
