"""What comes of a visit: its medical record, and the prescription."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, TextList

_WORDS = (
    "to_tsvector('simple'::regconfig, "
    "fold(coalesce(content ->> 'complaint', '') || ' ' || "
    "coalesce(content ->> 'findings', '') || ' ' || "
    "coalesce(content ->> 'plan', '') || ' ' || "
    "jsonb_path_query_array(content, '$.diagnoses[*].*')::text))"
)


class MedicalRecord(Base):
    """The medical record of one visit, as it reads now.

    `content` is an object with complaint, findings, diagnoses (a list of objects with
    code and text), vitals (an object of numbers) and plan. `number` counts its
    versions, which are all kept.
    """

    __tablename__ = "medical_records"
    __table_args__ = (
        CheckConstraint(
            "jsonb_typeof(content) = 'object' "
            "AND octet_length(content::text) <= 131072",
            name="medical_records_content_size",
        ),
        CheckConstraint("number > 0", name="medical_records_number_positive"),
        UniqueConstraint("appointment_id", name="medical_records_appointment_once"),
        Index("medical_records_of_patient", "patient_id", "created_at"),
        Index(
            "medical_records_by_content",
            "content",
            postgresql_using="gin",
            postgresql_ops={"content": "jsonb_path_ops"},
        ),
        Index("medical_records_by_words", "words", postgresql_using="gin"),
    )

    id: Mapped[PrimaryKey]
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.id"))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey("doctors.id"))
    number: Mapped[int] = mapped_column(server_default=text("1"))
    content: Mapped[dict[str, Any]]
    words: Mapped[str] = mapped_column(TSVECTOR, Computed(_WORDS, persisted=True))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class MedicalRecordVersion(Base):
    """The medical record of a visit as somebody once saved it; never changed."""

    __tablename__ = "medical_record_versions"
    __table_args__ = (
        CheckConstraint("number > 0", name="medical_record_versions_number_positive"),
    )

    record_id: Mapped[UUID] = mapped_column(
        ForeignKey("medical_records.id"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    author_id: Mapped[UUID]
    author_name: Mapped[str]
    created_at: Mapped[CreatedAt]
    # The time as of which the notes were brought back, if they were.
    as_of: Mapped[datetime | None]


class Prescription(Base):
    """What was prescribed at a visit, at most one; `latest` is the version that counts.

    Issued versions are never changed: an amendment is the next version.
    """

    __tablename__ = "prescriptions"
    __table_args__ = (
        CheckConstraint(
            "status IN ('issued', 'withdrawn')", name="prescriptions_status_known"
        ),
        CheckConstraint("latest > 0", name="prescriptions_latest_positive"),
        UniqueConstraint("appointment_id", name="prescriptions_appointment_once"),
        Index("prescriptions_of_patient", "patient_id", "created_at"),
    )

    id: Mapped[PrimaryKey]
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.id"))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    doctor_id: Mapped[UUID] = mapped_column(ForeignKey("doctors.id"))
    status: Mapped[str] = mapped_column(server_default=text("'issued'"))
    latest: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class PrescriptionScan(Base):
    """A document that shows the prescription's paper, signed by hand."""

    __tablename__ = "prescription_scans"
    __table_args__ = (Index("prescription_scans_of_prescription", "prescription_id"),)

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id"), primary_key=True
    )
    prescription_id: Mapped[UUID] = mapped_column(ForeignKey("prescriptions.id"))
    added_by: Mapped[UUID]
    added_at: Mapped[CreatedAt]


