"""Turns waiting lines into new or changed records, and none into two."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.visits.schedule import visit_changes


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many records were created, changed, equal, or left as people edited them."""

    new: int
    updated: int
    unchanged: int
    kept: int


_PATIENT_FIELDS: Final = (
    "first_name",
    "last_name",
    "date_of_birth",
    "sex",
    "address",
    "deceased_on",
    "allergies",
    "medical_history",
    "current_medications",
)
_CONTACTS: Final = ("email", "phone_number")
_COLLECT: Final = """
CREATE TEMP TABLE arriving_records ON COMMIT DROP AS
SELECT arriving.*, died_on AS deceased_on,
    coalesce(allergies, '{}') AS allergies,
    coalesce(medical_history, '{}') AS medical_history,
    coalesce(current_medications, '{}') AS current_medications
FROM arriving_patients AS arriving LEFT JOIN (
    SELECT source_id,
        array_agg(term ORDER BY place) FILTER (WHERE kind = 'allergies')
            AS allergies,
        array_agg(term ORDER BY place) FILTER (WHERE kind = 'medical_history')
            AS medical_history,
        array_agg(term ORDER BY place) FILTER (WHERE kind = 'current_medications')
            AS current_medications
    FROM chosen_terms WHERE place <= :most GROUP BY source_id
) AS terms USING (source_id)
WHERE problem IS NULL
"""
# Version and time change only with the content, so that a second run changes nothing
# and no open form becomes stale without need. The row is compared once it is locked, so
# that an edit saved just before is never overwritten.
_SAVE_PATIENTS: Final = """
WITH saved AS (
    INSERT INTO patients AS kept (source, source_id, source_version, {fields})
    SELECT :source, source_id, 1, {fields} FROM arriving_records ORDER BY line
    ON CONFLICT (source, source_id) DO UPDATE
    SET ({fields}) = ({excluded}), version = kept.version + 1,
        source_version = kept.version + 1, updated_at = now()
    WHERE kept.version = kept.source_version AND kept.deleted_at IS NULL
        AND ({kept}) IS DISTINCT FROM ({excluded})
    RETURNING old.id IS NULL AS is_new
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM saved
"""
_COUNT_KEPT: Final = """
SELECT count(*) FROM arriving_records AS excluded
JOIN patients AS kept ON kept.source = :source AND kept.source_id = excluded.source_id
WHERE ({kept}) IS DISTINCT FROM ({excluded})
"""
_DOCTOR_FIELDS: Final = ("name", "speciality", "sex", "city")
_SAVE_DOCTORS: Final = """
WITH saved AS (
    INSERT INTO doctors AS kept (source, source_id, {fields})
    SELECT :source, source_id, {fields} FROM arriving_doctors
    WHERE problem IS NULL ORDER BY line
    ON CONFLICT (source, source_id) DO UPDATE
    SET ({fields}) = ({excluded}), updated_at = now()
    WHERE kept.deleted_at IS NULL AND ({kept}) IS DISTINCT FROM ({excluded})
    RETURNING old.id IS NULL AS is_new
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM saved
"""
_COUNT_KEPT_DOCTORS: Final = """
SELECT count(*) FROM arriving_doctors AS excluded
JOIN doctors AS kept ON kept.source = :source AND kept.source_id = excluded.source_id
WHERE excluded.problem IS NULL AND ({kept}) IS DISTINCT FROM ({excluded})
"""


def save_patients(
    session: Session, *, source: str, most_terms: int, has_contacts: bool = False
) -> Outcome:
    """Save the waiting patients, with at most `most_terms` terms in each list.

    Without contacts, e-mail addresses and phone numbers stay as they are.
    """
    session.execute(text(_COLLECT), {"most": most_terms})
    arrived = session.scalar(text("SELECT count(*) FROM arriving_records"))
    return _save(
        session,
        _Statements(
            _SAVE_PATIENTS,
            _COUNT_KEPT,
            _PATIENT_FIELDS + (_CONTACTS if has_contacts else ()),
        ),
        source=source,
        arrived=arrived or 0,
    )


def save_doctors(session: Session, *, source: str) -> Outcome:
    """Save the waiting doctors."""
    visit_changes.announce_change(session)
    arrived = session.scalar(
        text("SELECT count(*) FROM arriving_doctors WHERE problem IS NULL")
    )
    return _save(
        session,
        _Statements(_SAVE_DOCTORS, _COUNT_KEPT_DOCTORS, _DOCTOR_FIELDS),
        source=source,
        arrived=arrived or 0,
    )


@dataclass(frozen=True, slots=True)
class _Statements:
    """Statements that save waiting records, and count those left as they are."""

    save: str
    count_kept: str
    fields: tuple[str, ...]


def _save(
    session: Session, statements: _Statements, *, source: str, arrived: int
) -> Outcome:
    fields = statements.fields
    names = {
        "fields": ", ".join(fields),
        "excluded": ", ".join(f"excluded.{field}" for field in fields),
        "kept": ", ".join(f"kept.{field}" for field in fields),
    }
    given = {"source": source}
    new, updated = session.execute(text(statements.save.format(**names)), given).one()
    # Whatever still differs was left alone on purpose.
    kept = session.scalar(text(statements.count_kept.format(**names)), given) or 0
    return Outcome(new, updated, arrived - new - updated - kept, kept)
