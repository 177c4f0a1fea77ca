"""Damaged backups are told of, and restores are practised from their copy as well.

The version before does not know the kind of alert, and skips its rule. It takes a drill
of the copy, which it finds open, for one of the backups here, and runs that.
"""

from typing import Final

from db.migrations import run
from db.migrations.alert_kinds import add_alert_kind

revision = "0067"
down_revision = "0066"

_DRILLS: Final = """
ALTER TABLE restore_drills ADD COLUMN of_copy boolean NOT NULL DEFAULT false
"""


def upgrade() -> None:
    add_alert_kind("backup-damaged", raised=(0, 120), cleared=(0, 60))
    run(_DRILLS)


def downgrade() -> None:
    raise NotImplementedError("Which backups were damaged would be lost.")
