"""Analysts count events that name nobody; the views are in db/functions/analytics.sql.

The version before does not know the schema.
"""

from db.migrations import load_functions

revision = "0035"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    load_functions("analytics")


def downgrade() -> None:
    raise NotImplementedError("Cohorts that were saved could not be counted.")
