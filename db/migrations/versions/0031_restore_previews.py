"""What going back to a time would undo is asked for, and kept until the next time.

The version before does not know the tables.
"""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0031"
down_revision = "0030"

_PREVIEWS: Final = """
CREATE TABLE restore_previews (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    as_of timestamptz NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    requested_by uuid NOT NULL,
    requested_by_name text NOT NULL,
    begun_at timestamptz,
    compared_at timestamptz,
    ended_at timestamptz,
    counts jsonb,
    failure text,
    CONSTRAINT restore_previews_end_says_how CHECK (
        CASE WHEN ended_at IS NULL THEN num_nonnulls(counts, failure) = 0
        ELSE num_nonnulls(counts, failure) = 1 END
    )
);
CREATE UNIQUE INDEX restore_previews_open_once ON restore_previews ((true))
    WHERE ended_at IS NULL;
CREATE INDEX restore_previews_newest ON restore_previews (requested_at);
CREATE TABLE restore_preview_lists (
    preview_id uuid NOT NULL REFERENCES restore_previews (id),
    kind text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (preview_id, kind)
);
"""
_RULES: Final[Rules] = {
    "restore_previews": (("admin", "SELECT, INSERT", "true"), ("system", ALL, "true")),
    "restore_preview_lists": (("admin", "SELECT", "true"), ("system", ALL, "true")),
}


def upgrade() -> None:
    run(_PREVIEWS)
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("Who asked what going back would undo would be lost.")
