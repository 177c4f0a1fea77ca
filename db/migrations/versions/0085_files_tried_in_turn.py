"""A file on which the virus scanner does not decide holds up none that came later.

The version before reads and writes files as ever: it does not know the column.
"""

from typing import Final

from db.migrations import load_functions, run

revision = "0085"
down_revision = "0084"

_TRIED: Final = """
ALTER TABLE document_versions ADD COLUMN tried_at timestamptz;
CREATE INDEX document_versions_tried ON document_versions (tried_at)
    WHERE tried_at IS NOT NULL;
"""


def upgrade() -> None:
    run(_TRIED)
    # The front desk's view of versions shows the columns that were there when made.
    load_functions("confidentiality")


def downgrade() -> None:
    raise NotImplementedError("Files without a verdict would hold up others again.")
