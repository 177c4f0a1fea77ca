"""Patients, what their records hold, and the trail of their merges."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Computed,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import (
    PHONE_NUMBER,
    Base,
    CreatedAt,
    PrimaryKey,
    TextList,
)

# A foreign key to patients that must keep naming the merged-away record, because it
# tells the story of the merge, carries this in its column's info.
STAYS_WITH_MERGED = "stays_with_merged"

_CURRENT = text("deleted_at IS NULL")

# Byte order is the same on every server whatever its locale, and lets an index answer
# "starts with".
_KEY = Text(collation="C")

_INITIALS = 'upper("left"(first_name, 1) || "left"(last_name, 1))'
_BIRTH_YEAR = "EXTRACT(year FROM date_of_birth)::integer"


class Patient(Base):
    """A person the clinic keeps a record of.

    The `*_key` columns hold the folded form (lower case, no accents) that search,
    sorting and duplicate detection compare; PostgreSQL computes them. `initials` and
    `birth_year` are all that an analyst may read of the name and the day of birth:
    columns of their own, because privileges are given by the column.
    """

    __tablename__ = "patients"
    __table_args__ = (
        CheckConstraint("btrim(first_name) <> ''", name="patients_first_name_given"),
        CheckConstraint("btrim(last_name) <> ''", name="patients_last_name_given"),
        # Checks with a name, because the error of a varchar(50) names no column.
        CheckConstraint(
            "char_length(first_name) <= 50", name="patients_first_name_length"
        ),
        CheckConstraint(
            "char_length(last_name) <= 50", name="patients_last_name_length"
        ),
        CheckConstraint("char_length(email) <= 254", name="patients_email_length"),
        CheckConstraint("char_length(address) <= 100", name="patients_address_length"),
        CheckConstraint(
            "char_length(emergency_contact) <= 50",
            name="patients_emergency_contact_length",
        ),
        CheckConstraint(
            "cardinality(allergies) <= 100", name="patients_allergies_length"
        ),
        CheckConstraint(
            "cardinality(medical_history) <= 100",
            name="patients_medical_history_length",
        ),
        CheckConstraint(
            "cardinality(current_medications) <= 100",
            name="patients_current_medications_length",
        ),
        # Tomorrow in UTC is today somewhere; the service checks the clinic's own day.
        CheckConstraint(
            "date_of_birth >= DATE '1900-01-01' AND date_of_birth <= current_date + 1",
            name="patients_date_of_birth_plausible",
        ),
        CheckConstraint(
            "sex IN ('female', 'male', 'other', 'unknown')", name="patients_sex_known"
        ),
        CheckConstraint(
            "email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name="patients_email_valid"
        ),
        CheckConstraint(
            f"phone_number ~ '^{PHONE_NUMBER}$'", name="patients_phone_number_valid"
        ),
        CheckConstraint(
            "NOT no_known_allergies OR cardinality(allergies) = 0",
            name="patients_no_known_allergies_consistent",
        ),
        CheckConstraint("version > 0", name="patients_version_positive"),
        CheckConstraint("merged_into_id <> id", name="patients_not_merged_into_self"),
        CheckConstraint(
            "merged_into_id IS NULL OR deleted_at IS NOT NULL",
            name="patients_merged_are_archived",
        ),
        CheckConstraint(
            "erased_at IS NULL OR deleted_at IS NOT NULL",
            name="patients_erased_are_archived",
        ),
        CheckConstraint(
            "deceased_on BETWEEN date_of_birth AND current_date + 1",
            name="patients_deceased_on_plausible",
        ),
        UniqueConstraint("source", "source_id", name="patients_source_once"),
        Index(
            "patients_by_name",
            "last_name_key",
            "first_name_key",
            "id",
            postgresql_where=_CURRENT,
        ),
        Index(
            "patients_by_given_name",
            "first_name_key",
            "last_name_key",
            "id",
            postgresql_where=_CURRENT,
        ),
        Index("patients_by_birth", "date_of_birth", "id", postgresql_where=_CURRENT),
        # PostgreSQL 18 cannot index a virtual column, but recognises its expression.
        Index(
            "patients_by_birth_year",
            text(f"({_BIRTH_YEAR})"),
            "id",
            postgresql_where=_CURRENT,
        ),
        Index("patients_by_change", "updated_at", "id", postgresql_where=_CURRENT),
        Index("patients_by_creation", "created_at", "id", postgresql_where=_CURRENT),
        Index(
            "patients_archived_by_birth",
            "date_of_birth",
            postgresql_where=text("deleted_at IS NOT NULL AND merged_into_id IS NULL"),
        ),
        Index(
            "patients_with_photo",
            "photo_file_id",
            postgresql_where=text("photo_file_id IS NOT NULL"),
        ),
        Index(
            "patients_deceased",
            "deceased_on",
            "id",
            postgresql_where=text("deceased_on IS NOT NULL"),
        ),
        Index("patients_by_phone", "phone_key"),
        # With or without the country's code, the end is the same.
        Index("patients_by_phone_end", text("reverse(phone_key)")),
        Index("patients_by_email", "email_key"),
        Index("patients_by_record_number", "record_number", unique=True),
        Index(
            "patients_by_name_parts",
            "name_key",
            postgresql_using="gin",
            postgresql_ops={"name_key": "gin_trgm_ops"},
        ),
        # By sound: Smyth and Schmith match Smith.
        Index(
            "patients_by_sound",
            text("daitch_mokotoff(last_name_key)"),
            postgresql_using="gin",
        ),
        Index("patients_by_allergy", "allergies", postgresql_using="gin"),
        Index("patients_by_history", "medical_history", postgresql_using="gin"),
        Index("patients_by_medication", "current_medications", postgresql_using="gin"),
        Index(
            "patients_to_erase",
            "deleted_at",
            "id",
            postgresql_where=text(
                "deleted_at IS NOT NULL AND merged_into_id IS NULL "
                "AND erased_at IS NULL"
            ),
        ),
        Index(
            "patients_merged",
            "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
        Index(
            "patients_archived",
            "deleted_at",
            "id",
            postgresql_where=text("deleted_at IS NOT NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    first_name: Mapped[str]
    last_name: Mapped[str]
    date_of_birth: Mapped[date]
    sex: Mapped[str] = mapped_column(server_default="unknown")
    email: Mapped[str | None]
    phone_number: Mapped[str | None]
    address: Mapped[str | None]
    emergency_contact: Mapped[str | None]
    allergies: Mapped[TextList]
    no_known_allergies: Mapped[bool] = mapped_column(server_default=text("false"))
    medical_history: Mapped[TextList]
    current_medications: Mapped[TextList]
    photo_file_id: Mapped[str | None]
    source: Mapped[str | None]
    source_id: Mapped[str | None]
    # The version that an import left; if `version` differs, people have edited the
    # record since, and the next import leaves it alone.
    source_version: Mapped[int | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[UUID | None]
    merged_into_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("patients.id"), info={STAYS_WITH_MERGED: True}
    )
    first_name_key: Mapped[str] = mapped_column(
        _KEY, Computed("fold(first_name)", persisted=True)
    )
    last_name_key: Mapped[str] = mapped_column(
        _KEY, Computed("fold(last_name)", persisted=True)
    )
    name_key: Mapped[str] = mapped_column(
        _KEY, Computed("fold(first_name || ' ' || last_name)", persisted=True)
    )
    email_key: Mapped[str | None] = mapped_column(
        _KEY, Computed("lower(email)", persisted=True)
    )
    phone_key: Mapped[str | None] = mapped_column(
        _KEY, Computed("ltrim(phone_number, '+')", persisted=True)
    )
    initials: Mapped[str] = mapped_column(Computed(_INITIALS, persisted=False))
    birth_year: Mapped[int] = mapped_column(Computed(_BIRTH_YEAR, persisted=False))
    record_number: Mapped[str] = mapped_column(
        _KEY, server_default=text("next_record_number()")
    )
    # Since when a tombstone is all that is left of the record.
    erased_at: Mapped[datetime | None]
    deceased_on: Mapped[date | None]


class ClinicalEntry(Base):
    """A dated entry of a patient's record: what, from when until when.

    It complements the lists of the record, which say what holds today
    (docs/decisions/0055). `source_key` identifies it in a repeated import.
    """

    __tablename__ = "clinical_entries"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('allergy', 'condition', 'medication', 'procedure', 'encounter', "
            "'observation')",
            name="clinical_entries_kind_known",
        ),
        CheckConstraint(
            "char_length(btrim(term)) BETWEEN 1 AND 200",
            name="clinical_entries_term_length",
        ),
        CheckConstraint("char_length(code) <= 20", name="clinical_entries_code_length"),
        CheckConstraint("char_length(unit) <= 40", name="clinical_entries_unit_length"),
        CheckConstraint(
            "ended_on >= started_on", name="clinical_entries_end_after_start"
        ),
        UniqueConstraint("source", "source_key", name="clinical_entries_source_once"),
        Index("clinical_entries_of_patient", "patient_id", "kind", "started_on"),
        Index("clinical_entries_by_code", "kind", "code", "started_on"),
        # All that a count by words needs, values included: an index-only scan.
        Index(
            "clinical_entries_events",
            "kind",
            "term_key",
            postgresql_include=[
                "patient_id",
                "started_on",
                "ended_on",
                "term",
                "code",
                "value",
                "unit",
            ],
        ),
    )

    id: Mapped[PrimaryKey]
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    kind: Mapped[str]
    term: Mapped[str]
    term_key: Mapped[str] = mapped_column(Computed("fold(term)", persisted=True))
    # A FHIR Coding: the URI of the code system, and the code; empty without one.
    system: Mapped[str] = mapped_column(server_default=text("''"))
    code: Mapped[str] = mapped_column(server_default=text("''"))
    value: Mapped[Decimal | None]
    unit: Mapped[str | None]
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    source: Mapped[str]
    source_key: Mapped[UUID]
    created_at: Mapped[CreatedAt]


class PatientMerge(Base):
    """One merge: which record went into which, by whom, and what both looked like."""

    __tablename__ = "patient_merges"

    id: Mapped[PrimaryKey]
    kept_id: Mapped[UUID] = mapped_column(
        ForeignKey("patients.id"), index=True, info={STAYS_WITH_MERGED: True}
    )
    merged_id: Mapped[UUID] = mapped_column(
        ForeignKey("patients.id"), index=True, info={STAYS_WITH_MERGED: True}
    )
    merged_by: Mapped[UUID]
    merged_at: Mapped[CreatedAt]
    before: Mapped[dict[str, Any]]


class PatientRetention(Base):
    """After how many years archived records are erased; without a number, never.

    It has one row.
    """

    __tablename__ = "patient_retention"
    __table_args__ = (
        CheckConstraint("id = 1", name="patient_retention_one_row"),
        CheckConstraint(
            "erase_after_years BETWEEN 1 AND 100", name="patient_retention_years_range"
        ),
    )

    id: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, server_default=text("1")
    )
    erase_after_years: Mapped[int | None] = mapped_column(SmallInteger)
    updated_by: Mapped[UUID | None]
    updated_at: Mapped[CreatedAt]


class ErasurePostponement(Base):
    """A record that is not erased before a certain day, and why."""

    __tablename__ = "erasure_postponements"
    __table_args__ = (
        CheckConstraint(
            "char_length(btrim(reason)) BETWEEN 10 AND 500",
            name="erasure_postponements_reason_given",
        ),
    )

    # Of an archived record that is not merged into another one.
    patient_id: Mapped[UUID] = mapped_column(
        ForeignKey("patients.id"), primary_key=True, info={STAYS_WITH_MERGED: True}
    )
    until: Mapped[date]
    reason: Mapped[str]
    postponed_by: Mapped[UUID]
    postponed_at: Mapped[CreatedAt]


# A patient's name as in a sentence and as in a list; both are empty where an outer join
# found nobody. The separators are literals in the statement: a statement that is kept
# compiled carries no value.
PATIENT_NAME: Final[ColumnElement[str]] = func.concat_ws(
    literal_column("' '"), Patient.first_name, Patient.last_name, type_=Text
)
LISTED_NAME: Final[ColumnElement[str]] = func.concat_ws(
    literal_column("', '"), Patient.last_name, Patient.first_name, type_=Text
)


class ClinicalTerm(Base):
    """One spelling that occurs in a list of some patient; a trigger keeps it complete.

    Filters look a term up here (a few thousand rows) and then ask the GIN index of the
    patients' list for the exact spellings.
    """

    __tablename__ = "clinical_terms"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('allergies', 'medical_history', 'current_medications')",
            name="clinical_terms_kind_known",
        ),
        # Holds for every item of every list, since each is entered here.
        CheckConstraint(
            "char_length(btrim(term)) BETWEEN 1 AND 200", name="clinical_terms_length"
        ),
        Index(
            "clinical_terms_by_key",
            "term_key",
            postgresql_using="gin",
            postgresql_ops={"term_key": "gin_trgm_ops"},
        ),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    term: Mapped[str] = mapped_column(primary_key=True)
    term_key: Mapped[str] = mapped_column(_KEY, Computed("fold(term)", persisted=True))
