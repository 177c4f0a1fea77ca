"""A copy of the backups elsewhere that is behind is told of.

The version before does not know the kind of alert, and skips its rule.
"""

from db.migrations.alert_kinds import add_alert_kind

revision = "0042"
down_revision = "0040"


def upgrade() -> None:
    add_alert_kind("backup-copy-behind", raised=(900, 60), cleared=(300, 60))


def downgrade() -> None:
    raise NotImplementedError("How far the copy was behind would be lost.")
