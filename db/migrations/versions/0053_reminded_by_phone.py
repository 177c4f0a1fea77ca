"""A visit notes the last call that reminded its patient: reached or not, by whom, when.

New columns that may be empty: the version before knows none of them and leaves them so.
"""

from typing import Final

from db.migrations import run

revision = "0053"
down_revision = "0052"

_COLUMNS: Final = """
ALTER TABLE appointments
    ADD COLUMN phone_outcome text,
    ADD COLUMN phoned_by uuid,
    ADD COLUMN phoned_by_name text,
    ADD COLUMN phoned_at timestamptz,
    ADD CONSTRAINT appointments_phone_outcome_known
        CHECK (phone_outcome IN ('reached', 'no-answer')),
    ADD CONSTRAINT appointments_phoned_whole CHECK (
        num_nonnulls(phone_outcome, phoned_by, phoned_by_name, phoned_at) IN (0, 4)
    )
"""
_VIEW: Final = "VIEW everyone.appointments AS SELECT * FROM public.appointments"


def upgrade() -> None:
    run(_COLUMNS)
    # It shows the columns there were; as it is replaced its rights stay.
    run(f"CREATE OR REPLACE {_VIEW}")


def downgrade() -> None:
    run("DROP VIEW everyone.appointments")
    run(
        "ALTER TABLE appointments DROP COLUMN phone_outcome, DROP COLUMN phoned_by, "
        "DROP COLUMN phoned_by_name, DROP COLUMN phoned_at"
    )
    run(f"CREATE {_VIEW}")
    run("GRANT SELECT, INSERT, UPDATE ON everyone.appointments TO chartroom_staff")
