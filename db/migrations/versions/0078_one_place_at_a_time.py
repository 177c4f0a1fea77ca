"""Whoever holds a slot is told in the same call that the patient is elsewhere.

The version before asks once more afterwards, and says the same.
"""

from db.migrations import load_functions

revision = "0078"
down_revision = "0077"


def upgrade() -> None:
    load_functions("visits")


def downgrade() -> None:
    raise NotImplementedError("Visits that were let overlap would be overlooked.")
