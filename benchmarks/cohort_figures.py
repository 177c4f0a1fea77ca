"""Figures, facets and the front desk's list during a heavy count, against SQL by hand.

Run as `python -m benchmarks.cohort_figures [--patients N] [--kept]`, on the clinic of
`benchmarks.cohorts`. The service returns who is in each number, hides small groups and
fills gaps; the handwritten SQL groups and counts. Last comes the front desk's list,
alone and while an analyst has figures counted without a pause. Its peer is the same
list alone, both as the 95th percentile of many reads in turns, and the bar is 1.2.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from statistics import quantiles
from threading import Event, Thread
from time import perf_counter
from typing import Final

from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from sqlalchemy import delete
from sqlalchemy.orm import Session

from benchmarks.cohorts import (
    ANALYST,
    FIRST_HYPERTENSION,
    HYPERTENSION,
    NOW,
    filled,
    side_by_side,
)
from benchmarks.lists import CASES, CLERK, SIZE
from benchmarks.measure import compare
from db.models.care import DisclosedAnswer, DisclosedGroup
from db.postgres import SYSTEM, Database, DatabaseIdentity
from services.analytics import figures
from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    UndisclosedAnswer,
)
from services.analytics.figures import Figure, FigureMeasure, Quantity
from services.core import audit
from services.patients import search

_K: Final = 2
_ROUNDS: Final = 11
_BLOCKS: Final = 4
# Long enough for whole counts to fall into it, and not only their beginnings.
_BLOCK_SECONDS: Final = 4.0
_LAST: Final = 18
_DIAGNOSED: Final = Cohort(entry=HYPERTENSION)
_PRESSURE: Final = CohortEvent(kind=EventKind.VITAL, words="systolic")
SERIES: Final = Figure(cohort=_DIAGNOSED, by=(Dimension.QUARTER,))
PIVOT: Final = Figure(
    cohort=_DIAGNOSED, by=(Dimension.YEAR, Dimension.SEX), totals=True
)
_HEAT: Final = Figure(
    cohort=_DIAGNOSED,
    by=(Dimension.WEEKDAY, Dimension.QUARTER),
    measure=FigureMeasure.EVENTS,
    of=_PRESSURE,
)
_SPREAD: Final = Figure(
    cohort=_DIAGNOSED,
    by=(Dimension.SEX,),
    measure=FigureMeasure.DISTRIBUTION,
    of=_PRESSURE,
    quantity=Quantity.VALUE,
)
_MEASURED: Final = """
FROM came JOIN clinical_entries AS measured ON measured.patient_id = came.patient_id
WHERE measured.kind = 'observation' AND measured.term_key = 'systolic pressure'
"""
_CASES: Final = (
    (
        "series by quarter",
        SERIES,
        f"""{FIRST_HYPERTENSION}
        SELECT date_trunc('quarter', started_on), count(*) FROM came GROUP BY 1""",
    ),
    (
        "pivot by year and sex, with totals",
        PIVOT,
        f"""{FIRST_HYPERTENSION}
        SELECT date_trunc('year', started_on), sex, count(*) FROM came
        GROUP BY CUBE (1, 2)""",
    ),
    (
        "heat map of measurements by weekday and quarter",
        _HEAT,
        f"""{FIRST_HYPERTENSION}
        SELECT to_char(measured.started_on, 'ID'),
            date_trunc('quarter', measured.started_on), count(*)
        {_MEASURED} GROUP BY 1, 2""",
    ),
    (
        "mean and percentiles by sex",
        _SPREAD,
        f"""{FIRST_HYPERTENSION}
        SELECT sex, count(*), avg(own),
            percentile_cont(ARRAY[0.25, 0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY own)
        FROM (
            SELECT came.patient_id, came.sex, avg(measured.value) AS own
            {_MEASURED} GROUP BY 1, 2
        ) AS owns GROUP BY sex""",
    ),
)
_COMMONEST: Final = """
SELECT entry.term, count(DISTINCT entry.patient_id)
FROM clinical_entries AS entry
JOIN patients AS patient ON patient.id = entry.patient_id AND patient.deleted_at IS NULL
WHERE entry.kind = 'condition'
    AND (entry.ended_on IS NOT NULL OR entry.term = ANY (patient.medical_history))
GROUP BY entry.term ORDER BY 2 DESC LIMIT 8
"""


def main() -> None:
    """Seed patients with events, and compare."""
    with filled("benchmarks.cohort_figures") as (database, fresh):
        with side_by_side(database, fresh) as (session, raw):
            for name, figure, statement in _CASES:
                ours = partial(_count, session, figure)
                compare(name, ours, partial(_select, raw, statement), rounds=_ROUNDS)
            compare(
                "facets: the commonest diagnoses",
                partial(_facets, session),
                partial(_select, raw, _COMMONEST),
                rounds=_ROUNDS,
            )
            counted = _facets(session)
            _keep_prepared(database, counted)
            compare(
                "facets: the first who opens what the worker has counted",
                partial(_open_first, database),
                partial(_select, raw, _COMMONEST),
                rounds=_ROUNDS,
            )
            database.write(
                partial(_tell_facets, counted), identity=ANALYST.database_identity
            )
            compare(
                "facets: counted by somebody within the hour",
                lambda: database.write(
                    _tell_kept_facets, identity=ANALYST.database_identity
                ),
                partial(_select, raw, _COMMONEST),
                rounds=_ROUNDS,
            )
        _compare_front_desk(database)


def _count(session: Session, figure: Figure) -> object:
    return figures.count(session, ANALYST, figure, now=NOW, smallest_group=_K)


def _facets(session: Session) -> Sequence[UndisclosedAnswer[figures.Facet]]:
    return figures.count_facets(
        session, ANALYST, EventKind.DIAGNOSIS, now=NOW, smallest_group=_K
    )


def _tell_facets(
    undisclosed: Sequence[UndisclosedAnswer[figures.Facet]], session: Session
) -> object:
    return figures.disclose_facets(session, ANALYST, undisclosed)


def _keep_prepared(
    database: Database, counted: Sequence[UndisclosedAnswer[figures.Facet]]
) -> None:
    database.write(
        lambda session: figures.replace_prepared_facets(
            session, EventKind.DIAGNOSIS, counted
        ),
        identity=SYSTEM,
    )


def _open_first(database: Database) -> None:
    """Open facets that nobody has seen, with a log of disclosures that is empty."""

    def forget(session: Session) -> None:
        for table in (DisclosedGroup, DisclosedAnswer):
            session.execute(delete(table))

    database.write(forget, identity=SYSTEM)
    database.write(_tell_kept_facets, identity=ANALYST.database_identity)


def _tell_kept_facets(session: Session) -> object:
    return figures.disclose_known_facets(
        session, ANALYST, EventKind.DIAGNOSIS, now=NOW, smallest_group=_K
    )


def _select(raw: DriverConnection, statement: str) -> object:
    with raw.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def _compare_front_desk(database: Database) -> None:
    """Read the front desk's list in blocks, alone and beside an analyst in turns."""
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(_BLOCKS):
        alone += _reads(database)
        with _counting(database):
            beside += _reads(database)
    ours, peer = (quantiles(some, n=20)[_LAST] * 1000 for some in (beside, alone))
    print(
        f"front desk's list beside figures, p95: ours {ours:.2f} ms, "
        f"peer {peer:.2f} ms, ratio {ours / peer:.2f}"
    )


def _reads(database: Database) -> list[float]:
    def read(session: Session) -> object:
        with audit.collecting_events(session):
            return search.list_patients(
                session, CLERK, CASES[0].criteria, size=SIZE, now=NOW
            )

    identity = DatabaseIdentity("staff", CLERK.id)
    seconds: list[float] = []
    until = perf_counter() + _BLOCK_SECONDS
    while perf_counter() < until:
        seconds.append(_seconds(lambda: database.read(read, identity=identity)))
    return seconds


def _seconds(operation: Callable[[], object]) -> float:
    begun = perf_counter()
    operation()
    return perf_counter() - begun


@contextmanager
def _counting(database: Database) -> Iterator[None]:
    """Have figures counted without a pause while the block runs."""
    is_over = Event()

    def count(session: Session) -> object:
        with audit.collecting_events(session):
            return _count(session, _HEAT)

    def run() -> None:
        while not is_over.is_set():
            database.read(count, identity=ANALYST.database_identity)

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


if __name__ == "__main__":
    main()
