"""A recovery kit that is old, or was never made, is told of.

The version before does not know the kind of alert, and skips its rule.
"""

from typing import Final

from db.migrations import run

revision = "0033"
down_revision = "0031"

_ALERTS: Final = """
ALTER TABLE alert_rules
    DROP CONSTRAINT alert_rules_kind_known,
    ADD CONSTRAINT alert_rules_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old', 'error-budget', 'backup-failed',
        'archive-behind', 'key-kit-old')
    );
ALTER TABLE alerts
    DROP CONSTRAINT alerts_kind_known,
    ADD CONSTRAINT alerts_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old', 'error-budget', 'backup-failed',
        'archive-behind', 'key-kit-old')
    );
INSERT INTO alert_rules
    (kind, is_active, threshold, for_seconds, clear_threshold, clear_seconds)
VALUES ('key-kit-old', true, 86400, 0, 0, 0);
"""


def upgrade() -> None:
    run(_ALERTS)


def downgrade() -> None:
    raise NotImplementedError("Alerts of recovery kits that were old would be lost.")
