"""Temporary tables in which an import's lines wait, the bad ones with their reason.

All of it happens on the server: a file of any size needs no more memory here. The
tables belong to one transaction, and none of their content reaches the replicas.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.postgres.copying import copy_lines, line
from services.demo.importing import records
from services.demo.importing.csv_lines import CsvFile, Line, Rejected
from services.demo.importing.rejects import Reject
from services.patients.records import rules

DECEASED: Final = "Deceased"
# Two imports at once would lock each other's rows in different orders.
_LOCK: Final = func.pg_advisory_xact_lock(func.hashtext("chartroom.importing"))
_TABLES: Final = """
SET LOCAL work_mem = '64MB';
CREATE TEMP TABLE arriving_patients (
    file text, line int, problem text, source_id text, first_name text, last_name text,
    date_of_birth date, sex text, address text, died_on date, email text,
    phone_number text
) ON COMMIT DROP;
CREATE TEMP TABLE arriving_doctors (
    file text, line int, problem text, source_id text, name text, speciality text,
    sex text, city text
) ON COMMIT DROP;
CREATE TEMP TABLE arriving_terms (
    file text, line int, problem text, source_id text, kind text, term text, since date,
    until date, system text, code text, value numeric, unit text, is_listed boolean
) ON COMMIT DROP;
"""
WaitingTable = Literal["arriving_patients", "arriving_doctors", "arriving_terms"]
# The columns before a line's own ones.
_PLACE: Final = ("file", "line", "problem")
_COLUMNS: Final[dict[WaitingTable, str]] = {
    "arriving_patients": (
        "file, line, problem, source_id, first_name, last_name, date_of_birth, sex, "
        "address, died_on, email, phone_number"
    ),
    "arriving_doctors": "file, line, problem, source_id, name, speciality, sex, city",
    "arriving_terms": (
        "file, line, problem, source_id, kind, term, since, until, system, code, "
        "value, unit, is_listed"
    ),
}
_TERM_READERS: Final[
    dict[str, Callable[[tuple[str, ...]], records.ImportedTerm | None]]
] = {
    "allergies": records.allergy,
    "medical_history": records.condition,
    "current_medications": records.medication,
    "procedures": records.procedure,
    "encounters": records.procedure,
    "observations": records.observation,
}
# The first line counts; a later one may be a different person by mistake.
_FIND_REPEATED: Final = """
UPDATE {table} AS later
SET problem = format(:repeated, first.line)
FROM (
    SELECT source_id, min(line) AS line FROM {table} WHERE problem IS NULL
    GROUP BY source_id HAVING count(*) > 1
) AS first
WHERE later.source_id = first.source_id AND later.line > first.line
    AND later.problem IS NULL
"""
_FIND_STRAY: Final = """
UPDATE arriving_terms AS term
SET problem = :stray
WHERE problem IS NULL AND NOT EXISTS (
    SELECT FROM arriving_patients AS known
    WHERE known.source_id = term.source_id AND known.problem IS NULL
)
"""
# The date of death has a field of its own. The history mentions it as well because
# lists and programs searched for that before the field existed; the term has no code,
# and is no dated entry.
_MENTION_DEATHS: Final = """
INSERT INTO arriving_terms (file, line, source_id, kind, term, since, is_listed)
SELECT file, line, source_id, 'medical_history', :deceased, died_on, true
FROM arriving_patients WHERE problem IS NULL AND died_on IS NOT NULL
"""
# Of equal terms the first one counts, in the order in which they began.
_CHOOSE_TERMS: Final = """
CREATE TEMP TABLE chosen_terms ON COMMIT DROP AS
SELECT *, row_number() OVER (
    PARTITION BY source_id, kind ORDER BY since, file, line
) AS place
FROM (
    SELECT DISTINCT ON (source_id, kind, lower(term)) *
    FROM arriving_terms WHERE problem IS NULL AND is_listed
    ORDER BY source_id, kind, lower(term), since, file, line
) AS distinct_terms
"""
_FIND_EXCESS: Final = """
UPDATE arriving_terms AS term
SET problem = 'the patient has :most entries of this kind already'
FROM chosen_terms AS chosen
WHERE chosen.place > :most AND chosen.file = term.file AND chosen.line = term.line
    AND chosen.kind = term.kind AND chosen.term = term.term
"""
_REJECTS: Final = """
SELECT file, line, problem FROM (
    SELECT 1 AS place, file, line, problem FROM arriving_patients
    UNION ALL SELECT 2, file, line, problem FROM arriving_terms
    UNION ALL SELECT 3, file, line, problem FROM arriving_doctors
) AS lines WHERE problem IS NOT NULL ORDER BY place, file, line
"""


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A line with its place, and either its columns or what is wrong with it."""

    file: str
    number: int
    problem: str | None
    values: tuple[str | None, ...] | None


