"""Roles and rules: whose rows the database itself shows to whom."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("Records do not become open again.")
