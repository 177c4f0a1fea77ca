"""Dates and codes that wait become entries of records, and none of them twice."""

import json
from collections.abc import Iterable
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

# By what a list or a file of more entries is called here.
_KINDS: Final = {
    "allergies": "allergy",
    "medical_history": "condition",
    "current_medications": "medication",
    "procedures": "procedure",
    "encounters": "encounter",
    "observations": "observation",
}
# Of a record that is out of use they stay as they are. What is told twice of one day is
# one entry, which ends with the later of the two; so it is under another name of the
# system of its code.
_COLLECT: Final = """
CREATE TEMP TABLE arriving_entries ON COMMIT DROP AS
SELECT patients.id AS patient_id,
    md5(concat_ws(E'\\t', source_id, kind, term, code, since))::uuid AS source_key,
    CAST(:kinds AS jsonb) ->> kind AS kind, term,
    coalesce(min(nullif(system, '')), '') AS system, code, since AS started_on,
    CASE WHEN bool_and(until IS NOT NULL) THEN max(until) END AS ended_on,
    max(value) AS value, max(unit) AS unit
FROM arriving_terms JOIN patients USING (source_id)
WHERE problem IS NULL AND code IS NOT NULL AND source = :source AND deleted_at IS NULL
GROUP BY patients.id, source_id, arriving_terms.kind, term, code, since
"""
_SAVE: Final = """
MERGE INTO clinical_entries AS kept USING arriving_entries AS arriving
ON kept.source = :source AND kept.source_key = arriving.source_key
WHEN MATCHED AND (kept.ended_on, kept.value, kept.unit)
    IS DISTINCT FROM (arriving.ended_on, arriving.value, arriving.unit)
THEN UPDATE SET ended_on = arriving.ended_on, value = arriving.value,
    unit = arriving.unit
WHEN NOT MATCHED THEN INSERT (
    patient_id, kind, term, system, code, started_on, ended_on, value, unit, source,
    source_key
) VALUES (
    patient_id, kind, term, system, code, started_on, ended_on, value, unit, :source,
    source_key
)
"""
# What the files have no longer was a mistake there.
_DROP: Final = """
DELETE FROM clinical_entries AS kept USING patients, arriving_patients AS arriving
WHERE kept.source = :source AND kept.patient_id = patients.id
    AND kept.kind = ANY (:kinds)
    AND patients.source = :source AND patients.source_id = arriving.source_id
    AND arriving.problem IS NULL AND patients.deleted_at IS NULL
    AND NOT EXISTS (
        SELECT FROM arriving_entries AS told WHERE told.source_key = kept.source_key
    )
"""


def save_entries(session: Session, kinds: Iterable[str], *, source: str) -> None:
    """Save the entries of patients in daily use; `kinds` are what the import tells of.

    Of these what it does not tell any more is removed.
    """
    given = {"source": source}
    session.execute(text(_COLLECT), given | {"kinds": json.dumps(_KINDS)})
    session.execute(text("ANALYZE arriving_entries"))
    session.execute(text(_SAVE), given)
    session.execute(text(_DROP), {**given, "kinds": [_KINDS[name] for name in kinds]})
