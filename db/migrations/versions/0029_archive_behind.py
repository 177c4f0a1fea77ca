"""The log between two backups is told of when it falls behind.

The version before does not know the kind of alert, and skips its rule.
"""

from typing import Final

from db.migrations import run

revision = "0029"
down_revision = "0028"

_ALERTS: Final = """
ALTER TABLE alert_rules
    DROP CONSTRAINT alert_rules_kind_known,
    ADD CONSTRAINT alert_rules_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old', 'error-budget', 'backup-failed',
        'archive-behind')
    );
ALTER TABLE alerts
    DROP CONSTRAINT alerts_kind_known,
    ADD CONSTRAINT alerts_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old', 'error-budget', 'backup-failed',
        'archive-behind')
    );
INSERT INTO alert_rules
    (kind, is_active, threshold, for_seconds, clear_threshold, clear_seconds)
VALUES ('archive-behind', true, 60, 60, 30, 30);
"""


def upgrade() -> None:
    run(_ALERTS)


def downgrade() -> None:
    raise NotImplementedError("Alerts of the log that fell behind would be lost.")
