"""An upload in parts that is begun twice with one Idempotency-Key is the same one.

The version before names no id, and gets one from the column's default as ever.
"""

from db.migrations import run

revision = "0087"
down_revision = "0086"


def upgrade() -> None:
    run(
        "GRANT INSERT (id) ON uploads"
        " TO chartroom_patient, chartroom_staff, chartroom_clinician"
    )


def downgrade() -> None:
    raise NotImplementedError("Programs would begin the same upload twice again.")
