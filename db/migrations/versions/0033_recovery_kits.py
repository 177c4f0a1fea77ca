"""A recovery kit that is old, or was never made, is told of.

The version before does not know the kind of alert, and skips its rule.
"""

from db.migrations.alert_kinds import add_alert_kind

revision = "0033"
down_revision = "0031"


def upgrade() -> None:
    add_alert_kind("key-kit-old", raised=(86400, 0), cleared=(0, 0))


def downgrade() -> None:
    raise NotImplementedError("Alerts of recovery kits that were old would be lost.")