def create(session: Session) -> None:
    """Create the tables, which vanish with the transaction; imports take turns."""
    session.execute(select(_LOCK))
    session.execute(text(_TABLES))


def stage_patients(
    session: Session, file: CsvFile, today: date, report: Callable[[int], None]
) -> None:
    """Put the lines of patients.csv into their waiting table."""

    def row(values: tuple[str, ...]) -> tuple[str | None, ...]:
        return patient_row(records.patient(values, today))

    _stage(session, "arriving_patients", file, row, report)


def patient_row(arrival: records.Arrival) -> tuple[str | None, ...]:
    """Return the columns of a waiting patient that follow file, line and problem."""
    draft = arrival.draft
    return (
        arrival.source_id,
        draft.first_name,
        draft.last_name,
        draft.date_of_birth.isoformat(),
        draft.sex,
        draft.address,
        arrival.died_on.isoformat() if arrival.died_on else None,
        draft.email,
        draft.phone_number,
    )


def term_row(kind: str, term: records.ImportedTerm) -> tuple[str | None, ...]:
    """Return the columns of a waiting term that follow file, line and problem.

    A term without a day gets no code here: it is in the list, and no dated entry.
    """
    return (
        term.patient,
        kind,
        term.text,
        term.since.isoformat() if term.since else None,
        term.until.isoformat() if term.until else None,
        term.system,
        term.code if term.since else None,
        term.value,
        term.unit,
        "t" if term.is_listed else "f",
    )


def stage_doctors(
    session: Session, file: CsvFile, report: Callable[[int], None]
) -> None:
    """Put the lines of providers.csv into their waiting table."""

    def row(values: tuple[str, ...]) -> tuple[str | None, ...]:
        arrival = records.doctor(values)
        return (
            arrival.source_id,
            arrival.name,
            arrival.speciality,
            arrival.sex,
            arrival.city,
        )

    _stage(session, "arriving_doctors", file, row, report)


def stage_terms(
    session: Session, file: CsvFile, kind: str, report: Callable[[int], None]
) -> int:
    """Put lines of one kind into their waiting table; return how many are left out."""
    read = _TERM_READERS[kind]
    left_out = Counter[str]()

    def row(values: tuple[str, ...]) -> tuple[str | None, ...] | None:
        term = read(values)
        if term is None:
            left_out[kind] += 1
            return None
        return term_row(kind, term)

    _stage(session, "arriving_terms", file, row, report)
    return left_out[kind]


def judge(
    session: Session,
    *,
    repeated: str = "Id stands already on line %s",
    stray: str = "PATIENT is on no line of patients.csv that could be taken",
) -> None:
    """Find problems that show only when all lines are seen together.

    `repeated` is the reason against a record that came before, on line %s, and `stray`
    the reason against a term of nobody who is imported.
    """
    session.execute(text("ANALYZE arriving_patients, arriving_terms, arriving_doctors"))
    for table in ("arriving_patients", "arriving_doctors"):
        session.execute(
            text(_FIND_REPEATED.format(table=table)), {"repeated": repeated}
        )
    session.execute(text(_FIND_STRAY), {"stray": stray})
    session.execute(text(_MENTION_DEATHS), {"deceased": DECEASED})
    session.execute(text(_CHOOSE_TERMS))
    most = str(rules.MOST_ITEMS)
    session.execute(text(_FIND_EXCESS.replace(":most", most)))


def list_rejects(session: Session) -> Iterator[Reject]:
    """Yield the lines that are rejected, file by file."""
    rows = session.execute(text(_REJECTS), execution_options={"yield_per": 1_000})
    for file, number, problem in rows:
        yield Reject(file, number, problem)


def _stage(
    session: Session,
    table: WaitingTable,
    file: CsvFile,
    row: Callable[[tuple[str, ...]], tuple[str | None, ...] | None],
    report: Callable[[int], None],
) -> None:
    def waiting() -> Iterator[WaitingLine]:
        for arrived in file.lines(report):
            problem, values = _read(arrived, row)
            if problem is not None or values is not None:
                yield WaitingLine(file.path.name, arrived.number, problem, values)

    let_wait(session, table, waiting())


def let_wait(
    session: Session, table: WaitingTable, arriving: Iterable[WaitingLine]
) -> None:
    """Copy lines to one of the tables."""
    columns = _COLUMNS[table].split(", ")
    none: tuple[str | None, ...] = (None,) * (len(columns) - len(_PLACE))
    lines = (
        line(row.file, str(row.number), row.problem, *(row.values or none))
        for row in arriving
    )
    copy_lines(session, table, columns, lines)


def _read(
    arrived: Line, row: Callable[[tuple[str, ...]], tuple[str | None, ...] | None]
) -> tuple[str | None, tuple[str | None, ...] | None]:
    if arrived.problem is not None:
        return arrived.problem, None
    try:
        return None, row(arrived.values)
    except Rejected as reason:
        return str(reason), None
