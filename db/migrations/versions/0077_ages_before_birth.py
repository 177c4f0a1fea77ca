"""Analysts read that what happened before birth happened at no age, not at 0.

The version before reads it as well.
"""

from db.migrations import load_functions

revision = "0077"
down_revision = "0076"


def upgrade() -> None:
    load_functions("analytics")


def downgrade() -> None:
    raise NotImplementedError("What happened before birth would be told of age 0.")
