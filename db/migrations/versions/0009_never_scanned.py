"""Find documents that were filed while there was no virus scanner.

Only adds an index, so the previous version runs on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "document_versions_never_scanned",
        "document_versions",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("scan = 'off'"),
    )


def downgrade() -> None:
    raise NotImplementedError("What was never scanned stays to be found.")
