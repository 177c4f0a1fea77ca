"""Other systems fetch everything at once: exports by FHIR, and the files they have.

New tables alone: the version before knows neither, and makes and removes nothing.
"""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0052"
down_revision = "0051"

_TABLES: Final = """
CREATE TABLE bulk_exports (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    owner_id uuid NOT NULL,
    owner_name text NOT NULL,
    owner_role text NOT NULL,
    scopes text[],
    request text NOT NULL,
    types text[] NOT NULL,
    of_patients boolean NOT NULL DEFAULT false,
    changed_since timestamptz,
    group_subject text,
    group_key text REFERENCES stored_criteria,
    passed_over text[] NOT NULL DEFAULT '{}',
    reason text NOT NULL,
    state text NOT NULL DEFAULT 'waiting',
    progress text NOT NULL DEFAULT '',
    worker uuid,
    worked_at timestamptz,
    as_of timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    CONSTRAINT bulk_exports_state_known
        CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    CONSTRAINT bulk_exports_reason_given
        CHECK (char_length(btrim(reason)) BETWEEN 10 AND 500),
    CONSTRAINT bulk_exports_group_whole
        CHECK ((group_subject IS NULL) = (group_key IS NULL)),
    CONSTRAINT bulk_exports_done_as_of CHECK (state <> 'done' OR as_of IS NOT NULL)
);
CREATE INDEX bulk_exports_of_owner ON bulk_exports (owner_id);
CREATE INDEX bulk_exports_to_expire ON bulk_exports (expires_at);
CREATE TABLE bulk_export_files (
    export_id uuid NOT NULL REFERENCES bulk_exports ON DELETE CASCADE,
    number integer NOT NULL,
    kind text NOT NULL,
    count bigint NOT NULL,
    size bigint NOT NULL,
    file_id text NOT NULL,
    PRIMARY KEY (export_id, number)
);
"""
_OF_ONESELF: Final = "owner_id = acting_user()"
# Whoever sees an export sees its files; they go with it.
_WITH_EXPORT: Final = "EXISTS (SELECT FROM bulk_exports WHERE id = export_id)"
_ASK: Final = (
    "SELECT, INSERT (owner_id, owner_name, owner_role, scopes, request, types, "
    "of_patients, changed_since, group_subject, group_key, passed_over, reason), DELETE"
)
_RULES: Final[Rules] = {
    "bulk_exports": (
        (
            "staff clinician analyst",
            _ASK,
            _OF_ONESELF,
        ),
        ("system", ALL, "true"),
    ),
    "bulk_export_files": (
        ("staff clinician analyst", "SELECT", _WITH_EXPORT),
        ("system", ALL, "true"),
    ),
}


def upgrade() -> None:
    run(_TABLES)
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("What was exported would lie there without an end.")
