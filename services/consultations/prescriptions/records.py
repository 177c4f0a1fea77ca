"""Prescriptions as they are kept, and what somebody wants to prescribe."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class PrescriptionStatus(StrEnum):
    """Whether a prescription counts; in HL7 FHIR active and cancelled."""

    ISSUED = "issued"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class PrescriptionLine:
    """One drug: what, how much, how often, for how long.

    As in FHIR's MedicationRequest, `route` is the way it is taken, `quantity` how much
    is dispensed at a time and `repeats` how often again, in digits; each may be empty.
    `override_reason` says why it is prescribed although something stands against it;
    `warning` is what did when the prescription was issued: an allergy, or that its name
    was not recognised.
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
    def dose_and_route(self) -> str:
        """Return how much is taken, and by which way if that is said."""
        return ", ".join(filter(None, (self.dose, self.route)))

    @property
    def supply(self) -> str:
        """Return how much is dispensed, and how often again; "" if it is not said."""
        again = "" if self.repeats in {"", "0"} else f"repeats: {self.repeats}"
        return ", ".join(filter(None, (self.quantity, again)))


@dataclass(frozen=True, slots=True)
class DraftPrescription:
    """What is to be prescribed at a visit."""

    lines: tuple[PrescriptionLine, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class PrescriptionVersion:
    """One issued version: its lines, its signed file, who issued it.

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
    """What was prescribed at a visit, with the version that was asked for."""

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
