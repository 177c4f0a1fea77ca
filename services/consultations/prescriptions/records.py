"""Prescriptions as they are stored, and drafts of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.consultations.drugs import ROUTES
from services.core.sentences import Sentence, joined


class PrescriptionStatus(StrEnum):
    """Whether a prescription counts; in HL7 FHIR active and cancelled."""

    ISSUED = "issued"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class PrescriptionLine:
    """One drug: what, how much, how often, for how long.

    As in FHIR's MedicationRequest, `route` is the way it is taken, `quantity` how much
    is dispensed at a time and `repeats` how often it is repeated, in digits; each may
    be empty. `warning` is the warning at the time of issue: an allergy matched the
    drug, or its name was not recognised. `override_reason` is why it is prescribed in
    spite of that.
    """

    drug: str
    dose: str
    frequency: str
    duration: str
    override_reason: str = ""
    warning: str = ""
    route: str = ""
    quantity: str = ""
    repeats: str = ""

    @property
    def dose_and_route(self) -> Sentence:
        """The dose, followed by the route if there is one."""
        route = Sentence(self.route) if self.route in ROUTES else self.route
        return joined(", ", filter(None, (self.dose, route)))

    @property
    def supply(self) -> Sentence:
        """The quantity and the repeats; empty if there are none."""
        again = ""
        if self.repeats not in {"", "0"}:
            again = Sentence("repeats: {number}", number=self.repeats)
        return joined(", ", filter(None, (self.quantity, again)))


@dataclass(frozen=True, slots=True)
class DraftPrescription:
    """What is to be prescribed at a visit."""

    lines: tuple[PrescriptionLine, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class PrescriptionVersion:
    """One issued version: its lines, its signed file, its author.

    `sha256` is the signed file's; `signer` is the SHA-256 of the certificate.
    """

    number: int
    lines: tuple[PrescriptionLine, ...]
    note: str
    file_id: str
    filename: str
    filesize: int
    sha256: bytes
    signer: bytes
    author_id: UUID
    author_name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PrescriptionRecord:
    """The prescription of a visit, with the version that was requested."""

    id: UUID
    appointment_id: UUID
    patient_id: UUID
    doctor_id: UUID
    doctor_name: str
    visit_at: datetime
    status: PrescriptionStatus
    latest: int
    version: PrescriptionVersion
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignedPaper:
    """A signed prescription whose bytes are stored, before any row names them."""

    file_id: str
    filename: str
    filesize: int
    sha256: bytes
    signer: bytes
