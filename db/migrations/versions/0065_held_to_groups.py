"""An administrator says whether a connected system exports its groups alone, or all.

A new column. Systems go on as they were: with a purpose all that they read, without one
nothing. The version before knows no limit: it makes a system that it connects one that
exports all, and its own servers and workers hold none to its groups. So nobody is to
rely on a limit before all are of this version. To it, too, a system that exports
nothing has no purpose.
"""

from typing import Final

from db.migrations import run

revision = "0065"
down_revision = "0062"
branch_labels = None
depends_on = None

_COLUMN: Final = """
ALTER TABLE connected_systems
    ADD COLUMN exports text NOT NULL DEFAULT 'all',
    ADD CONSTRAINT connected_systems_exports_known
        CHECK (exports IN ('nothing', 'groups', 'all'))
"""
_AS_BEFORE: Final = """
UPDATE connected_systems SET exports = 'nothing' WHERE export_purpose IS NULL
"""


def upgrade() -> None:
    run(_COLUMN)
    run(_AS_BEFORE)
    run("GRANT UPDATE (exports) ON connected_systems TO chartroom_admin")


def downgrade() -> None:
    raise NotImplementedError(
        "Systems that export their groups alone would export all."
    )
