"""A cohort counted, against the same cohort as SQL written by hand.

Run as `python -m benchmarks.cohorts [--patients N]`. N patients with ten dated events
each; the service and psycopg2 are in transactions on the same replica and have to
agree. The service also brings who is counted (64-bit hashes), hides what is small, and
puts the cohort into words; telling the answer on the primary is measured by
`benchmarks.unnamed_lists`. The bar is 1.3 times the peer's time.
"""

import argparse
from contextlib import closing
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
from sqlalchemy.orm import Session

from benchmarks import dataset
from benchmarks.fresh import endpoints
from benchmarks.measure import compare
from db.endpoints import Endpoints
from db.postgres import Database, DatabaseIdentity
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

ANALYST: Final = Actor(uuid4(), "benchmark", Role.ANALYST)
NOW: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
_ROUNDS: Final = 15

# What happened to patients, by their place: one in seven has hypertension, and so on.
_EVENTS: Final = """
INSERT INTO clinical_entries
    (patient_id, kind, term, code, started_on, ended_on, source, source_key)
SELECT patient.id,
    CASE WHEN number % 2 = 0 THEN 'condition' ELSE 'medication' END,
    (ARRAY['Essential hypertension', 'Amlodipine 5 MG', 'Gout', 'Allopurinol 100 MG',
        'Asthma', 'Salbutamol 0.1 MG', 'Migraine', 'Sumatriptan 50 MG',
        'Prediabetes', 'Metformin 500 MG', 'Anemia', 'Iron 100 MG', 'Eczema',
        'Hydrocortisone 10 MG'])[drawn + 1],
    '', day, day, 'benchmark', gen_random_uuid()
FROM patients AS patient, generate_series(1, 10) AS number,
    LATERAL (
        SELECT (hashint4extended(number, uuid_hash(patient.id)) & 1048575)::integer
    ) AS random (bits),
    LATERAL (
        SELECT (bits % 7) * 2 + number % 2, date '2022-01-01' + bits % 1400
    ) AS event (drawn, day)
"""
_FIRST: Final = """
WITH came AS (
    SELECT DISTINCT ON (entry.patient_id)
        entry.patient_id, entry.started_on, patient.sex
    FROM clinical_entries AS entry
    JOIN patients AS patient
        ON patient.id = entry.patient_id AND patient.deleted_at IS NULL
    WHERE entry.kind = 'condition' AND entry.term = 'Essential hypertension'
    ORDER BY entry.patient_id, entry.started_on
)
"""
_WITHIN: Final = """EXISTS (
    SELECT FROM clinical_entries AS drug
    WHERE drug.patient_id = came.patient_id AND drug.kind = 'medication'
        AND drug.term = 'Amlodipine 5 MG'
        AND drug.started_on > came.started_on
        AND drug.started_on <= came.started_on + 90
)"""

_ENTRY: Final = CohortEvent(kind=EventKind.DIAGNOSIS, words="hypertension")
_TREATED: Final = Rule(
    event=CohortEvent(kind=EventKind.MEDICATION, words="amlodipine"),
    within=Window(days=90, side=WindowSide.AFTER),
)
_CASES: Final = (
    ("first diagnosis", Cohort(entry=_ENTRY), f"{_FIRST} SELECT count(*) FROM came"),
    (
        "drug within 90 days",
        Cohort(entry=_ENTRY, steps=((_TREATED,),)),
        f"{_FIRST} SELECT count(*), count(*) FILTER (WHERE {_WITHIN}) FROM came",
    ),
    (
        "drug within 90 days by sex",
        Cohort(entry=_ENTRY, steps=((_TREATED,),), split_by=(Dimension.SEX,)),
        f"""{_FIRST} SELECT sum(entered), sum(remaining) FROM (
            SELECT count(*) AS entered, count(*) FILTER (WHERE {_WITHIN}) AS remaining
            FROM came GROUP BY sex
        ) AS by_sex""",
    ),
)


def main() -> None:
    """Seed patients with events, and compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cohorts")
    parser.add_argument("--patients", type=int, default=100_000)
    wanted = parser.parse_args()
    with endpoints() as fresh, closing(Database(fresh)) as database:
        seeding.seed(database, patients=wanted.patients, past=lambda _: None)
        _add_events(fresh)
        dataset.await_replay(database)
        identity = DatabaseIdentity("analyst", ANALYST.id)
        with (
            database.reading(identity=identity) as session,
            audit.collected(session),
            closing(psycopg2.connect(_same_node(fresh, session))) as raw,
        ):
            _compare(session, raw)


def _add_events(fresh: Endpoints) -> None:
    assert fresh.owner_url is not None  # noqa: S101 - the cluster is embedded
    with closing(psycopg2.connect(fresh.owner_url)) as owner, owner.cursor() as cursor:
        cursor.execute(_EVENTS)
        cursor.execute("ANALYZE patients, clinical_entries")
        owner.commit()


def _same_node(fresh: Endpoints, session: Session) -> str:
    """Return where the session's replica is, for the owner, whom no rule binds."""
    assert fresh.owner_url is not None  # noqa: S101 - the cluster is embedded
    replica = parse_dsn(fresh.replica_urls[session.info["served"].node])
    owner = parse_dsn(fresh.owner_url)
    return make_dsn(**replica | {name: owner[name] for name in ("user", "password")})


def _compare(session: Session, raw: DriverConnection) -> None:
    for name, cohort, statement in _CASES:
        compare(
            name,
            partial(_count, session, cohort),
            partial(_select, raw, statement),
            rounds=_ROUNDS,
            must_agree=True,
        )


def _count(session: Session, cohort: Cohort) -> tuple[int | None, ...]:
    untold = cohorts.count(session, ANALYST, cohort, now=NOW, smallest_group=2)
    return tuple(step.remaining.number for step in untold.answer.attrition)


def _select(raw: DriverConnection, statement: str) -> tuple[int, ...]:
    with raw.cursor() as cursor:
        cursor.execute(statement)
        ((*numbers,),) = cursor.fetchall()
    return tuple(map(int, numbers))


if __name__ == "__main__":
    main()
