"""What keeping the files in order is about to do, and what it found last.

Only adds, so the previous version runs on.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.rules import ALL, Rules, statements

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_RULES: Final[Rules] = dict.fromkeys(
    ("doomed_files", "keeping_runs"),
    (("admin", "SELECT", "true"), ("system", ALL, "true")),
)


def upgrade() -> None:
    op.create_table(
        "doomed_files",
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column(
            "found_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("doomed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "bucket IN ('documents', 'patient_photos', 'prescription_files')",
            name="doomed_files_bucket_known",
        ),
        sa.CheckConstraint(
            "because IN ('purged', 'unreferenced')", name="doomed_files_because_known"
        ),
        sa.PrimaryKeyConstraint("bucket", "file_id", name=op.f("doomed_files_pkey")),
    )
    op.create_index(
        "doomed_files_to_go",
        "doomed_files",
        ["doomed_at"],
        postgresql_where=sa.text("doomed_at IS NOT NULL"),
    )
    op.create_table(
        "keeping_runs",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "found",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("position", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "job IN ('purge', 'sweep', 'check')", name="keeping_runs_job_known"
        ),
        sa.PrimaryKeyConstraint("job", name=op.f("keeping_runs_pkey")),
    )
    for statement in statements(_RULES):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("What is to be deleted is not forgotten.")
