"""Earlier notes of the same patient about the same things."""

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.consultations.notes import rows, visits
from services.consultations.notes.records import EarlierNotes
from services.core.actors import Actor

MOST: Final = 5
_LONGEST_TEXT: Final = 40_000

# The fewer of the patient's visits have a word, the more it weighs. Notes may be in any
# language, so words are not stemmed: a word that begins with another matches it.
_SIMILAR: Final = text("""
WITH earlier AS MATERIALIZED (
    SELECT notes.id, notes.appointment_id, visit.starts_at, doctor.name, notes.content,
        notes.words
    FROM medical_records AS notes
    JOIN appointments AS visit ON visit.id = notes.appointment_id
    JOIN doctors AS doctor ON doctor.id = notes.doctor_id
    WHERE notes.patient_id = :patient_id AND visit.starts_at < :before
),
typed AS MATERIALIZED (
    SELECT lexeme FROM unnest(to_tsvector('simple', fold(:typed)))
    WHERE lexeme !~ '^[0-9.,/+-]*$' AND ts_lexize('english_stem', lexeme) <> '{}'
),
shared AS (
    SELECT DISTINCT earlier.id, typed.lexeme
    FROM earlier
    CROSS JOIN unnest(earlier.words) AS word
    JOIN typed ON word.lexeme = typed.lexeme
        OR char_length(least(word.lexeme, typed.lexeme)) >= 4
        AND (starts_with(word.lexeme, typed.lexeme)
            OR starts_with(typed.lexeme, word.lexeme))
),
weighed AS (
    SELECT lexeme, ln(1 + (SELECT count(*) FROM earlier)::float8 / count(*)) AS weight
    FROM shared GROUP BY lexeme
)
SELECT appointment_id, starts_at, name, content,
    array_agg(lexeme ORDER BY weight DESC, lexeme)
FROM earlier JOIN shared USING (id) JOIN weighed USING (lexeme)
GROUP BY id, appointment_id, starts_at, name, content
ORDER BY sum(weight) DESC, starts_at DESC
LIMIT :most
""")


def list_similar(
    session: Session, actor: Actor, appointment_id: UUID, typed: str
) -> tuple[EarlierNotes, ...]:
    """Return the earlier notes of the visit's patient that share words with `typed`.

    Those that share the most rare words come first. Raises NoSuchVisit, NotTreated,
    NotAllowed.
    """
    visit = visits.get_readable(session, actor, appointment_id)
    parameters = {
        "patient_id": visit.patient_id,
        "before": visit.starts_at,
        "typed": typed[:_LONGEST_TEXT].replace("\0", " "),
        "most": MOST,
    }
    similar = tuple(
        EarlierNotes(earlier_id, visited_at, name, rows.notes_of(content), tuple(words))
        for earlier_id, visited_at, name, content, words in session.execute(
            _SIMILAR, parameters
        )
    )
    visits.record_access(session, actor, visit, similar=len(similar))
    return similar
