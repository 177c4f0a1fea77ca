"""Where files are kept, how they get there, and who reads them."""

from typing import TYPE_CHECKING

from dashboard import wiring
from db.files.gridfs import FileStore

if TYPE_CHECKING:
    from db.files.signing_keys import SigningKeyFile
    from services.consultations.prescriptions import PrescriptionIssuer
    from services.documents.records import DocumentIngest
    from services.pdf.inspecting import PdfInspector


def files() -> FileStore:
    """Return the store of photos and documents."""
    return wiring.current().files


def intake() -> "DocumentIngest":
    """Return the way of a document's file into the store."""
    return wiring.current().intake


def examiner() -> "PdfInspector":
    """Return who reads PDFs."""
    return wiring.current().examiner


def prescription_issuer() -> "PrescriptionIssuer":
    """Return what prints, signs and stores prescriptions."""
    return wiring.current().press


def signing_keys() -> "SigningKeyFile":
    """Return where the keys are that sign prescriptions."""
    return wiring.signing_keys(wiring.current().settings)
