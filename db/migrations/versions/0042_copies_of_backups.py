"""A copy of the backups elsewhere that is behind is told of.

The version before does not know the kind of alert, and skips its rule.
"""

from typing import Final

from db.migrations import run

revision = "0042"
down_revision = "0040"

_ALERTS: Final = """
ALTER TABLE alert_rules
    DROP CONSTRAINT alert_rules_kind_known,
    ADD CONSTRAINT alert_rules_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old', 'error-budget', 'backup-failed',
        'archive-behind', 'key-kit-old', 'restore-unproven', 'backup-copy-behind')
    );
ALTER TABLE alerts
    DROP CONSTRAINT alerts_kind_known,
    ADD CONSTRAINT alerts_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old', 'error-budget', 'backup-failed',
        'archive-behind', 'key-kit-old', 'restore-unproven', 'backup-copy-behind')
    );
INSERT INTO alert_rules
    (kind, is_active, threshold, for_seconds, clear_threshold, clear_seconds)
VALUES ('backup-copy-behind', true, 900, 60, 300, 60);
"""


def upgrade() -> None:
    run(_ALERTS)


def downgrade() -> None:
    raise NotImplementedError("How far the copy was behind would be lost.")
