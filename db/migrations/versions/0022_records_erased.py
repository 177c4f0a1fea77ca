"""Archived patients are erased, addresses may be of one, lists have chosen columns.

Nothing is erased before an administrator says after how many years (docs/decisions/
0037). What the version before finds of an erased record is an archived one without a
name; it neither restores nor lists it otherwise than that.
"""

from typing import Final

from db.migrations import load_functions, run
from db.migrations.rules import ALL, Rules, statements

revision = "0022"
down_revision = "0021"

_TABLES: Final = """
ALTER TABLE patients
    ADD COLUMN erased_at timestamptz,
    ADD CONSTRAINT patients_erased_are_archived
        CHECK (erased_at IS NULL OR deleted_at IS NOT NULL);
CREATE OR REPLACE VIEW everyone.patients AS SELECT * FROM public.patients;
GRANT SELECT (erased_at) ON patients, everyone.patients TO chartroom_analyst;
CREATE INDEX patients_to_erase ON patients (deleted_at, id)
    WHERE deleted_at IS NOT NULL AND merged_into_id IS NULL AND erased_at IS NULL;
CREATE INDEX patients_merged ON patients (merged_into_id)
    WHERE merged_into_id IS NOT NULL;
CREATE TABLE patient_retention (
    id smallint PRIMARY KEY DEFAULT 1,
    erase_after_years smallint,
    updated_by uuid,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT patient_retention_one_row CHECK (id = 1),
    CONSTRAINT patient_retention_years_range
        CHECK (erase_after_years BETWEEN 1 AND 100)
);
INSERT INTO patient_retention DEFAULT VALUES;
CREATE TABLE erasure_postponements (
    patient_id uuid PRIMARY KEY REFERENCES patients,
    until date NOT NULL,
    reason text NOT NULL,
    postponed_by uuid NOT NULL,
    postponed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT erasure_postponements_reason_given
        CHECK (char_length(btrim(reason)) BETWEEN 10 AND 500)
);
CREATE TABLE list_columns (
    owner_id uuid NOT NULL REFERENCES users,
    subject text NOT NULL,
    columns text[] NOT NULL,
    PRIMARY KEY (owner_id, subject),
    CONSTRAINT list_columns_some CHECK (cardinality(columns) BETWEEN 1 AND 50)
);
ALTER TABLE saved_views
    ADD COLUMN columns text[],
    ADD CONSTRAINT saved_views_columns_some
        CHECK (cardinality(columns) BETWEEN 1 AND 50);
"""
_RULES: Final[Rules] = {
    "patient_retention": (
        (
            "admin",
            "SELECT, UPDATE (erase_after_years, updated_by, updated_at)",
            "true",
        ),
        ("system", ALL, "true"),
    ),
    "erasure_postponements": (("system", ALL, "true"),),
    "list_columns": (
        ("staff clinician analyst", ALL, "owner_id = acting_user()"),
        ("system", ALL, "true"),
    ),
}


def upgrade() -> None:
    run(_TABLES)
    run(*statements(_RULES))
    load_functions("patient_emails")


def downgrade() -> None:
    raise NotImplementedError("It would be lost who was erased, and who is not to be.")
