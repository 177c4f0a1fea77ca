"""Five cohorts counted, against the same cohorts as handwritten SQL.

Run as `python -m benchmarks.cohorts [--patients N] [--kept]`. There are N invented
patients with ten dated events each (`seed --events 10`), made for this run, or `--kept`
in the data folder that CHARTROOM_DATA names, for the next benchmark. The service and
psycopg2 are in transactions on the same replica and have to agree. Both leave out what
has been taken off a record's list. The handwritten SQL has the spelling of terms from
an index. The service also returns who is counted (64-bit hashes), hides small groups,
and describes the cohort in words; disclosing the answer on the primary is measured by
`benchmarks.pseudonymised_lists`. The bar is 1.3 times the peer's time.
`benchmarks.cohort_figures` measures figures and facets of the same clinic.
"""

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import uuid4

import psycopg2
from psycopg2.extensions import (
    connection as DriverConnection,  # noqa: N812 - a class
    make_dsn,
    parse_dsn,
)
from sqlalchemy import func, select as sql_select
from sqlalchemy.orm import Session

from benchmarks import dataset
from benchmarks.fresh import endpoints
from benchmarks.measure import compare
from db import schema
from db.endpoints import Endpoints
from db.models.patient import ClinicalEntry
from db.postgres import SYSTEM, Database
from services.analytics import cohorts
from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    Rule,
    Window,
    WindowSide,
)
from services.core import audit
from services.core.actors import Actor, Role
from services.demo import seeding
from services.patients.records.model import Sex

ANALYST: Final = Actor(uuid4(), "benchmark", Role.ANALYST)
NOW: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
_EVENTS: Final = 10
_ROUNDS: Final = 15

# A lasting condition counts while it is on the record's list.
_FIRST: Final = """
WITH came AS (
    SELECT DISTINCT ON (entry.patient_id)
        entry.patient_id, entry.started_on, patient.sex, patient.current_medications
    FROM clinical_entries AS entry
    JOIN patients AS patient
        ON patient.id = entry.patient_id AND patient.deleted_at IS NULL
    WHERE entry.kind = 'condition' AND entry.term_key IN {terms}
        AND (entry.ended_on IS NOT NULL OR entry.term = ANY (patient.medical_history))
        AND {more}
    ORDER BY entry.patient_id, entry.started_on
)
"""
FIRST_HYPERTENSION: Final = _FIRST.format(terms="('hypertension')", more="true")
_OLDER_WOMEN: Final = _FIRST.format(
    terms="('hypertension')",
    more="patient.sex = 'female' "
    "AND entry.started_on >= patient.date_of_birth + interval '50 years'",
)
_DIABETES: Final = _FIRST.format(terms="('type 2 diabetes')", more="true")
_WITHIN: Final = """EXISTS (
    SELECT FROM clinical_entries AS drug
    WHERE drug.patient_id = came.patient_id AND drug.kind = 'medication'
        AND drug.term_key = 'amlodipine 5 mg'
        AND (drug.ended_on IS NOT NULL OR drug.term = ANY (came.current_medications))
        AND drug.started_on > came.started_on
        AND drug.started_on <= came.started_on + 90
)"""
_HIGH: Final = """(
    SELECT count(*) FROM clinical_entries AS measured
    WHERE measured.patient_id = came.patient_id AND measured.kind = 'observation'
        AND measured.term_key = 'systolic pressure' AND measured.value >= 120
) >= 2"""
_UNTREATED: Final = """NOT EXISTS (
    SELECT FROM clinical_entries AS drug
    WHERE drug.patient_id = came.patient_id AND drug.kind = 'medication'
        AND drug.term_key IN ('metformin 500 mg', 'metformin 1 g')
        AND (drug.ended_on IS NOT NULL OR drug.term = ANY (came.current_medications))
) AND NOT (came.current_medications && ARRAY['Metformin 500 mg', 'Metformin 1 g'])"""
_COUNT: Final = "{first} SELECT count(*), count(*) FILTER (WHERE {rule}) FROM came"

