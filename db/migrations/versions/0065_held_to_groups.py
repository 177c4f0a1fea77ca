"""An administrator says whether a connected system exports its groups alone, or all.

A new column. Systems go on as they were: with a purpose all that they read, without one
nothing, whatever the column says. So what the version before connects and changes means
the same to both. It knows no limit, and its own servers and workers hold no system to
its groups: nobody is to rely on a limit before all are of this version.
"""

from typing import Final

from db.migrations import run

revision = "0065"
down_revision = "0062"

_COLUMN: Final = """
ALTER TABLE connected_systems
    ADD COLUMN exports text NOT NULL DEFAULT 'all',
    ADD CONSTRAINT connected_systems_exports_known
        CHECK (exports IN ('nothing', 'groups', 'all'))
"""


def upgrade() -> None:
    run(_COLUMN)
    run("GRANT UPDATE (exports) ON connected_systems TO chartroom_admin")


def downgrade() -> None:
    raise NotImplementedError(
        "Systems that export their groups alone would export all."
    )
