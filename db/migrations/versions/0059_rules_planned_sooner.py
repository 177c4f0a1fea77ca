"""The front desk's lists are planned sooner, by the same rules.

Its views of what belongs to documents ask in another way whether a document is sealed,
so that the planner has less to weigh. The version before reads them as it did.
"""

from db.migrations import load_functions

revision = "0059"
down_revision = "0058"


def upgrade() -> None:
    load_functions("confidentiality", "document_fields")


def downgrade() -> None:
    raise NotImplementedError("What the views say is what db/functions says.")
