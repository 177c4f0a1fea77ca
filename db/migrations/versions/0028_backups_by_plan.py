"""Backups are made by plan and on request, and one that is too old is told of.

The version before knows neither the table nor the kind of alert, and skips its rule.
"""

from typing import Final

from db.migrations import run
from db.migrations.alert_kinds import add_alert_kind
from db.migrations.rules import ALL, Rules, statements

revision = "0028"
down_revision = "0027"

_REQUESTS: Final = """
CREATE TABLE backup_requests (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    requested_at timestamptz NOT NULL DEFAULT now(),
    requested_by uuid NOT NULL,
    requested_by_name text NOT NULL,
    begun_at timestamptz,
    ended_at timestamptz,
    set_id text,
    failure text,
    CONSTRAINT backup_requests_end_says_how CHECK (
        CASE WHEN ended_at IS NULL THEN num_nonnulls(set_id, failure) = 0
        ELSE num_nonnulls(set_id, failure) = 1 END
    )
);
CREATE UNIQUE INDEX backup_requests_open_once ON backup_requests ((true))
    WHERE ended_at IS NULL;
CREATE INDEX backup_requests_newest ON backup_requests (requested_at);
"""
_RULES: Final[Rules] = {
    "backup_requests": (("admin", "SELECT, INSERT", "true"), ("system", ALL, "true")),
}
# The rule of backups that are too old was off while nothing made any. Whoever has
# changed it has said what they want.
_SWITCHED_ON: Final = """
UPDATE alert_rules SET is_active = true
    WHERE kind = 'backup-too-old' AND revision = 1;
"""


def upgrade() -> None:
    run(_REQUESTS)
    run(*statements(_RULES))
    add_alert_kind("backup-failed", raised=(0, 0), cleared=(0, 0))
    run(_SWITCHED_ON)


def downgrade() -> None:
    raise NotImplementedError("Who asked for which backup would be lost.")
