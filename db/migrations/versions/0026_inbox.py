"""Documents that came in are assigned to a colleague, and done."""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0026"
down_revision = "0025"

_TABLE: Final = """
CREATE TABLE document_assignments (
    document_id uuid PRIMARY KEY REFERENCES documents,
    assignee_id uuid REFERENCES users,
    assignee_name text NOT NULL DEFAULT '',
    changed_by uuid NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz
);
CREATE INDEX document_assignments_of_user ON document_assignments (assignee_id)
    WHERE done_at IS NULL;
"""
# An assignment opens nothing: it is seen by who sees the document.
_WITH_DOCUMENT: Final = (
    "EXISTS (SELECT FROM documents WHERE documents.id = document_id)"
)
_RULES: Final[Rules] = {
    "document_assignments": (
        ("staff clinician", "SELECT, INSERT, UPDATE", _WITH_DOCUMENT),
        ("system", ALL, "true"),
    ),
}


def upgrade() -> None:
    run(_TABLE)
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("Who looks at which document would be lost.")
