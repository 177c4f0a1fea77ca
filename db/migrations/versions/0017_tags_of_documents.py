"""Documents carry tags that an administrator has made."""

from typing import Final

from db.migrations import load_functions, run
from db.migrations.rules import ALL, Rules, statements

revision = "0017"
down_revision = "0016"

_TABLE: Final = """
CREATE TABLE document_tags (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL,
    colour text NOT NULL DEFAULT 'gray',
    is_shown_to_patients boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT document_tags_name_length CHECK (char_length(name) BETWEEN 1 AND 40),
    CONSTRAINT document_tags_colour_known CHECK (
        colour IN ('gray', 'blue', 'green', 'orange', 'red', 'violet')
    )
);
CREATE UNIQUE INDEX document_tags_name_once ON document_tags (fold(name));
"""
# A view shows the columns that there were when it was made.
_TAGS: Final = """
ALTER TABLE documents ADD COLUMN tags text[] NOT NULL DEFAULT '{}'
    CONSTRAINT documents_tags_count CHECK (cardinality(tags) <= 20);
CREATE INDEX documents_by_tag ON documents USING gin (tags);
CREATE OR REPLACE VIEW everyone.documents AS SELECT * FROM public.documents;
GRANT UPDATE (tags) ON documents TO chartroom_staff, chartroom_clinician;
GRANT UPDATE (tags) ON everyone.documents TO chartroom_staff;
"""
# A tag that is not for patients has no name for them: what they read of a document are
# the names that they may see.
_RULES: Final[Rules] = {
    "document_tags": (
        ("patient", "SELECT", "is_shown_to_patients"),
        ("staff clinician", "SELECT", "true"),
        ("admin", ALL, "true"),
        ("system", ALL, "true"),
    ),
}


def upgrade() -> None:
    run(_TABLE)
    run(*statements(_RULES))
    run(_TAGS)
    load_functions("document_tags")


def downgrade() -> None:
    raise NotImplementedError("Tags would be lost.")
