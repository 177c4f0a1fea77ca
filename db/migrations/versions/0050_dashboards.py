"""Analysts keep dashboards of figures, and share them with each other.

The version before knows no such table.
"""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0050"
down_revision = "0049"

_DASHBOARDS: Final = """
CREATE TABLE dashboards (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    owner_id uuid NOT NULL REFERENCES users,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    shown jsonb NOT NULL DEFAULT '{}',
    cards jsonb NOT NULL DEFAULT '[]',
    is_home boolean NOT NULL DEFAULT false,
    is_shared boolean NOT NULL DEFAULT false,
    shared_with uuid[] NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT dashboards_name CHECK (char_length(name) BETWEEN 1 AND 60),
    CONSTRAINT dashboards_description CHECK (char_length(description) <= 300),
    CONSTRAINT dashboards_cards CHECK (
        jsonb_typeof(cards) = 'array' AND jsonb_array_length(cards) <= 12
    ),
    CONSTRAINT dashboards_home_is_not_shared CHECK (
        NOT is_home OR NOT is_shared AND shared_with = '{}'
    )
);
CREATE UNIQUE INDEX dashboards_name_once ON dashboards (owner_id, lower(name))
    WHERE NOT is_home;
CREATE UNIQUE INDEX dashboards_one_home ON dashboards (owner_id) WHERE is_home;
"""
# Only analysts have dashboards, so all with whom one is shared are analysts.
_RULES: Final[Rules] = {
    "dashboards": (
        (
            "analyst",
            "SELECT",
            "is_shared OR acting_user() = ANY (owner_id || shared_with)",
        ),
        ("analyst", "INSERT, UPDATE, DELETE", "owner_id = acting_user()"),
        ("system", ALL, "true"),
    ),
}


def upgrade() -> None:
    run(_DASHBOARDS)
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("Dashboards that were made would be lost.")
