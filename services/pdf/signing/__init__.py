"""Signatures in PDFs: made with the clinic's key, and checked."""

from services.pdf.signing.checking import (
    Signature as Signature,
    SignatureState as SignatureState,
    check_apart as check_apart,
)
from services.pdf.signing.signer import CannotSign as CannotSign, Signer as Signer
