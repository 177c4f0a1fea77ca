"""What happened to invented patients: dated entries of their records.

The first entries of a record are those of its lists, which last; the others are over.
They are drawn by how often such things happen at a practice, their values by age.
Everything depends only on the numbers of the seed, the patient and the entry.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.postgres import SYSTEM, Database
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.demo.seeding import blocks
from services.patients.records.entries import LOINC, SNOMED

MOST_EVENTS: Final = 100
DEMO_EVENTS: Final = 15
_PATIENTS_AT_ONCE: Final = 20_000
_YEARS: Final = 10
_ACTOR: Final = Actor(blocks.SEEDER_ID, "seed", Role.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Happening:
    """Something that passes, `share` times in a thousand, and lasts `days` days.

    A value is around `mean` at the age of 40, mostly less than `spread` away from it,
    and grows by `yearly` with each year of age.
    """

    kind: str
    term: str
    share: int
    code: str = ""
    system: str = ""
    days: int = 0
    mean: float | None = None
    spread: float = 0
    yearly: float = 0
    digits: int = 0
    unit: str | None = None


def _ill(term: str, share: int, code: str, days: int) -> _Happening:
    return _Happening(
        kind="condition", term=term, share=share, code=code, system=SNOMED, days=days
    )


def _taken(term: str, share: int, days: int) -> _Happening:
    return _Happening(kind="medication", term=term, share=share, days=days)


def _measured(term: str, share: int, code: str, unit: str, *value: float) -> _Happening:
    mean, spread, yearly, digits = value
    return _Happening(
        kind="observation",
        term=term,
        share=share,
        code=code,
        system=LOINC,
        mean=mean,
        spread=spread,
        yearly=yearly,
        digits=int(digits),
        unit=unit,
    )


# Terms and codes are those of Synthea's sample; values are those of adults at rest.
_HAPPENINGS: Final = (
    _measured("Systolic pressure", 130, "8480-6", "mmHg", 124, 22, 0.45, 0),
    _measured("Diastolic pressure", 130, "8462-4", "mmHg", 78, 14, 0.1, 0),
    _measured("Pulse", 90, "8867-4", "/min", 74, 18, 0, 0),
    _measured("Weight", 80, "29463-7", "kg", 76, 24, 0.05, 1),
    _measured("Temperature", 50, "8310-5", "°C", 36.8, 0.9, 0, 1),
    _ill("Viral sinusitis", 45, "444814009", 14),
    _ill("Acute viral pharyngitis", 40, "195662009", 10),
    _ill("Acute bronchitis", 40, "10509002", 14),
    _ill("Otitis media", 20, "65363002", 12),
    _ill("Sprain of ankle", 20, "44465007", 28),
    _ill("Urinary tract infection", 20, "68566005", 7),
    _ill("Gastroenteritis", 35, "", 5),
    _taken("Amoxicillin 500 mg", 45, 7),
    _taken("Ibuprofen 400 mg", 50, 10),
    _taken("Paracetamol 500 mg", 45, 7),
    _taken("Omeprazole 20 mg", 25, 28),
    _Happening(kind="procedure", term="Influenza vaccination", share=45),
    _Happening(kind="procedure", term="Electrocardiogram", share=25),
    _Happening(kind="procedure", term="Blood sample taken", share=25),
    _Happening(kind="encounter", term="Emergency department visit", share=20),
    _Happening(kind="encounter", term="Hospital admission", share=10, days=6),
    _Happening(kind="encounter", term="Specialist consultation", share=10),
)
# Each has `share` of a thousand places, one of which is drawn.
_PLACES: Final = """
CREATE TEMP TABLE happenings ON COMMIT DROP AS
SELECT happening.*, place
FROM (
    SELECT *, sum(share) OVER (ORDER BY ordinality) AS upto
    FROM ROWS FROM (
        jsonb_to_recordset(CAST(:happenings AS jsonb)) AS (
            kind text, term text, share integer, code text, system text, days integer,
            mean float, spread float, yearly float, digits integer, unit text
        )
    ) WITH ORDINALITY
) AS happening, generate_series(upto - share, upto - 1) AS place
"""
# For the ten years until today, or until the record was archived. Long-term medication
# begins within four months of the first illness.
_PATIENTS: Final = """
CREATE TEMP TABLE seeded ON COMMIT DROP AS
SELECT id, source_id, date_of_birth, medical_history, current_medications, allergies,
    greatest(date_of_birth, CAST(:today AS date) - :days) AS first_day,
    least(deceased_on, deleted_at::date, CAST(:today AS date)) AS last_day
FROM patients
WHERE source = :source AND source_id >= :first AND source_id < :last
    AND erased_at IS NULL
