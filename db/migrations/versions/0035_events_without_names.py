"""Analysts count events that name nobody; the views are in db/functions/analytics.sql.

The version before does not know the schema.
"""

from typing import Final

from db.migrations import load_functions, run

revision = "0035"
down_revision = "0037"

# The views as they are today rest on it; where they were made before, 0048 adds it.
_TERM_KEY: Final = """
ALTER TABLE clinical_entries
    ADD COLUMN term_key text NOT NULL GENERATED ALWAYS AS (fold(term)) STORED
"""


def upgrade() -> None:
    run(_TERM_KEY)
    load_functions("analytics")


def downgrade() -> None:
    raise NotImplementedError("Cohorts that were saved could not be counted.")
