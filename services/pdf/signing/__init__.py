"""Signatures in PDFs: made with the clinic's key, and checked."""

from services.pdf.signing.checking import (
    CannotCheck,
    Signature,
    SignatureState,
    check_apart,
)
from services.pdf.signing.signer import CannotSign, Signer

__all__ = [
    "CannotCheck",
    "CannotSign",
    "Signature",
    "SignatureState",
    "Signer",
    "check_apart",
]
