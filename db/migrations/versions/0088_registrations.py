"""Analysts read when patients were registered, and how long ahead visits were booked.

They also store lists by the number of medications. The version before asks for none of
these.
"""

from typing import Final

from db.migrations import load_functions, run

revision = "0088"
down_revision = "0087"

# As revision 0063 has it, with one more field.
_NAMES_NOBODY: Final = """(subject = 'cohorts' OR subject = 'queries'
    OR subject = 'patients'
    AND criteria ->> 'search' = ''
    AND NOT jsonb_path_exists(criteria, '$.**.field ? (!(
        @ == "birth_year" || @ == "sex" || @ == "allergies" ||
        @ == "no_known_allergies" || @ == "medical_history" ||
        @ == "current_medications" || @ == "medication_count" ||
        @ == "created_at" || @ == "updated_at" || @ == "id"))'))"""
_OWN: Final = f"created_by = acting_user() AND {_NAMES_NOBODY}"


def upgrade() -> None:
    load_functions("analytics")
    run(f"ALTER POLICY analyst_select ON stored_criteria USING ({_NAMES_NOBODY})")
    run(f"ALTER POLICY analyst_insert ON stored_criteria WITH CHECK ({_OWN})")
    run(
        f"ALTER POLICY analyst_update ON stored_criteria USING ({_NAMES_NOBODY}) "
        f"WITH CHECK ({_NAMES_NOBODY})"
    )


def downgrade() -> None:
    raise NotImplementedError("Saved figures of registrations could not be counted.")
