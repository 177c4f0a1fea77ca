"""First pages of typical lists of a million patients, against handwritten SQL.

Run as `python -m benchmarks.lists`. The service call and the raw driver have a
connection each to the same replica, are both inside an open transaction, and both
return the same 20 records. For lists over HTTP see `benchmarks.datasette`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from uuid import uuid4

from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from sqlalchemy.orm import Session

from benchmarks import dataset
from benchmarks.measure import compare
from services.core.actors import Actor, Role
from services.lists import criteria
from services.lists.criteria import Criteria
from services.patients.records.model import PatientRecord
from services.patients.records.rows import COLUMNS, record_of
from services.patients.search import list_patients
from services.patients.search.fields import FIELDS

CLERK = Actor(uuid4(), "benchmark", Role.STAFF)
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SIZE = 20

_COLUMNS = ", ".join(column.key for column in COLUMNS)


@dataclass(frozen=True, slots=True)
class Case:
    """A list as a URL asks for it, and the best SQL we know for its first page."""

    name: str
    query: str
    where: str
    order: str
    # Looked up first and passed to the statement if that is faster than a subquery.
    spellings: str = ""

    @property
    def criteria(self) -> Criteria:
        """The criteria of the URL."""
        return criteria.from_query(parse_qsl(self.query), FIELDS).criteria

    @property
    def sql(self) -> str:
        """The handwritten statement; one row more shows whether the list goes on."""
        return (
            f"SELECT {_COLUMNS} FROM patients "
            f"WHERE deleted_at IS NULL AND {self.where} "
            f"ORDER BY {self.order} LIMIT {SIZE + 1}"
        )


def _spellings(kind: str, word: str) -> str:
    return (
        f"SELECT term FROM clinical_terms WHERE kind = '{kind}' "
        f"AND term_key ~ '\\m{word}\\M'"
    )


_BY_NAME = "last_name_key, first_name_key, id"
CASES = (
    Case(
        "before L, youngest first",
        "0_field=last_name&0_operator=LESS_THAN&0_value=L"
        "&orderBy=date_of_birth&order=DESC",
        "last_name_key < 'l'",
        "date_of_birth DESC, id DESC",
    ),
    Case(
        "allergic to penicillin, born after 1980",
        "0_field=allergies&0_operator=HAS&0_value=penicillin"
        "&1_field=date_of_birth&1_operator=GREATER_THAN&1_value=1980-01-01",
        f"allergies && ARRAY({_spellings('allergies', 'penicillin')}) "
        "AND date_of_birth > '1980-01-01'",
        _BY_NAME,
    ),
    Case(
        "search for two parts of a name",
        "search=ann+mi",
        "name_key ~ '(^|[ ''(.-])ann' AND name_key ~ '(^|[ ''(.-])mi'",
        _BY_NAME,
    ),
    Case(
        "women over 64 on metformin, last changed first",
        "0_field=sex&0_operator=EQUAL&0_value=female"
        "&1_field=age&1_operator=GREATER_THAN_OR_EQUAL&1_value=65"
        "&2_field=current_medications&2_operator=HAS&2_value=metformin"
        "&orderBy=updated_at&order=DESC",
        "sex = 'female' AND date_of_birth < '1961-01-02' AND current_medications && %s",
        "updated_at DESC, id DESC",
        _spellings("current_medications", "metformin"),
    ),
    Case(
        "asthma or migraine, by name and age",
        "combine=OR&0_field=medical_history&0_operator=HAS&0_value=asthma"
        "&1_field=medical_history&1_operator=HAS&1_value=migraine"
        "&orderBy=last_name,date_of_birth&order=ASC,DESC",
        f"(medical_history && ARRAY({_spellings('medical_history', 'asthma')}) "
        f"OR medical_history && ARRAY({_spellings('medical_history', 'migraine')}))",
        "last_name_key, date_of_birth DESC, id DESC",
    ),
)


def main() -> list[float]:
    """Print a line for each list and return the ratios; above 1.3 is a defect."""
    with dataset.kept() as million, million.side_by_side() as (session, raw):
        return [_compare(case, session, raw) for case in CASES]


def _compare(case: Case, session: Session, raw: DriverConnection) -> float:
    criteria = case.criteria

    def ours() -> tuple[PatientRecord, ...]:
        page = list_patients(session, CLERK, criteria, size=SIZE, now=NOW)
        return page.rows

    def by_hand() -> tuple[PatientRecord, ...]:
        with raw.cursor() as cursor:
            given = None
            if case.spellings:
                cursor.execute(case.spellings)
                given = [[term for (term,) in cursor.fetchall()]]
            cursor.execute(case.sql, given)
            return tuple(map(record_of, cursor.fetchall()[:SIZE]))

    return compare(f"list: {case.name}", ours, by_hand, rounds=300, must_agree=True)


if __name__ == "__main__":
    main()
