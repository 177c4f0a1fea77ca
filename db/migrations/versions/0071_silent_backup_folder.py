"""A backup folder that does not answer is told of; when migrations ran is kept.

The version before does not know the kind of alert, and skips its rule. When it ran
migrations nobody kept, so the first of which that is known is this one.
"""

from typing import Final

from db.migrations import run
from db.migrations.alert_kinds import add_alert_kind

revision = "0071"
down_revision = "0074"

# The owner alone writes, in db/migrations/env.py.
_CHANGES: Final = """
CREATE TABLE schema_changes (
    revision text PRIMARY KEY,
    ran_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT ON schema_changes TO chartroom_admin, chartroom_system;
"""


def upgrade() -> None:
    add_alert_kind("backup-folder-silent", raised=(60, 0), cleared=(0, 0))
    run(_CHANGES)


def downgrade() -> None:
    raise NotImplementedError("When migrations ran would be lost.")
