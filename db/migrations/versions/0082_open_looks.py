"""People look around in the clinic of a time, which the worker keeps for a while.

The version before does not know the table.
"""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0082"
down_revision = "0081"

_LOOKS: Final = """
CREATE TABLE restore_looks (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    as_of timestamptz NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    requested_by uuid NOT NULL,
    requested_by_name text NOT NULL,
    begun_at timestamptz,
    opened_at timestamptz,
    used_at timestamptz,
    port integer,
    ended_at timestamptz,
    failure text,
    CONSTRAINT restore_looks_open_somewhere CHECK (
        num_nonnulls(opened_at, used_at, port) IN (0, 3)
    )
);
CREATE UNIQUE INDEX restore_looks_open_once ON restore_looks ((true))
    WHERE ended_at IS NULL;
CREATE INDEX restore_looks_newest ON restore_looks (requested_at);
"""
_RULES: Final[Rules] = {
    "restore_looks": (
        ("admin", "SELECT, INSERT, UPDATE (ended_at)", "true"),
        ("staff clinician", "SELECT, UPDATE (used_at)", "true"),
        ("system", ALL, "true"),
    ),
}


def upgrade() -> None:
    run(_LOOKS)
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("Who asked to look around would be lost.")
