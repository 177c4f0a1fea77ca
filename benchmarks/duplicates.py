"""Looking for duplicates among a million patients, against scoring them all.

Run as `python -m benchmarks.duplicates`. The peer is OpenEMR's way: one expression of
fixed points over every record, here with equal names instead of equal Soundex codes,
which is cheaper. It finds neither similar names nor swapped dates.
"""

from itertools import cycle
from typing import Any
from uuid import uuid4

from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks import dataset
from benchmarks.measure import compare
from db.models.patient import Patient
from services.core.actors import Actor, Role
from services.patients.duplicates import duplicates
from services.patients.records.rows import COLUMNS, record_of

CLERK = Actor(uuid4(), "benchmark", Role.STAFF)
DRAFTS = 40
ROUNDS = 40
_SCORE_ALL = """
    SELECT id,
        5 * (first_name_key = fold(%(first_name)s))::int
        + 3 * (last_name_key = fold(%(last_name)s))::int
        + 4 * coalesce(phone_key = ltrim(%(phone_number)s, '+'), false)::int
        + 6 * (date_of_birth = %(date_of_birth)s)::int
        + 7 * coalesce(email_key = lower(%(email)s), false)::int AS points
    FROM patients
    WHERE merged_into_id IS NULL
    ORDER BY points DESC
    LIMIT 5
"""


def main() -> float:
    """Print the line and return the ratio."""
    with dataset.kept() as million, million.side_by_side() as (session, raw):
        return _compare(session, raw)


def _compare(session: Session, raw: DriverConnection) -> float:
    some = select(*COLUMNS).order_by(Patient.phone_key).limit(DRAFTS)
    drafts = [record_of(row).draft() for row in session.execute(some)]
    ours_next, peers_next = cycle(drafts), cycle(drafts)

    def ours() -> tuple[duplicates.DuplicateCandidate, ...]:
        return duplicates.find_duplicates(session, CLERK, next(ours_next))

    def peer() -> list[tuple[Any, ...]]:
        draft = next(peers_next)
        fields = ("first_name", "last_name", "phone_number", "date_of_birth", "email")
        with raw.cursor() as cursor:
            cursor.execute(_SCORE_ALL, {name: getattr(draft, name) for name in fields})
            return cursor.fetchall()

    return compare("duplicates of one draft", ours, peer, rounds=ROUNDS)


if __name__ == "__main__":
    main()
