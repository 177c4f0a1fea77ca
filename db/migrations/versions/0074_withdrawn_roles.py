"""When an identity provider withdrew the role of somebody whom it had brought in.

The version before does not know the column: it lets nobody in whose sign-in was ended,
and an administrator reactivates whoever gets a role again meanwhile.
"""

from db.migrations import run

revision = "0074"
down_revision = "0067"


def upgrade() -> None:
    run("ALTER TABLE user_identities ADD COLUMN withdrawn_at timestamptz")


def downgrade() -> None:
    raise NotImplementedError("Whom a provider may let in again would be lost.")
