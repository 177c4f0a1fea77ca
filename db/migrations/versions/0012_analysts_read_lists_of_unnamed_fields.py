"""Analysts read the lists that ask for what they may know, and no others.

The first revision named the fields that may tell a name, so a field that came later
was open to them until somebody thought of it. This one names those that tell none.
"""

from typing import Final

from db.migrations import run

revision = "0012"
down_revision = "0011"

# What colleagues typed into a filter may be a name.
_NAMES_NOBODY: Final = """subject = 'patients' AND criteria ->> 'search' = ''
    AND NOT jsonb_path_exists(criteria, '$.**.field ? (!(
        @ == "birth_year" || @ == "sex" || @ == "allergies" ||
        @ == "no_known_allergies" || @ == "medical_history" ||
        @ == "current_medications" || @ == "created_at" || @ == "updated_at" ||
        @ == "id"))')"""
_OWN: Final = f"created_by = acting_user() AND {_NAMES_NOBODY}"


def upgrade() -> None:
    run(f"ALTER POLICY analyst_select ON stored_criteria USING ({_NAMES_NOBODY})")
    run(f"ALTER POLICY analyst_insert ON stored_criteria WITH CHECK ({_OWN})")
    run(
        f"ALTER POLICY analyst_update ON stored_criteria USING ({_NAMES_NOBODY}) "
        f"WITH CHECK ({_NAMES_NOBODY})"
    )


def downgrade() -> None:
    raise NotImplementedError("Older versions read these lists as well.")
