"""Damaged backups are told of, and restores are practised from their copy as well.

The version before does not know the kind of alert, and skips its rule. It takes a drill
of the copy, which it finds open, for one of the backups here, and runs that.
"""

from typing import Final

from db.migrations import run

revision = "0067"
down_revision = "0066"

_ALERTS: Final = """
ALTER TABLE alert_rules
    DROP CONSTRAINT alert_rules_kind_known,
    ADD CONSTRAINT alert_rules_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old', 'error-budget', 'backup-failed',
        'archive-behind', 'key-kit-old', 'restore-unproven', 'backup-copy-behind',
        'backup-damaged')
    );
ALTER TABLE alerts
    DROP CONSTRAINT alerts_kind_known,
    ADD CONSTRAINT alerts_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old', 'error-budget', 'backup-failed',
        'archive-behind', 'key-kit-old', 'restore-unproven', 'backup-copy-behind',
        'backup-damaged')
    );
INSERT INTO alert_rules
    (kind, is_active, threshold, for_seconds, clear_threshold, clear_seconds)
VALUES ('backup-damaged', true, 0, 120, 0, 60);
"""
_DRILLS: Final = """
ALTER TABLE restore_drills ADD COLUMN of_copy boolean NOT NULL DEFAULT false
"""


def upgrade() -> None:
    run(_ALERTS)
    run(_DRILLS)


def downgrade() -> None:
    raise NotImplementedError("Which backups were damaged would be lost.")
