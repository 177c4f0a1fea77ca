"""Turns an order into a signed PDF in the file store, before any row names it."""

from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256

from db.files.gridfs import Bucket, FileStore, FileStoreUnavailable
from services.consultations.prescriptions.content import PrescriptionOrder
from services.consultations.prescriptions.errors import PapersUnavailable
from services.consultations.prescriptions.paper import TITLE, print_order
from services.consultations.prescriptions.records import SignedPaper
from services.core import stored_bytes
from services.documents.forms import ENGLISH, Clinic, Wording
from services.pdf.signing import Signer

_CONTENT_TYPE = "application/pdf"


@dataclass(frozen=True, slots=True)
class PrescriptionIssuer:
    """Prints prescriptions in the clinic's language, signs and stores them."""

    files: FileStore
    signer: Signer
    clinic: Clinic
    wording: Wording = ENGLISH

    def make(self, order: PrescriptionOrder, *, now: datetime) -> SignedPaper:
        """Store the order's signed paper; `now` is the clinic's own time.

        Raises InvalidPrescription, CannotSign, PapersUnavailable.
        """
        plain = print_order(order, clinic=self.clinic, now=now, wording=self.wording)
        reason = self.wording.say(TITLE)
        signed, certificate = self.signer.sign(plain, reason=reason)
        try:
            file_id = self.files.put(
                Bucket.PRESCRIPTION_FILES, signed, content_type=_CONTENT_TYPE
            )
        except FileStoreUnavailable as error:
            raise PapersUnavailable from error
        return SignedPaper(
            file_id=file_id,
            filename=f"prescription-{now:%Y-%m-%d}-v{order.number}.pdf",
            filesize=len(signed),
            sha256=sha256(signed).digest(),
            signer=certificate,
        )

    def discarding_on_refusal(self, paper: SignedPaper) -> AbstractContextManager[None]:
        """Write the row of a stored paper inside: see services.core.stored_bytes."""
        return stored_bytes.discarding_on_refusal(partial(self._discard, paper.file_id))

    def _discard(self, file_id: str) -> None:
        """Delete a file that got no row; if that fails it is swept later."""
        with suppress(FileStoreUnavailable):
            self.files.delete(Bucket.PRESCRIPTION_FILES, file_id)
