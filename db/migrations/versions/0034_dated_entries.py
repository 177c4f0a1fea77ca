"""Records have dated entries with codes, and a patient may be deceased.

The version before knows neither: it books for the deceased as it did, and changes what
the lists of a record say, which entries follow (docs/decisions/0055).
"""

from typing import Final

from db.migrations import load_functions, run
from db.migrations.rules import ALL, Rules, statements

revision = "0034"
down_revision = "0033"

_TABLES: Final = """
ALTER TABLE patients
    ADD COLUMN deceased_on date,
    ADD CONSTRAINT patients_deceased_on_plausible
        CHECK (deceased_on BETWEEN date_of_birth AND current_date + 1) NOT VALID;
CREATE OR REPLACE VIEW everyone.patients AS SELECT * FROM public.patients;
CREATE INDEX patients_deceased ON patients (deceased_on, id)
    WHERE deceased_on IS NOT NULL;
CREATE TABLE clinical_entries (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    patient_id uuid NOT NULL REFERENCES patients,
    kind text NOT NULL,
    term text NOT NULL,
    system text NOT NULL DEFAULT '',
    code text NOT NULL DEFAULT '',
    value numeric,
    unit text,
    started_on date NOT NULL,
    ended_on date,
    source text NOT NULL,
    source_key uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT clinical_entries_kind_known CHECK (
        kind IN (
            'allergy', 'condition', 'medication', 'procedure', 'encounter',
            'observation'
        )
    ),
    CONSTRAINT clinical_entries_term_length
        CHECK (char_length(btrim(term)) BETWEEN 1 AND 200),
    CONSTRAINT clinical_entries_code_length CHECK (char_length(code) <= 20),
    CONSTRAINT clinical_entries_unit_length CHECK (char_length(unit) <= 40),
    CONSTRAINT clinical_entries_end_after_start CHECK (ended_on >= started_on),
    CONSTRAINT clinical_entries_source_once UNIQUE (source, source_key)
);
CREATE INDEX clinical_entries_of_patient
    ON clinical_entries (patient_id, kind, started_on);
CREATE INDEX clinical_entries_by_code ON clinical_entries (kind, code, started_on);
"""
# Whoever opens a record reads its entries; imports write them.
_RULES: Final[Rules] = {
    "clinical_entries": (
        ("staff", "SELECT", "true"),
        (
            "clinician",
            "SELECT",
            "patient_id = ANY ((SELECT open_patients())::uuid[])",
        ),
        ("system", ALL, "true"),
    ),
}


def upgrade() -> None:
    run(_TABLES)
    # Of a column without values; looking at every row keeps nobody from changing any.
    run("ALTER TABLE patients VALIDATE CONSTRAINT patients_deceased_on_plausible")
    run(*statements(_RULES))
    load_functions("visits")


def downgrade() -> None:
    raise NotImplementedError("Dates, codes and deaths would be lost.")
