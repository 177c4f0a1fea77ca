"""How long the clinic was there, and how fast its error budget burns."""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0018"
down_revision = "0017"

_AVAILABILITY: Final = """
CREATE TABLE availability_samples (
    starts_at timestamptz PRIMARY KEY,
    up_seconds smallint NOT NULL,
    down_seconds smallint NOT NULL,
    web_down_seconds smallint NOT NULL,
    database_down_seconds smallint NOT NULL,
    CONSTRAINT availability_samples_seconds_range CHECK (
        up_seconds BETWEEN 0 AND 300 AND down_seconds BETWEEN 0 AND 300
        AND web_down_seconds BETWEEN 0 AND 300
        AND database_down_seconds BETWEEN 0 AND 300
    )
);
"""
# How many times as fast as it lasts: 14.4 is 2 % of a month's budget in an hour.
_ALERT: Final = """
ALTER TABLE alert_rules
    DROP CONSTRAINT alert_rules_kind_known,
    ADD CONSTRAINT alert_rules_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old', 'error-budget')
    );
ALTER TABLE alerts
    DROP CONSTRAINT alerts_kind_known,
    ADD CONSTRAINT alerts_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old', 'error-budget')
    );
INSERT INTO alert_rules
    (kind, is_active, threshold, for_seconds, clear_threshold, clear_seconds)
VALUES ('error-budget', true, 14.4, 0, 6, 60);
"""
_RULES: Final[Rules] = {
    "availability_samples": (("admin", "SELECT", "true"), ("system", ALL, "true")),
}


def upgrade() -> None:
    run(_AVAILABILITY)
    run(_ALERT)
    for statement in statements(_RULES):
        run(statement)


def downgrade() -> None:
    raise NotImplementedError("What is known of the availability would be lost.")
