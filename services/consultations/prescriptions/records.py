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

    `override_reason` says why it is prescribed although an allergy matches; `warning`
    is the match, as it was found when the prescription was issued.
    """

    drug: str
    dose: str
    frequency: str
    duration: str
    override_reason: str = ""
    warning: str = ""


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


@dataclass(frozen=True, slots=True)
class SignedPaper:
    """A signed prescription whose bytes are stored, before any row names them."""

    file_id: str
    filename: str
    filesize: int
    sha256: bytes
    signer: bytes
