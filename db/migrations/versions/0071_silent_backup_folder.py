"""A backup folder that does not answer is told of; when migrations ran is kept.

The version before does not know the kind of alert, and skips its rule. When it ran
migrations nobody kept, so the first of which that is known is this one.
"""

from typing import Final

from db.migrations import run

revision = "0071"
down_revision = "0074"

_ALERTS: Final = """
ALTER TABLE alert_rules
    DROP CONSTRAINT alert_rules_kind_known,
    ADD CONSTRAINT alert_rules_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old', 'error-budget', 'backup-failed',
        'archive-behind', 'key-kit-old', 'restore-unproven', 'backup-copy-behind',
        'backup-damaged', 'backup-folder-silent')
    );
ALTER TABLE alerts
    DROP CONSTRAINT alerts_kind_known,
    ADD CONSTRAINT alerts_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old', 'error-budget', 'backup-failed',
        'archive-behind', 'key-kit-old', 'restore-unproven', 'backup-copy-behind',
        'backup-damaged', 'backup-folder-silent')
    );
INSERT INTO alert_rules
    (kind, is_active, threshold, for_seconds, clear_threshold, clear_seconds)
VALUES ('backup-folder-silent', true, 60, 0, 0, 0);
"""
# The owner alone writes, in db/migrations/env.py.
_CHANGES: Final = """
CREATE TABLE schema_changes (
    revision text PRIMARY KEY,
    ran_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT ON schema_changes TO chartroom_admin, chartroom_system;
"""


def upgrade() -> None:
    run(_ALERTS)
    run(_CHANGES)


def downgrade() -> None:
    raise NotImplementedError("When migrations ran would be lost.")
