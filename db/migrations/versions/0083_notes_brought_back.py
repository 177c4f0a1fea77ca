"""A version of notes says of when it was brought back.

The version before does not know the column, and saves notes without it.
"""

from typing import Final

from db.migrations import run

revision = "0083"
down_revision = "0082"

_BROUGHT_BACK: Final = (
    "ALTER TABLE medical_record_versions ADD COLUMN as_of timestamptz"
)


def upgrade() -> None:
    run(_BROUGHT_BACK)


def downgrade() -> None:
    raise NotImplementedError("Of when notes were brought back would be lost.")
