"""Made-up keys of a clinic, and the recovery kit that contains them."""

import hmac
import os
from base64 import b64encode
from dataclasses import replace
from hashlib import scrypt, sha256
from pathlib import Path
from textwrap import wrap
from typing import Final

import pyrage
import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from db.backups.recovery_kit import (
    FILE_KEYS,
    INSTALLATION_KEY,
    PASSWORDS,
    SEAL_KEYS,
    SIGNING_KEYS,
    KeyFiles,
    RecoveryKit,
)
from db.files.file_keys import FileKeys
from tests.kit import backup_sets

PASSPHRASE: Final = "grün chair seven rivers moth"
_NAMES: Final = (FILE_KEYS, SEAL_KEYS, SIGNING_KEYS, INSTALLATION_KEY, PASSWORDS)
KIT: Final = RecoveryKit(
    backup_sets.SYSTEM_ID,
    backup_sets.AS_OF,
    # All characters differ, so that the keys do not compress to almost nothing.
    {name: f"{name} " + "".join(map(chr, range(40, 120))) for name in _NAMES},
)


def kit_with(keys: FileKeys) -> RecoveryKit:
    """Return a kit whose file keys are those that seal backups."""
    keys.require_made()
    return replace(KIT, files=KIT.files | {FILE_KEYS: keys.path.read_text()})


def key_files(folder: Path) -> KeyFiles:
    """Write the keys below a folder, laid out as in a data folder."""
    for name, content in KIT.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return KeyFiles({name: folder / name for name in _NAMES})


# The work factor that a file states (log2 of scrypt's N): age's own choice, 17 or 18,
# takes a second for each sealing and each opening.
_LITTLE_WORK: Final = 4


def sealed_quickly(kit: RecoveryKit, passphrase: str = PASSPHRASE) -> str:
    """Return a kit, sealed by a sealer for which a guess may be cheap."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyrage.passphrase, "encrypt", seal_quickly)
        return kit.sealed(passphrase)


def seal_quickly(plain: bytes, passphrase: str, armored: bool = True) -> bytes:
    """Return a file of age's (https://age-encryption.org/v1), which any reader opens.

    The content, up to 64 KiB, is a single chunk.
    """
    assert armored
    assert len(plain) <= 64 * 1024
    file_key, salt, nonce = (os.urandom(16) for _ in range(3))
    wrapping = scrypt(
        passphrase.encode(),
        salt=b"age-encryption.org/v1/scrypt" + salt,
        n=2**_LITTLE_WORK,
        r=8,
        p=1,
        dklen=32,
    )
    wrapped = ChaCha20Poly1305(wrapping).encrypt(bytes(12), file_key, None)
    header = (
        f"age-encryption.org/v1\n-> scrypt {_unpadded(salt)} {_LITTLE_WORK}\n"
        f"{_unpadded(wrapped)}\n---"
    ).encode()
    mac = hmac.digest(_derived(file_key, b"", b"header"), header, sha256)
    chunk = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
    # The only chunk is the last one.
    sealed = chunk.encrypt(bytes(11) + b"\1", plain, None)
    whole = header + f" {_unpadded(mac)}\n".encode() + nonce + sealed
    body = wrap(b64encode(whole).decode(), 64)
    begin, end = (f"-----{word} AGE ENCRYPTED FILE-----" for word in ("BEGIN", "END"))
    return "\n".join((begin, *body, end, "")).encode()


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(key)


def _unpadded(value: bytes) -> str:
    return b64encode(value).decode().rstrip("=")
