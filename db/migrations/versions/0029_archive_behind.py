"""The log between two backups is told of when it falls behind.

The version before does not know the kind of alert, and skips its rule.
"""

from db.migrations.alert_kinds import add_alert_kind

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    add_alert_kind("archive-behind", raised=(60, 60), cleared=(30, 30))


def downgrade() -> None:
    raise NotImplementedError("Alerts of the log that fell behind would be lost.")
