"""Checks whether a PDF is as the clinic signed it."""

import os
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import TypeAdapter

import services
from services.core.errors import InvalidInput, Unavailable

MAX_BYTES: Final = 10 * 1024 * 1024
_SECONDS: Final = 30
_ROOT: Final = Path(services.__path__[0]).resolve().parent
_PROCESS: Final = f"{__package__}.checking_process"


class SignatureState(StrEnum):
    """The state of a file by its signature; `sentence` explains it to people."""

    VALID = "valid"
    MODIFIED = "modified"
    UNKNOWN_SIGNER = "unknown signer"
    UNSIGNED = "unsigned"
    UNREADABLE = "unreadable"

    @property
    def sentence(self) -> str:
        """What the state means for whoever has the file."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    SignatureState.VALID: "This clinic signed it, and nothing has been changed since.",
    SignatureState.MODIFIED: (
        "It was changed after it was signed. Do not rely on it: ask for the original."
    ),
    SignatureState.UNKNOWN_SIGNER: (
        "It is signed, but not with a key of this clinic. Do not accept it as one of "
        "its prescriptions."
    ),
    SignatureState.UNSIGNED: (
        "It is not signed. This clinic signs all its prescriptions, so it is not one "
        "of them."
    ),
    SignatureState.UNREADABLE: (
        "It cannot be read as a PDF. If it came by e-mail, ask for it again."
    ),
}


@dataclass(frozen=True, slots=True)
class Signature:
    """The state of a file and, for a signed one, whose key signed it when.

    `signed_at` is the time of the signer's own clock. `signer` is the SHA-256 of the
    certificate in hexadecimal.
    """

    state: SignatureState
    signed_at: datetime | None = None
    signer: str | None = None

    @property
    def is_valid(self) -> bool:
        """Whether the file can be relied on."""
        return self.state is SignatureState.VALID


SIGNATURE: Final = TypeAdapter(Signature)


class CannotCheck(Unavailable):
    """Checking took too long or too much memory."""

    def __init__(self) -> None:
        super().__init__(
            "This file could not be checked: reading it takes too long. Do not rely on "
            "it, and ask whoever gave it to you for another copy."
        )


def check_apart(pdf: bytes, certificates: Collection[x509.Certificate]) -> Signature:
    """Check a file from anybody, in a process with limits of time and memory.

    Raises InvalidInput if it is too large to be one of ours, or CannotCheck.
    """
    if len(pdf) > MAX_BYTES:
        raise InvalidInput(
            "file", "This file is larger than any prescription: choose another one."
        )
    known = b"".join(
        certificate.public_bytes(Encoding.PEM) for certificate in certificates
    )
    try:
        done = subprocess.run(  # noqa: S603 (our own interpreter and module)
            [sys.executable, "-m", _PROCESS, str(len(known))],
            input=known + pdf,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
            cwd=_ROOT,
            env={"PATH": os.defpath},
        )
    except (subprocess.SubprocessError, OSError):
        raise CannotCheck from None
    return SIGNATURE.validate_json(done.stdout)
