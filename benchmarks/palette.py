"""Finding patients while typing, among a million, against handwritten SQL.

Run as `python -m benchmarks.palette`. As in `benchmarks.lists` both sides are inside an
open transaction on the same replica and return the same patients. A letter more is
searched for at most every 180 ms, and an answer should come within 150.
"""

from uuid import uuid4

from sqlalchemy.orm import Session

from benchmarks import dataset
from benchmarks.measure import compare
from services.core.actors import Actor, Role
from services.patients.search import find_quickly

CLERK = Actor(uuid4(), "benchmark", Role.STAFF)
_COLUMNS = "id, record_number, first_name, last_name, date_of_birth, sex, deleted_at"
_NAMED = "name_key ~ '\\m{}'"
# What is typed, and the best condition we know for it.
CASES = {
    "sm": "last_name_key LIKE 'sm%'",
    "smith": "last_name_key LIKE 'smith%'",
    "lyn smi": f"{_NAMED.format('lyn')} AND {_NAMED.format('smi')}",
    "smith 1939": f"{_NAMED.format('smith')} AND "
    "EXTRACT(year FROM date_of_birth)::integer = 1939",
    "01632867018": "(phone_key LIKE '01632867018%' "
    "OR reverse(phone_key) LIKE '8107682361%')",
}


def main() -> None:
    """Print one line for each thing that is typed."""
    with dataset.kept() as million, million.side_by_side() as (session, raw):
        cursor = raw.cursor()
        cursor.execute("SELECT record_number FROM patients LIMIT 1 OFFSET 1000")
        (number,) = cursor.fetchone() or ("",)
        numbered = CASES | {number: f"record_number = '{number}'"}
        for typed, where in numbered.items():
            statement = (
                f"SELECT {_COLUMNS} FROM patients WHERE deleted_at IS NULL "
                f"AND {where} ORDER BY last_name_key, first_name_key, id LIMIT 6"
            )

            def by_hand(statement: str = statement) -> list[object]:
                cursor.execute(statement)
                return [row[0] for row in cursor.fetchall()]

            def ours(typed: str = typed) -> list[object]:
                return _ids(session, typed)

            name = "a record number" if typed == number else typed
            compare(f"palette: {name}", ours, by_hand)


def _ids(session: Session, typed: str) -> list[object]:
    return [patient.id for patient in find_quickly(session, CLERK, typed).patients]


if __name__ == "__main__":
    main()
