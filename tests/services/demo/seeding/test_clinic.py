"""Seeding a database: to the requested number, once, whatever happens on the way."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

from db.postgres import SYSTEM
from services.core.actor_database import ActorDatabase
from services.core.errors import InvalidInput, NotAllowed
from services.demo import seeding
from services.demo.seeding import clinic
from services.patients.duplicates import duplicates
from services.patients.duplicates.scores import LIKELY
from services.patients.records import patients
from services.patients.records.rules import validate
from services.people.accounts import demo_accounts
from tests.kit import acting

# Ids and record numbers are assigned by the database, and none is used twice.
_PEOPLE = (
    "SELECT string_agg((to_jsonb(p) - 'id' - 'record_number')::text, ',' "
    "ORDER BY source_id) FROM patients AS p"
)


@pytest.fixture
def engine(shared):
    _, engine = shared
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE patients, doctors, clinical_terms CASCADE"))
    return engine


@pytest.fixture
def seed(shared, engine, today):
    database, _ = shared
    return lambda patients, **options: seeding.seed(
        database, patients=patients, today=today, **options
    )


def scalar(engine, sql):
    with engine.connect() as connection:
        return connection.scalar(text(sql))


def test_as_many_patients_as_asked_for_are_there_and_a_staff_of_doctors(seed, engine):
    assert seed(400) == 400

    assert scalar(engine, "SELECT count(*) FROM patients") == 400
    assert scalar(engine, "SELECT count(*) FROM doctors") == 20
    assert scalar(engine, "SELECT count(*) FROM clinical_terms") > 50


def test_a_second_run_adds_nothing(seed, engine):
    seed(400)
    before = scalar(engine, _PEOPLE)

    assert seed(400) == 0
    assert seed(10) == 0
    assert scalar(engine, _PEOPLE) == before
    assert scalar(engine, "SELECT count(*) FROM doctors") == 20


def test_a_larger_number_tops_up(seed, engine):
    seed(100)

    assert seed(250) == 150

    topped_up = scalar(engine, _PEOPLE)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE patients CASCADE"))
    seed(250)
    assert scalar(engine, _PEOPLE) == topped_up


def test_an_interrupted_run_is_taken_up_where_it_stopped(seed, engine, monkeypatch):
    monkeypatch.setattr(clinic, "_BATCH", 100)

    def interrupt(there):
        if there == 200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seed(350, report=interrupt)
    seen: list[int] = []
    assert seed(350, report=seen.append) == 150

    assert seen == [300, 350]
    assert scalar(engine, "SELECT count(*) FROM patients") == 350


def test_two_runs_at_once_make_one_clinic(seed, engine):
    both_are_ready = Barrier(2)

    def run(_):
        both_are_ready.wait(timeout=10)
        return seed(300)

    with ThreadPoolExecutor(2) as threads:
        added = list(threads.map(run, range(2)))

    assert sorted(added) == [0, 300]
    assert scalar(engine, "SELECT count(*) FROM patients") == 300


def test_other_patients_are_no_reason_to_add_fewer(seed, engine):
    seed(50, seed_number=7)

    assert seed(50) == 50
    assert scalar(engine, "SELECT count(*) FROM patients") == 100


def test_every_patient_keeps_the_rules_for_patients(seed, engine, today):
    seed(1_000)

    drafts = [record.draft() for record in records(engine)]
    assert len(drafts) == 1_000
    assert [validate(draft, today) for draft in drafts] == drafts


def test_duplicate_detection_has_something_to_find(shared, seed, engine, clerk):
    seed(1_000)
    database, _ = shared

    def find(session):
        return [
            duplicates.find_duplicates(
                session, clerk, record.draft(), excluding=record.id
            )
            for record in records(engine)[:150]
        ]

    candidates = [
        best for best in ActorDatabase(database, clerk).read(find).value if best
    ]
    likely = [best for best in candidates if best[0].score >= LIKELY]
    assert 1 <= len(likely) <= 20


def records(engine):
    with engine.connect() as connection:
        columns = ", ".join(column.key for column in patients.COLUMNS)
        rows = connection.execute(text(f"SELECT {columns} FROM patients ORDER BY id"))
        return [patients.record_of(row) for row in rows]


@pytest.mark.parametrize("number", [-1, 10_000_001])
def test_an_impossible_number_is_refused(seed, number):
    with pytest.raises(InvalidInput, match="Ask for 0 to 10,000,000 patients"):
        seed(number)


def test_only_who_may_import_can_seed(session, clerk, today):
    acting.run_as_owner(session)
    with pytest.raises(NotAllowed):
        clinic.add_batch(session, clerk, upto=1, seed_number=1, today=today)


def test_the_demos_clinician_has_visits_over_waiting_and_to_come(shared, seed, engine):
    shared[0].write(demo_accounts.ensure_demo_people, identity=SYSTEM)

    seed(40)

    query = "SELECT array_agg(DISTINCT status ORDER BY status) FROM appointments"
    statuses = ["checked-in", "completed", "no-show", "scheduled"]
    assert scalar(engine, query) == statuses
    own = (
        "SELECT status FROM appointments JOIN patients ON patients.id = patient_id "
        "WHERE source = 'demo'"
    )
    assert scalar(engine, own) == "scheduled"
