"""Numbers of events are held against all that are of about as many patients.

A new column. The version before leaves it empty; the next answer fills it in, as it
does for what was told before.
"""

from typing import Final

from db.migrations import run

revision = "0066"
down_revision = "0065"

_PATIENTS: Final = """
ALTER TABLE told_groups ADD COLUMN patients integer;
CREATE INDEX told_groups_by_patients ON told_groups (patients) WHERE of_events
"""


def upgrade() -> None:
    run(_PATIENTS)


def downgrade() -> None:
    raise NotImplementedError(
        "Numbers of events would be held against the latest 200 only."
    )
