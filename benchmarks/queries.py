"""Queries of the SQL workspace, against the same counts as handwritten SQL.

Run as `python -m benchmarks.queries [--patients N] [--kept]`, on the clinic of
`benchmarks.cohorts`: both sides on the same replica, and they have to agree. The
service parses the text, returns who is in each number (64-bit hashes) and hides small
groups. Where OR joins conditions it also counts each of them as true of everybody and
of nobody, which the handwritten SQL does not. The bar is 1.3 times the peer's time for
the first.
"""

from functools import partial
from typing import Final

from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from sqlalchemy.orm import Session

from benchmarks.cohorts import ANALYST, NOW, filled, side_by_side
from benchmarks.measure import compare
from services.analytics import queries

_K: Final = 2
_ROUNDS: Final = 11
# A lasting condition counts while it is on the record's list.
_BY_HAND: Final = """
FROM clinical_entries AS entry
JOIN patients AS patient ON patient.id = entry.patient_id AND patient.deleted_at IS NULL
WHERE entry.kind = 'condition'
    AND (entry.ended_on IS NOT NULL OR entry.term = ANY (patient.medical_history))
    AND
"""
_CASES: Final = (
    (
        "patients by quarter and sex, one diagnosis",
        """
        SELECT quarter, sex, count(DISTINCT patient_id) FROM diagnoses
        WHERE term = 'Hypertension' GROUP BY quarter, sex
        """,
        f"""
        SELECT to_char(entry.started_on, 'YYYY "Q"Q'), patient.sex,
            count(DISTINCT entry.patient_id)
        {_BY_HAND} entry.term = 'Hypertension' GROUP BY 1, 2
        """,
    ),
    (
        "patients, conditions on two columns joined by OR",
        """
        SELECT count(DISTINCT patient_id) FROM diagnoses
        WHERE term = 'Hypertension' OR age < 40
        """,
        f"""
        SELECT count(DISTINCT entry.patient_id)
        {_BY_HAND} (
            entry.term = 'Hypertension'
            OR entry.started_on < patient.date_of_birth + interval '40 years'
        )
        """,
    ),
)

_Row = tuple[object, ...]


def main() -> None:
    """Seed patients with events, and compare."""
    with (
        filled("benchmarks.queries") as (database, fresh),
        side_by_side(database, fresh) as (session, raw),
    ):
        for name, query, statement in _CASES:
            compare(
                name,
                partial(_count, session, query),
                partial(_select, raw, statement),
                rounds=_ROUNDS,
                must_agree=True,
            )


def _count(session: Session, text: str) -> set[_Row]:
    query = queries.parse(text)
    counted = queries.count(session, ANALYST, query, now=NOW, smallest_group=_K)
    return set(queries.result_of(query, counted.answer).rows)


def _select(raw: DriverConnection, statement: str) -> set[_Row]:
    with raw.cursor() as cursor:
        cursor.execute(statement)
        return {row for row in cursor.fetchall() if row[-1] >= _K}


if __name__ == "__main__":
    main()
