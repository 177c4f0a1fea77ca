"""What a tool of the clinic's own tells of its backups is kept for whoever looks.

The version before does not know the table.
"""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0069"
down_revision = "0071"

_TOOLS: Final = """
CREATE TABLE backup_tools (
    name text PRIMARY KEY,
    tried_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    failure text,
    answered_at timestamptz,
    report jsonb,
    archived_until timestamptz,
    marks jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT backup_tools_failure_counted CHECK ((failure IS NULL) = (tries = 0)),
    CONSTRAINT backup_tools_answer_complete CHECK (
        (answered_at IS NULL) = (report IS NULL)
    )
);
"""
_RULES: Final[Rules] = {
    "backup_tools": (("admin", "SELECT", "true"), ("system", ALL, "true")),
}


def upgrade() -> None:
    run(_TOOLS)
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("Until when the log is archived would be lost.")