HYPERTENSION: Final = CohortEvent(kind=EventKind.DIAGNOSIS, words="hypertension")
TREATED: Final = Rule(
    event=CohortEvent(kind=EventKind.MEDICATION, words="amlodipine"),
    within=Window(days=90, side=WindowSide.AFTER),
)
_HIGH_TWICE: Final = Rule(
    event=CohortEvent(kind=EventKind.VITAL, words="systolic", at_least=120), times=2
)
_NEVER_TREATED: Final = Rule(
    event=CohortEvent(kind=EventKind.MEDICATION, words="metformin"), has=False
)
CASES: Final = (
    (
        "first diagnosis",
        Cohort(entry=HYPERTENSION),
        f"{FIRST_HYPERTENSION} SELECT count(*) FROM came",
    ),
    (
        "drug within 90 days",
        Cohort(entry=HYPERTENSION, steps=((TREATED,),)),
        _COUNT.format(first=FIRST_HYPERTENSION, rule=_WITHIN),
    ),
    (
        "drug within 90 days by sex",
        Cohort(entry=HYPERTENSION, steps=((TREATED,),), split_by=(Dimension.SEX,)),
        f"""{FIRST_HYPERTENSION} SELECT sum(entered), sum(remaining) FROM (
            SELECT count(*) AS entered, count(*) FILTER (WHERE {_WITHIN}) AS remaining
            FROM came GROUP BY sex
        ) AS by_sex""",
    ),
    (
        "women from 50 on, pressure high twice",
        Cohort(
            entry=replace(HYPERTENSION, from_age=50),
            sexes=(Sex.FEMALE,),
            steps=((_HIGH_TWICE,),),
        ),
        _COUNT.format(first=_OLDER_WOMEN, rule=_HIGH),
    ),
    (
        "diabetes never treated",
        Cohort(
            entry=CohortEvent(kind=EventKind.DIAGNOSIS, words="type 2 diabetes"),
            steps=((_NEVER_TREATED,),),
        ),
        _COUNT.format(first=_DIABETES, rule=_UNTREATED),
    ),
)


def main() -> None:
    """Seed patients with events, and compare."""
    with (
        filled("benchmarks.cohorts") as (database, fresh),
        side_by_side(database, fresh) as (session, raw),
    ):
        _compare(session, raw)


@contextmanager
def filled(
    name: str, *, must_be_kept: bool = False
) -> Iterator[tuple[Database, Endpoints]]:
    """Make a clinic with as many patients as the command line says, and events.

    One that `must_be_kept`, because it is served as well, is that of the data folder.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {name}")
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--kept", action="store_true")
    options = parser.parse_args()
    if must_be_kept and not options.kept:
        parser.error("only with --kept: the API serves the clinic of the data folder")
    where = _kept() if options.kept else endpoints()
    with where as its_endpoints, closing(Database(its_endpoints)) as database:
        fill(database, options.patients)
        yield database, its_endpoints


def fill(database: Database, patients: int) -> None:
    """Bring a clinic up to a number of patients with their events, on every node."""
    counted = sql_select(func.count()).select_from(ClinicalEntry)
    there = database.read(lambda s: s.scalar(counted), identity=SYSTEM).value or 0
    # Finding what each of them lacks takes as long as some of the comparisons.
    if there < patients * _EVENTS:
        today = NOW.date()
        seeding.seed(database, patients=patients, today=today, visits=lambda _: None)
        seeding.add_events(
            database, patients=patients, events=_EVENTS, seed_number=1, today=today
        )
    dataset.await_replay(database)


@contextmanager
def _kept() -> Iterator[Endpoints]:
    with dataset.cluster() as addresses:
        schema.bring_up_to_date(addresses.endpoints)
        yield addresses.endpoints


@contextmanager
def side_by_side(
    database: Database, fresh: Endpoints
) -> Iterator[tuple[Session, DriverConnection]]:
    """Open an analyst's session, and the owner's connection to the same replica."""
    with (
        database.reading(identity=ANALYST.database_identity) as session,
        audit.collecting_events(session),
        closing(psycopg2.connect(_same_node(fresh, session))) as raw,
    ):
        yield session, raw


def _same_node(fresh: Endpoints, session: Session) -> str:
    """Return the session's replica for the owner, to whom no rule applies."""
    assert fresh.owner_url is not None  # noqa: S101 - the cluster is embedded
    replica = parse_dsn(fresh.replica_urls[session.info["served"].node])
    owner = parse_dsn(fresh.owner_url)
    return make_dsn(**replica | {name: owner[name] for name in ("user", "password")})


def _compare(session: Session, raw: DriverConnection) -> None:
    for name, cohort, statement in CASES:
        compare(
            name,
            partial(_count, session, cohort),
            partial(select, raw, statement),
            rounds=_ROUNDS,
            must_agree=True,
        )


def _count(session: Session, cohort: Cohort) -> tuple[int | None, ...]:
    undisclosed = cohorts.count(session, ANALYST, cohort, now=NOW, smallest_group=2)
    return tuple(step.remaining.number for step in undisclosed.answer.attrition)


def select(raw: DriverConnection, statement: str) -> tuple[int, ...]:
    """Return the numbers in a statement's only row."""
    with raw.cursor() as cursor:
        cursor.execute(statement)
        ((*numbers,),) = cursor.fetchall()
    return tuple(map(int, numbers))


if __name__ == "__main__":
    main()
