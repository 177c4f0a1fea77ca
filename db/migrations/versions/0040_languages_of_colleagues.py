"""Everybody keeps the language in which they are spoken to, not patients alone.

The version before writes the column itself, as patients still may.
"""

from db.migrations import load_functions, run

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    load_functions("languages")


def downgrade() -> None:
    run("DROP FUNCTION choose_language(text)")
