"""An e-mail address may be of one patient only, where the clinic wants it."""

from db.migrations import load_functions

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    load_functions("patient_emails")


def downgrade() -> None:
    raise NotImplementedError("What is known of erased records would be lost.")
