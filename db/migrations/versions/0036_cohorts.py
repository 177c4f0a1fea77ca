"""Analysts keep cohorts behind keys, as they keep lists; those hold no names.

The version before asks for its own kinds of lists only.
"""

from typing import Final

from db.migrations import run

revision = "0036"
down_revision = "0035"

# As revision 0012 has it, and cohorts beside it.
_NAMES_NOBODY: Final = """(subject = 'cohorts' OR subject = 'patients'
    AND criteria ->> 'search' = ''
    AND NOT jsonb_path_exists(criteria, '$.**.field ? (!(
        @ == "birth_year" || @ == "sex" || @ == "allergies" ||
        @ == "no_known_allergies" || @ == "medical_history" ||
        @ == "current_medications" || @ == "created_at" || @ == "updated_at" ||
        @ == "id"))'))"""
_OWN: Final = f"created_by = acting_user() AND {_NAMES_NOBODY}"


def upgrade() -> None:
    run(f"ALTER POLICY analyst_select ON stored_criteria USING ({_NAMES_NOBODY})")
    run(f"ALTER POLICY analyst_insert ON stored_criteria WITH CHECK ({_OWN})")
    run(
        f"ALTER POLICY analyst_update ON stored_criteria USING ({_NAMES_NOBODY}) "
        f"WITH CHECK ({_NAMES_NOBODY})"
    )


def downgrade() -> None:
    raise NotImplementedError("Cohorts that were saved could not be read.")
