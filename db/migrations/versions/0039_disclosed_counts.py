"""Counts that analysts were told are kept, and ids of patients are hidden from them.

The version before keeps none: what it tells is not held against later counts.
"""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0039"
down_revision = "0038"

_DISCLOSED_GROUPS: Final = """
CREATE TABLE told_groups (
    digest bytea PRIMARY KEY,
    size integer NOT NULL,
    members bytea NOT NULL,
    told_at timestamptz NOT NULL DEFAULT now(),
    told_to uuid NOT NULL,
    CONSTRAINT told_groups_size_counts CHECK (octet_length(members) = 8 * size)
);
CREATE INDEX told_groups_by_size ON told_groups (size);
CREATE INDEX told_groups_newest ON told_groups (told_at);
-- Hashes do not get smaller.
ALTER TABLE told_groups ALTER COLUMN members SET STORAGE EXTERNAL;
CREATE TABLE told_answers (
    digest bytea PRIMARY KEY,
    answer jsonb NOT NULL,
    told_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX told_answers_newest ON told_answers (told_at);
CREATE TABLE pseudonym_keys (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    secret bytea NOT NULL
);
INSERT INTO pseudonym_keys (secret) VALUES (
    sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
);
"""
# Who is in a group is more than analysts may know.
_RULES: Final[Rules] = {
    "told_groups": (("system", ALL, "true"),),
    "told_answers": (("system", ALL, "true"),),
    "pseudonym_keys": (("system", "SELECT", "true"),),
}


def upgrade() -> None:
    run(_DISCLOSED_GROUPS)
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("What analysts were told could not be held against them.")
