"""Turns waiting dates and codes into dated entries of records, and none into two."""

import json
from collections.abc import Iterable
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

# The kinds of dated entries, by the lists and files that they come from.
_KINDS: Final = {
    "allergies": "allergy",
    "medical_history": "condition",
    "current_medications": "medication",
    "procedures": "procedure",
    "encounters": "encounter",
    "observations": "observation",
}
# Entries of archived records stay as they are. Two of the same day are one entry, which
# ends with the later of the two, even if the code's system is spelled differently. Of
# two measurements the greater number is taken, with its own unit.
_COLLECT: Final = """
CREATE TEMP TABLE arriving_entries ON COMMIT DROP AS
SELECT patients.id AS patient_id,
    md5(concat_ws(E'\\t', source_id, kind, term, code, since))::uuid AS source_key,
    CAST(:kinds AS jsonb) ->> kind AS kind, term,
    coalesce(min(nullif(system, '')), '') AS system, code, since AS started_on,
    CASE WHEN bool_and(until IS NOT NULL) THEN max(until) END AS ended_on,
    max(value) AS value,
    (array_agg(unit ORDER BY value DESC NULLS LAST, unit DESC NULLS LAST))[1] AS unit
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
# An entry that the files no longer have was a mistake in them. A record into which
# another import's was merged has that one's entries as well: which are whose is not
# known, so all stay.
_DROP: Final = """
DELETE FROM clinical_entries AS kept USING patients, arriving_patients AS arriving
WHERE kept.source = :source AND kept.patient_id = patients.id
    AND kept.kind = ANY (:kinds)
    AND patients.source = :source AND patients.source_id = arriving.source_id
    AND arriving.problem IS NULL AND patients.deleted_at IS NULL
    AND NOT EXISTS (
        SELECT FROM arriving_entries AS told WHERE told.source_key = kept.source_key
    )
    AND NOT EXISTS (
        SELECT FROM patients AS merged
        WHERE merged.merged_into_id = kept.patient_id AND merged.source = :source
    )
"""


def save_entries(session: Session, kinds: Iterable[str], *, source: str) -> None:
    """Save dated entries of patients in daily use; `kinds` are those of the import.

    Entries of these kinds that the import no longer has are removed.
    """
    given = {"source": source}
    session.execute(text(_COLLECT), given | {"kinds": json.dumps(_KINDS)})
    session.execute(text("ANALYZE arriving_entries"))
    session.execute(text(_SAVE), given)
    session.execute(text(_DROP), {**given, "kinds": [_KINDS[name] for name in kinds]})
