"""Tells whether a PDF is as the clinic signed it."""

import os
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Final

from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pydantic import TypeAdapter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from services.errors import InvalidInput, Unavailable

MAX_BYTES: Final = 10 * 1024 * 1024
_SECONDS: Final = 30
_ROOT: Final = Path(__file__).resolve().parents[2]
_PROCESS: Final = "services.signing.checking_process"


class SignatureState(StrEnum):
    """What a file's signature says of it; `sentence` says it to people."""

    VALID = "valid"
    MODIFIED = "modified"
    UNKNOWN_SIGNER = "unknown signer"
    UNSIGNED = "unsigned"
    UNREADABLE = "unreadable"

    @property
    def sentence(self) -> str:
        """What it means for whoever holds the file."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    SignatureState.VALID: "This clinic signed it, and nothing was changed since.",
    SignatureState.MODIFIED: (
        "It was changed after it was signed. Do not rely on it: ask for the original."
    ),
    SignatureState.UNKNOWN_SIGNER: (
        "It is signed, but not with a key of this clinic. Do not take it for one of "
        "its prescriptions."
    ),
    SignatureState.UNSIGNED: (
        "It is not signed. This clinic signs all its prescriptions, so it is none."
    ),
    SignatureState.UNREADABLE: (
        "It cannot be read as a PDF. If it came by e-mail, ask for it again."
    ),
}


@dataclass(frozen=True, slots=True)
class Signature:
    """The state of a file, and for a signed one who signed it when.

    `signed_at` is what the signer's own clock said. `signer` is the SHA-256 of the
    certificate in hexadecimal.
    """

    state: SignatureState
    signed_at: datetime | None = None
    signer_name: str | None = None
    signer: str | None = None

    @property
    def is_valid(self) -> bool:
        """Whether the file can be relied on."""
        return self.state is SignatureState.VALID


SIGNATURE: Final = TypeAdapter(Signature)


class CannotCheck(Unavailable):
    """Checking took too long or too much."""

    def __init__(self) -> None:
        super().__init__(
            "This file could not be checked: reading it takes too long. Do not rely on "
            "it, and ask whoever gave it to you for another copy."
        )


def check(pdf: bytes, certificates: Collection[x509.Certificate]) -> Signature:
    """Check a file that we made ourselves, or in a process of its own any file.

    It is valid if one of the certificates signed all of it, to the last byte: whatever
    was added later, even what changes nothing to be seen, makes it modified.
    """
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=False)
        signatures = reader.embedded_signatures
        if not signatures:
            return Signature(SignatureState.UNSIGNED)
        return _judge(signatures[0], certificates)
    except Exception:
        # Whatever breaks a parser of what somebody brings is a finding, too.
        return Signature(SignatureState.UNREADABLE)


def check_apart(pdf: bytes, certificates: Collection[x509.Certificate]) -> Signature:
    """Check whatever somebody brings, in a process with bounds of time and memory.

    Raises InvalidInput if it is too large to be one of ours, or CannotCheck.
    """
    if len(pdf) > MAX_BYTES:
        raise InvalidInput(
            "file", "This file is larger than any prescription: choose another one."
        )
    known = b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
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


def _judge(
    signature: EmbeddedPdfSignature, certificates: Collection[x509.Certificate]
) -> Signature:
    trusted = ValidationContext(
        trust_roots=[
            Certificate.load(one.public_bytes(Encoding.DER)) for one in certificates
        ],
        allow_fetching=False,
    )
    # Nothing may be added at all, so what was added need not be looked at.
    found = validate_pdf_signature(signature, trusted, skip_diff=True)
    signer = x509.load_der_x509_certificate(found.signing_cert.dump())
    is_whole = (
        found.intact
        and found.valid
        and found.coverage is SignatureCoverageLevel.ENTIRE_FILE
    )
    is_known = signer in certificates
    if not is_whole:
        state = SignatureState.MODIFIED
    elif not is_known:
        state = SignatureState.UNKNOWN_SIGNER
    else:
        state = SignatureState.VALID
    return Signature(
        state,
        found.signer_reported_dt,
        _name_of(signer),
        signer.fingerprint(SHA256()).hex(),
    )


def _name_of(signer: x509.Certificate) -> str:
    names = signer.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""
