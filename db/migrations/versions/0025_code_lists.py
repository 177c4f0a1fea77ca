"""A clinic keeps lists of drugs and diagnoses of its own, and chooses what it goes by.

What the version before reads of notes may say of which system a code is; it takes no
notice of that.
"""

from typing import Final

from db.migrations import load_functions, run
from db.migrations.rules import ALL, Rules, statements

revision = "0025"
down_revision = "0024"

_TABLES: Final = """
CREATE TABLE code_lists (
    kind text PRIMARY KEY,
    source text NOT NULL DEFAULT 'built-in',
    version uuid NOT NULL DEFAULT uuidv7(),
    imported_at timestamptz,
    imported_by_name text NOT NULL DEFAULT '',
    CONSTRAINT code_lists_kind_known CHECK (kind IN ('drugs', 'diagnoses')),
    CONSTRAINT code_lists_source_known CHECK (source IN ('built-in', 'own', 'both'))
);
INSERT INTO code_lists (kind) VALUES ('drugs'), ('diagnoses');
CREATE TABLE listed_drugs (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL,
    form text NOT NULL DEFAULT '',
    strength text NOT NULL DEFAULT '',
    route text NOT NULL DEFAULT '',
    atc_code text NOT NULL DEFAULT '',
    ingredients text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    CONSTRAINT listed_drugs_name_length CHECK (char_length(name) BETWEEN 1 AND 120),
    CONSTRAINT listed_drugs_ingredients_count CHECK (cardinality(ingredients) <= 20)
);
CREATE UNIQUE INDEX listed_drugs_once
    ON listed_drugs (lower(name), lower(strength), lower(form));
CREATE TABLE listed_diagnoses (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    system text NOT NULL,
    code text NOT NULL,
    term text NOT NULL,
    synonyms text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    CONSTRAINT listed_diagnoses_code_length CHECK (char_length(code) BETWEEN 1 AND 20),
    CONSTRAINT listed_diagnoses_term_length CHECK (char_length(term) BETWEEN 1 AND 200),
    CONSTRAINT listed_diagnoses_synonyms_count CHECK (cardinality(synonyms) <= 20)
);
CREATE UNIQUE INDEX listed_diagnoses_once ON listed_diagnoses (system, upper(code));
"""
# Staff print summaries and see prescriptions; what is in a list is no secret.
_RULES: Final[Rules] = {
    "code_lists": (
        ("staff clinician", "SELECT", "true"),
        (
            "admin",
            "SELECT, UPDATE (source, version, imported_at, imported_by_name)",
            "true",
        ),
        ("system", ALL, "true"),
    ),
    "listed_drugs": (
        ("staff clinician", "SELECT", "true"),
        ("admin system", ALL, "true"),
    ),
    "listed_diagnoses": (
        ("staff clinician", "SELECT", "true"),
        ("admin system", ALL, "true"),
    ),
}


def upgrade() -> None:
    run(_TABLES)
    run(*statements(_RULES))
    load_functions("code_lists")


def downgrade() -> None:
    raise NotImplementedError("A clinic's own lists would be lost.")
