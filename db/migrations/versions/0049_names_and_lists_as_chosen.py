"""Everybody keeps in which order they read names, and how densely lists are set.

Patients can be read by their given name through an index, too. The version before
neither reads nor writes the columns.
"""

from typing import Final

from db.migrations import load_functions, run

revision = "0049"
down_revision = "0048"

_CHOSEN: Final = """
ALTER TABLE users
    ADD COLUMN name_order text CONSTRAINT users_name_order_known
        CHECK (name_order IN ('given-family', 'family-given')),
    ADD COLUMN list_density text CONSTRAINT users_list_density_known
        CHECK (list_density IN ('comfortable', 'compact'));
CREATE INDEX patients_by_given_name ON patients (first_name_key, last_name_key, id)
    WHERE deleted_at IS NULL;
"""


def upgrade() -> None:
    run(_CHOSEN)
    load_functions("displays")


def downgrade() -> None:
    run("DROP FUNCTION choose_name_order(text), choose_list_density(text)")
    run("DROP INDEX patients_by_given_name")
    run("ALTER TABLE users DROP COLUMN name_order, DROP COLUMN list_density")
