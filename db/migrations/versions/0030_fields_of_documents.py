"""Documents have fields that an administrator has defined.

The version before knows neither table: what it files has no values, and what it purges
loses them by a trigger.
"""

from typing import Final

from db.migrations import load_functions, run
from db.migrations.rules import Rules, statements

revision = "0030"
down_revision = "0029"

_DEFINITIONS: Final = """
CREATE TABLE document_fields (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    key text NOT NULL CONSTRAINT document_fields_key_once UNIQUE,
    name text NOT NULL,
    kind text NOT NULL,
    unit text NOT NULL DEFAULT '',
    choices text[] NOT NULL DEFAULT '{}',
    document_types text[] NOT NULL DEFAULT '{}',
    is_required boolean NOT NULL DEFAULT false,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT document_fields_key_form CHECK (key ~ '^[a-z][a-z0-9_]{0,59}$'),
    CONSTRAINT document_fields_name_length CHECK (char_length(name) BETWEEN 1 AND 40),
    CONSTRAINT document_fields_kind_known CHECK (
        kind IN ('text', 'number', 'date', 'flag', 'choice')
    ),
    CONSTRAINT document_fields_unit_of_numbers CHECK (
        unit = '' OR (kind = 'number' AND char_length(unit) <= 20)
    ),
    CONSTRAINT document_fields_choices_of_choice CHECK (
        (kind = 'choice') = (cardinality(choices) > 0) AND cardinality(choices) <= 100
    )
);
CREATE UNIQUE INDEX document_fields_name_once ON document_fields (fold(name));
"""
# A row for each value, and an index for each kind of it: no column of the documents
# has to be made while they are used (docs/decisions/0044). A document that is not
# filled in has no row.
_VALUES: Final = """
CREATE TABLE document_field_values (
    document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    field text NOT NULL REFERENCES document_fields (key),
    text_value text,
    text_key text COLLATE "C" GENERATED ALWAYS AS (fold(text_value)) STORED,
    number_value numeric(15, 6),
    date_value date,
    flag_value boolean,
    PRIMARY KEY (document_id, field),
    CONSTRAINT document_field_values_one CHECK (
        num_nonnulls(text_value, number_value, date_value, flag_value) = 1
    ),
    CONSTRAINT document_field_values_text_length CHECK (
        char_length(text_value) BETWEEN 1 AND 200
    )
);
CREATE INDEX document_field_values_by_text
    ON document_field_values (field, text_key, document_id)
    WHERE text_key IS NOT NULL;
CREATE INDEX document_field_values_by_number
    ON document_field_values (field, number_value, document_id)
    WHERE number_value IS NOT NULL;
CREATE INDEX document_field_values_by_date
    ON document_field_values (field, date_value, document_id)
    WHERE date_value IS NOT NULL;
CREATE INDEX document_field_values_by_flag
    ON document_field_values (field, flag_value, document_id)
    WHERE flag_value IS NOT NULL;
"""
_WRITE: Final = "SELECT, INSERT, UPDATE, DELETE"
# Whoever sees a document sees what its fields hold, and fills them in where they may
# change it.
_WITH_DOCUMENT: Final = (
    "EXISTS (SELECT FROM documents WHERE documents.id = document_id)"
)
_RULES: Final[Rules] = {
    # Archived, never deleted: documents go on having what was filled in.
    "document_fields": (
        ("patient staff clinician", "SELECT", "true"),
        ("admin", "SELECT, INSERT, UPDATE", "true"),
        ("system", _WRITE, "true"),
    ),
    "document_field_values": (
        ("patient", "SELECT", _WITH_DOCUMENT),
        ("clinician", _WRITE, _WITH_DOCUMENT),
        ("staff", "SELECT, UPDATE, DELETE", _WITH_DOCUMENT),
        # As with versions and texts: what is filed at the desk may be closed to it.
        ("staff", "INSERT", "true"),
        ("system", _WRITE, "true"),
    ),
}


def upgrade() -> None:
    run(_DEFINITIONS)
    run(_VALUES)
    run(*statements(_RULES))
    load_functions("document_fields")
    run(f"GRANT {_WRITE} ON everyone.document_field_values TO chartroom_staff")


def downgrade() -> None:
    raise NotImplementedError("What was filled in would be lost.")
