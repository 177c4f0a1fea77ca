"""Analysts count visits by the hour, and told counts of events are kept as well.

The version before reads groups of events as groups of patients, so it refuses more.
"""

from typing import Final

from db.migrations import load_functions, run

revision = "0043"
down_revision = "0042"

_OF_EVENTS: Final = """
ALTER TABLE told_groups ADD COLUMN of_events boolean NOT NULL DEFAULT false;
CREATE INDEX told_groups_of_events ON told_groups (told_at) WHERE of_events;
"""


def upgrade() -> None:
    run(_OF_EVENTS)
    load_functions("analytics")


def downgrade() -> None:
    raise NotImplementedError("Counts of events could not be held against later ones.")
