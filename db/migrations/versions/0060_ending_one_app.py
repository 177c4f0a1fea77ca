"""A patient who ends one app also ends what they let it have and it has not fetched.

The version before does as it did: it asks for no app of a consent.
"""

from db.migrations import run

revision = "0060"
down_revision = "0059"


def upgrade() -> None:
    run("GRANT SELECT (app_id) ON authorization_codes TO chartroom_patient")


def downgrade() -> None:
    raise NotImplementedError("Who ends an app would not be able to end it.")