class PrescriptionVersion(Base):
    """One issued prescription: its lines and the signed PDF; never changed.

    `lines` is a list of objects with drug, dose, frequency, duration and, where an
    allergy matched or the drug was not recognised, `warning` and the `override_reason`
    that was given. `file_id` is the encrypted PDF in GridFS; `sha256` and `filesize`
    (bytes) describe the plain PDF; `signer` is the SHA-256 of the certificate that
    signed it.
    """

    __tablename__ = "prescription_versions"
    __table_args__ = (
        CheckConstraint("number > 0", name="prescription_versions_number_positive"),
        CheckConstraint(
            "jsonb_typeof(lines) = 'array' AND jsonb_array_length(lines) "
            "BETWEEN 1 AND 50",
            name="prescription_versions_lines_given",
        ),
        CheckConstraint(
            "length(sha256) = 32", name="prescription_versions_sha256_length"
        ),
        CheckConstraint(
            "length(signer) = 32", name="prescription_versions_signer_length"
        ),
        UniqueConstraint(
            "prescription_id", "number", name="prescription_versions_number_once"
        ),
        Index("prescription_versions_by_file", "file_id"),
        Index("prescription_versions_by_content", "sha256"),
    )

    id: Mapped[PrimaryKey]
    prescription_id: Mapped[UUID] = mapped_column(ForeignKey("prescriptions.id"))
    number: Mapped[int]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    note: Mapped[str] = mapped_column(server_default=text("''"))
    file_id: Mapped[str]
    filename: Mapped[str]
    filesize: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes]
    signer: Mapped[bytes]
    author_id: Mapped[UUID]
    author_name: Mapped[str]
    created_at: Mapped[CreatedAt]


class CodeList(Base):
    """The list of a kind that the clinic has chosen; each change renews `version`.

    The clinic's own entries are rows of ListedDrug or ListedDiagnosis.
    """

    __tablename__ = "code_lists"
    __table_args__ = (
        CheckConstraint("kind IN ('drugs', 'diagnoses')", name="code_lists_kind_known"),
        CheckConstraint(
            "source IN ('built-in', 'own', 'both')", name="code_lists_source_known"
        ),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(server_default=text("'built-in'"))
    version: Mapped[UUID] = mapped_column(server_default=text("uuidv7()"))
    imported_at: Mapped[datetime | None]
    imported_by_name: Mapped[str] = mapped_column(server_default=text("''"))


class ListedDrug(Base):
    """A drug of the clinic's own list, in one form; retired instead of deleted."""

    __tablename__ = "listed_drugs"
    __table_args__ = (
        CheckConstraint(
            "char_length(name) BETWEEN 1 AND 120", name="listed_drugs_name_length"
        ),
        CheckConstraint(
            "cardinality(ingredients) <= 20", name="listed_drugs_ingredients_count"
        ),
        Index(
            "listed_drugs_once",
            text("lower(name)"),
            text("lower(strength)"),
            text("lower(form)"),
            unique=True,
        ),
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str]
    form: Mapped[str] = mapped_column(server_default=text("''"))
    strength: Mapped[str] = mapped_column(server_default=text("''"))
    route: Mapped[str] = mapped_column(server_default=text("''"))
    atc_code: Mapped[str] = mapped_column(server_default=text("''"))
    ingredients: Mapped[TextList]
    created_at: Mapped[CreatedAt]
    retired_at: Mapped[datetime | None]


class ListedDiagnosis(Base):
    """A code of the clinic's own list with its term; retired instead of deleted."""

    __tablename__ = "listed_diagnoses"
    __table_args__ = (
        CheckConstraint(
            "char_length(code) BETWEEN 1 AND 20", name="listed_diagnoses_code_length"
        ),
        CheckConstraint(
            "char_length(term) BETWEEN 1 AND 200", name="listed_diagnoses_term_length"
        ),
        CheckConstraint(
            "cardinality(synonyms) <= 20", name="listed_diagnoses_synonyms_count"
        ),
        Index("listed_diagnoses_once", "system", text("upper(code)"), unique=True),
    )

    id: Mapped[PrimaryKey]
    system: Mapped[str]
    code: Mapped[str]
    term: Mapped[str]
    synonyms: Mapped[TextList]
    created_at: Mapped[CreatedAt]
    retired_at: Mapped[datetime | None]
