"""Signatures in PDFs: made with the clinic's key, and checked."""

from services.signing.checking import (
    CannotCheck,
    Signature,
    SignatureState,
    check_apart,
)
from services.signing.signer import CannotSign, Signer

__all__ = [
    "CannotCheck",
    "CannotSign",
    "Signature",
    "SignatureState",
    "Signer",
    "check_apart",
]
