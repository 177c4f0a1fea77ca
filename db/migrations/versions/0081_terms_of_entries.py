"""Analysts' counts by words know which terms dated entries have, and ask for these.

The version before asks by patterns as ever.
"""

from db.migrations import load_functions

revision = "0081"
down_revision = "0079"


def upgrade() -> None:
    load_functions("analytics")


def downgrade() -> None:
    raise NotImplementedError("Counts by words would ask each entry by patterns.")
