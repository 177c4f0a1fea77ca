"""Analysts share cohorts and queries that they have saved, and say what they are for.

Columns with defaults, and for analysts the rows that colleagues share. The version
before knows neither: it lists, renames and deletes for whoever saved them, as it did.

And of groups that analysts were told it is kept what their conditions named. The
version before writes none: what it tells meanwhile is held against nothing by what it
names, as until now, and in all else as ever. It passes over what stands there.
"""

from typing import Final

from db.migrations import run

revision = "0072"
down_revision = "0069"

_COLUMNS: Final = """
ALTER TABLE saved_views
    ADD COLUMN description text NOT NULL DEFAULT '',
    ADD COLUMN is_shared boolean NOT NULL DEFAULT false,
    ADD COLUMN shared_with uuid[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT saved_views_description CHECK (char_length(description) <= 300),
    ADD CONSTRAINT saved_views_questions_are_shared CHECK (
        subject IN ('cohorts', 'queries') OR NOT is_shared AND shared_with = '{}'
    )
"""
# Of a list of patients even the name is its owner's alone. Whoever opens what is
# shared is an analyst: nobody else may count.
_READABLE: Final = "is_shared OR acting_user() = ANY (owner_id || shared_with)"
_NAMINGS: Final = "ADD COLUMN namings jsonb NOT NULL DEFAULT '[]'"
_SHARED: Final = "CREATE INDEX saved_views_shared ON saved_views (subject) WHERE "


def upgrade() -> None:
    run(_COLUMNS)
    run(f"ALTER POLICY analyst_select ON saved_views USING ({_READABLE})")
    run(f"{_SHARED} is_shared OR shared_with <> '{{}}'")
    run(f"ALTER TABLE told_groups {_NAMINGS}")


def downgrade() -> None:
    raise NotImplementedError("With whom questions are shared would be lost.")
