"""A visit notes when its patient was called into the room.

A column of its own and no further status: the version before knows no such status, and
goes on with patients who are called in as with those who are checked in. What it leaves
behind in the column is older than the next check-in, and counts no more then.
"""

from db.migrations import run

revision = "0015"
down_revision = "0014"


_VIEW = "VIEW everyone.appointments AS SELECT * FROM public.appointments"


def upgrade() -> None:
    run("ALTER TABLE appointments ADD COLUMN called_in_at timestamptz")
    # It shows the columns there were; as it is replaced its rights stay.
    run(f"CREATE OR REPLACE {_VIEW}")


def downgrade() -> None:
    run("DROP VIEW everyone.appointments")
    run("ALTER TABLE appointments DROP COLUMN called_in_at")
    run(f"CREATE {_VIEW}")
    run("GRANT SELECT, INSERT, UPDATE ON everyone.appointments TO chartroom_staff")