"""
_ADD: Final = """
WITH added AS (
    INSERT INTO clinical_entries (
        patient_id, kind, term, system, code, started_on, ended_on, value, unit, source,
        source_key
    )
    {rows}
    ON CONFLICT ON CONSTRAINT clinical_entries_source_once DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM added
"""
_PARTS: Final = {
    "key": "md5(concat_ws(' ', 'event', patient.source_id, number))::uuid",
    "span": "greatest(patient.last_day - patient.first_day + 1, 1)",
    "of_first": "hashtextextended(concat_ws(' ', patient.source_id, 1), :seed)",
    "of_number": "hashtextextended(concat_ws(' ', patient.source_id, number), :seed)",
    "of_value": "hashtextextended(concat(patient.source_id, number, 'v'), :seed)",
}
_LASTING: Final = """
SELECT patient.id, listed.kind, listed.term, '', '',
    CASE WHEN listed.kind = 'medication'
        THEN least(
            patient.last_day,
            patient.first_day + CAST(ill.bits % {span} + (own.bits & 127) AS integer)
        )
        ELSE patient.first_day + CAST(own.bits % {span} AS integer) END,
    NULL, NULL, NULL, :source, {key}
FROM seeded AS patient
CROSS JOIN LATERAL (
    SELECT kind, term, row_number() OVER (ORDER BY part, place) AS number
    FROM (
        SELECT 'condition' AS kind, term, 1 AS part, place
        FROM unnest(patient.medical_history) WITH ORDINALITY AS listed (term, place)
        UNION ALL
        SELECT 'medication', term, 2, place
        FROM unnest(patient.current_medications) WITH ORDINALITY AS listed (term, place)
        UNION ALL
        SELECT 'allergy', term, 3, place
        FROM unnest(patient.allergies) WITH ORDINALITY AS listed (term, place)
    ) AS lists
) AS listed
CROSS JOIN LATERAL (SELECT {of_first} & 1048575 AS bits) AS ill
CROSS JOIN LATERAL (SELECT {of_number} & 1048575 AS bits) AS own
WHERE number <= :events
"""
# The sum of three draws, so that values in the middle are the most frequent.
_PASSED: Final = """
SELECT patient.id, happening.kind, happening.term, happening.system, happening.code,
    happened.day,
    CASE WHEN happening.days > 0 THEN least(
        happened.day + CAST(1 + (bits.what >> 40 & 65535) % happening.days AS integer),
        CAST(:today AS date)
    ) ELSE happened.day END,
    round(
        CAST(
            happening.mean
            + happening.yearly * ((happened.day - patient.date_of_birth) / 365.25 - 40)
            + happening.spread * (
                (bits.value & 1023) + (bits.value >> 10 & 1023)
                + (bits.value >> 20 & 1023) - 1534.5
            ) / 1023 AS numeric
        ),
        happening.digits
    ),
    happening.unit, :source, {key}
FROM seeded AS patient
CROSS JOIN LATERAL generate_series(
    1 + cardinality(patient.medical_history) + cardinality(patient.current_medications)
        + cardinality(patient.allergies),
    :events
) AS number
CROSS JOIN LATERAL (
    SELECT {of_number} AS what, {of_value} AS value
) AS bits
CROSS JOIN LATERAL (
    SELECT patient.first_day + CAST((bits.what & 1048575) % {span} AS integer) AS day
) AS happened
JOIN happenings AS happening ON happening.place = (bits.what >> 20 & 1048575) % 1000
"""


def add_events(
    database: Database,
    *,
    patients: int,
    events: int,
    seed_number: int,
    today: date,
    report: Callable[[int], None] = lambda _there: None,
) -> int:
    """Give each of the first `patients` invented patients `events` dated entries.

    Returns the number of new ones. A second run adds nothing, a larger number what is
    missing. Each batch is a transaction of its own, after which `report` is called with
    the number of patients who have theirs. Raises InvalidInput or
    db.postgres.DatabaseUnavailable.
    """
    if not 0 <= events <= MOST_EVENTS:
        raise InvalidInput("events", f"Ask for 0 to {MOST_EVENTS} events of a patient.")
    added = 0
    for first in range(0, patients if events else 0, _PATIENTS_AT_ONCE):
        last = min(first + _PATIENTS_AT_ONCE, patients)
        add = partial(
            _add,
            numbers=(first, last),
            events=events,
            seed_number=seed_number,
            today=today,
        )
        added += database.write(add, identity=SYSTEM).value
        report(last)
    if added:
        database.write(_settle, identity=SYSTEM)
    return added


def _add(
    session: Session,
    *,
    numbers: tuple[int, int],
    events: int,
    seed_number: int,
    today: date,
) -> int:
    _ACTOR.require(Permission.IMPORT_RECORDS)
    source = blocks.source(seed_number)
    first, last = map(blocks.source_id, numbers)
    given = {
        "source": source,
        "first": first,
        "last": last,
        "today": today,
        "days": int(_YEARS * 365.25),
        "events": events,
        "seed": seed_number,
        "happenings": json.dumps(list(map(asdict, _HAPPENINGS))),
    }
    for statement in (_PLACES, _PATIENTS):
        session.execute(text(statement), given)
    added = 0
    for rows in (_LASTING, _PASSED):
        adding = _ADD.format(rows=rows.format(**_PARTS))
        added += session.execute(text(adding), given).scalar_one()
    if added:
        details = {"source": source, "new_entries": added}
        audit.record(session, _ACTOR, Action.PATIENT_IMPORT, details=details)
    return added


def _settle(session: Session) -> None:
    """Update the planner's statistics, which autovacuum would do within minutes."""
    session.execute(text("ANALYZE clinical_entries"))
