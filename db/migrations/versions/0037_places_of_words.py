"""Words that were read from pictures of pages keep their places on them.

The version before writes none: its words are found, and not marked on the page.
"""

from db.migrations import load_functions, run

revision = "0037"
down_revision = "0034"


def upgrade() -> None:
    run("ALTER TABLE document_texts ADD COLUMN places jsonb")
    # The view of the front desk leaves out what is confidential: it stands there.
    load_functions("confidentiality")


def downgrade() -> None:
    raise NotImplementedError("Where words stand on pages would be lost.")
