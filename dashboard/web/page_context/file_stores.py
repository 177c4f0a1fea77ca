"""The server's files and file keys for pages: stores, readers, seals."""

from typing import TYPE_CHECKING

from dashboard import wiring
from db.files.file_keys import KeyUnknown, SealBroken, UnusableFileKeys
from db.files.gridfs import FileStore

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from services.consultations.prescriptions import PrescriptionIssuer
    from services.documents.records.ingest import DocumentIngest
    from services.pdf.inspecting import PdfInspector


def files() -> FileStore:
    """Return the store of photos and documents."""
    return wiring.current().files


def ingest() -> "DocumentIngest":
    """Return the way of a document's file into the store."""
    return wiring.current().ingest


def inspector() -> "PdfInspector":
    """Return the reader of PDFs."""
    return wiring.current().inspector


def prescription_issuer() -> "PrescriptionIssuer":
    """Return what prints, signs and stores prescriptions."""
    return wiring.current().issuer


def signing_certificates() -> "tuple[Certificate, ...]":
    """Return the certificates of the clinic's signatures; none if there are none."""
    # Only pages that check signatures need it.
    from db.files.signing_keys import UnusableSigningKey

    try:
        return wiring.signing_keys(wiring.current().settings).read().certificates
    except UnusableSigningKey:
        return ()


class KeysUnusable(Exception):
    """A key of the clinic is lost or damaged; the message names its file."""


def make_missing_keys() -> None:
    """Make the keys that have not been needed yet; raises KeysUnusable."""
    # Only the page that makes recovery kits needs them all.
    from db.files.seal_keys import UnusableKey
    from db.files.signing_keys import UnusableSigningKey

    try:
        wiring.make_missing_keys(wiring.current().settings)
    except (UnusableFileKeys, UnusableKey, UnusableSigningKey) as error:
        raise KeysUnusable(str(error)) from error


class CannotSeal(Exception):
    """The file keys cannot be used just now."""


class CannotUnseal(Exception):
    """The sealed text was changed, is for another purpose, or its key is missing."""


def seal(text: bytes, purpose: str) -> bytes:
    """Encrypt a text for one purpose; raises CannotSeal."""
    try:
        return wiring.current().file_keys.seal(text, purpose)
    except UnusableFileKeys as error:
        raise CannotSeal from error


def unseal(sealed: bytes, purpose: str) -> bytes:
    """Return the text that was encrypted for the purpose; raises CannotUnseal."""
    try:
        return wiring.current().file_keys.unseal(sealed, purpose)
    except (SealBroken, KeyUnknown, UnusableFileKeys) as error:
        raise CannotUnseal from error
