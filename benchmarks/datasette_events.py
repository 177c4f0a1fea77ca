"""The API's cohorts and figures against Datasette's queries, both over HTTP.

Run as `python -m benchmarks.datasette_events [--patients N] --kept`, on the clinic of
`benchmarks.cohorts`. Datasette reads a SQLite file with the same events, tuned: integer
ids of patients, only events that count, a covering index for each query, statistics. It
returns only the number. The API checks each number against what analysts were shown
before, hides small groups, and describes the question in words.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class

from benchmarks import dataset
from benchmarks.cohort_figures import PIVOT, SERIES
from benchmarks.cohorts import CASES, filled, side_by_side
from benchmarks.datasette import answered, chartroom, datasette
from benchmarks.measure import compare
from services.analytics import cohorts, figures

SQLITE: Final = dataset.DATA / "events.sqlite"
_ROUNDS: Final = 7
# Days as numbers, so that days between two are a subtraction.
_READ: Final = """
SELECT patient.number, patient.sex, patient.born,
    entry.kind, entry.term, entry.started_on - date '1900-01-01', entry.value
FROM (
    SELECT id, sex, date_of_birth - date '1900-01-01' AS born, medical_history,
        current_medications, row_number() OVER (ORDER BY id) AS number
    FROM patients WHERE deleted_at IS NULL
) AS patient
JOIN clinical_entries AS entry ON entry.patient_id = patient.id
WHERE entry.started_on IS NOT NULL AND (
    entry.kind NOT IN ('condition', 'medication') OR entry.ended_on IS NOT NULL
    OR entry.term = ANY (patient.medical_history || patient.current_medications)
)
"""
_COUNT: Final = "SELECT count(*) FROM {}"
_TABLE: Final = """
CREATE TABLE events (
    patient INTEGER, sex TEXT, born INTEGER, kind TEXT, term TEXT, day INTEGER,
    value REAL
)
"""
_INDEXES: Final = (
    "kind, term, patient, day, sex, born",
    "patient, kind, term, day, value",
)
_FIRST: Final = """
WITH came AS (
    SELECT patient, min(day) AS day, sex FROM events
    WHERE kind = 'condition' AND term = '{term}' {more} GROUP BY patient
)
"""
_HYPERTENSION: Final = _FIRST.format(term="Hypertension", more="")
_TREATED: Final = """
SELECT {what}, count(*) FROM came WHERE EXISTS (
    SELECT 1 FROM events AS drug WHERE drug.patient = came.patient
        AND drug.kind = 'medication' AND drug.term = 'Amlodipine 5 mg'
        AND drug.day > came.day AND drug.day <= came.day + 90
) {by}
"""
_LITE: Final = {
    "first diagnosis": f"{_HYPERTENSION} SELECT count(*) FROM came",
    "drug within 90 days": _HYPERTENSION + _TREATED.format(what="1", by=""),
    "drug within 90 days by sex": _HYPERTENSION
    + _TREATED.format(what="sex", by="GROUP BY sex"),
    "women from 50 on, pressure high twice": _FIRST.format(
        term="Hypertension", more="AND sex = 'female' AND day >= born + 18262"
    )
    + """
    SELECT count(*) FROM came WHERE (
        SELECT count(*) FROM events AS measured
        WHERE measured.patient = came.patient AND measured.kind = 'observation'
            AND measured.term = 'Systolic pressure' AND measured.value >= 120
    ) >= 2
    """,
    "diabetes never treated": _FIRST.format(term="Type 2 diabetes", more="")
    + """
    SELECT count(*) FROM came WHERE NOT EXISTS (
        SELECT 1 FROM events AS drug WHERE drug.patient = came.patient
            AND drug.kind = 'medication'
            AND drug.term IN ('Metformin 500 mg', 'Metformin 1 g')
    )
    """,
}
_QUARTER: Final = """
    strftime('%Y', day + 2415020.5) AS year,
    (strftime('%m', day + 2415020.5) + 2) / 3 AS quarter
"""
_FIGURES: Final = (
    (
        "series by quarter",
        SERIES,
        f"{_HYPERTENSION} SELECT {_QUARTER}, count(*) FROM came GROUP BY 1, 2",
    ),
    (
        "pivot by year and sex",
        PIVOT,
        f"""{_HYPERTENSION}
        SELECT strftime('%Y', day + 2415020.5), sex, count(*) FROM came GROUP BY 1, 2
        """,
    ),
)


def main() -> None:
    """Print a line for each; a ratio above a third is a defect."""
    with filled("benchmarks.datasette_events", must_be_kept=True) as (database, fresh):
        with side_by_side(database, fresh) as (_, raw):
            # The clinic grows if a later run asks for more patients.
            if not _is_copied(raw, SQLITE):
                _copy(raw, SQLITE)
        with chartroom("analyst") as ours, datasette(SQLITE) as theirs:
            for name, path, question, lite in _cases():
                compare(
                    f"over HTTP: {name}",
                    partial(_ask, ours, path, question),
                    partial(_select, theirs, lite),
                    rounds=_ROUNDS,
                )


def _cases() -> Iterator[tuple[str, str, dict[str, Any], str]]:
    for name, cohort, _ in CASES:
        yield name, "/api/v1/cohorts", cohorts.to_json(cohort), _LITE[name]
    for name, figure, lite in _FIGURES:
        yield name, "/api/v1/figures", figures.to_json(figure), lite


def _ask(client: httpx.Client, path: str, question: dict[str, Any]) -> dict[str, Any]:
    return answered(client.post(path, json=question))


def _select(client: httpx.Client, lite: str) -> dict[str, Any]:
    question = {"sql": lite, "_shape": "arrays"}
    return answered(client.get(f"/{SQLITE.stem}.json", params=question))


def _is_copied(raw: DriverConnection, path: Path) -> bool:
    if not path.exists():
        return False
    with raw.cursor() as events:
        events.execute(_COUNT.format(f"({_READ}) AS events"))
        counts = events.fetchone()
    with closing(sqlite3.connect(path)) as lite:
        copied: object = lite.execute(_COUNT.format("events")).fetchone()
    return counts == copied


def _copy(raw: DriverConnection, path: Path) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as lite:
        lite.execute("PRAGMA journal_mode = OFF")
        lite.execute(_TABLE)
        lite.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", _rows(raw))
        for place, columns in enumerate(_INDEXES):
            lite.execute(f"CREATE INDEX events_{place} ON events ({columns})")
        lite.execute("ANALYZE")
        lite.commit()
    unfinished.rename(path)


def _rows(raw: DriverConnection) -> Iterator[tuple[object, ...]]:
    with raw.cursor("all") as rows:
        rows.itersize = 20_000
        rows.execute(_READ)
        for *columns, value in rows:
            yield (*columns, None if value is None else float(value))


if __name__ == "__main__":
    main()
