"""Restores are practised by plan and on request, and one long unproven is told of.

The version before knows neither the table nor the kind of alert, and skips its rule.
"""

from typing import Final

from db.migrations import run
from db.migrations.alert_kinds import add_alert_kind
from db.migrations.rules import ALL, Rules, statements

revision = "0038"
down_revision = "0036"

_DRILLS: Final = """
CREATE TABLE restore_drills (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    requested_at timestamptz NOT NULL DEFAULT now(),
    requested_by uuid,
    requested_by_name text,
    begun_at timestamptz,
    ended_at timestamptz,
    result jsonb,
    failure text,
    CONSTRAINT restore_drills_end_says_how CHECK (
        CASE WHEN ended_at IS NULL THEN num_nonnulls(result, failure) = 0
        ELSE num_nonnulls(result, failure) = 1 END
    )
);
CREATE UNIQUE INDEX restore_drills_open_once ON restore_drills ((true))
    WHERE ended_at IS NULL;
CREATE INDEX restore_drills_newest ON restore_drills (requested_at);
"""
_RULES: Final[Rules] = {
    "restore_drills": (("admin", "SELECT, INSERT", "true"), ("system", ALL, "true")),
}


def upgrade() -> None:
    run(_DRILLS)
    run(*statements(_RULES))
    add_alert_kind("restore-unproven", raised=(691200, 0), cleared=(691200, 0))


def downgrade() -> None:
    raise NotImplementedError("How restores were practised would be lost.")
