"""Events of invented patients: as many as requested, once, and as records have them."""

import pytest
from sqlalchemy import text

from services.core.errors import InvalidInput
from services.demo import seeding
from services.demo.seeding import events

PATIENTS = 300
_EVERYTHING = (
    "SELECT string_agg((to_jsonb(e) - 'id' - 'created_at' - 'patient_id')::text, ',' "
    "ORDER BY source_key) FROM clinical_entries AS e"
)


@pytest.fixture
def engine(shared, today):
    database, engine = shared
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE patients, doctors, clinical_terms CASCADE"))
    seeding.seed(database, patients=PATIENTS, today=today, visits=lambda _: None)
    return engine


@pytest.fixture
def add(shared, engine, today):
    database, _ = shared
    return lambda number, patients=PATIENTS, **more: seeding.add_events(
        database, patients=patients, events=number, seed_number=1, today=today, **more
    )


@pytest.fixture
def scalar(engine):
    def scalar(sql):
        with engine.connect() as connection:
            return connection.scalar(text(sql))

    return scalar


def test_each_patient_has_as_many_as_asked_for_and_a_second_run_adds_none(add, scalar):
    assert add(10) == PATIENTS * 10

    before = scalar(_EVERYTHING)
    assert add(10) == 0
    assert add(4) == 0
    assert scalar(_EVERYTHING) == before
    counts = "(SELECT count(*) FROM clinical_entries GROUP BY patient_id) AS of_one"
    assert scalar(f"SELECT array_agg(DISTINCT count) FROM {counts}") == [10]


def test_a_larger_number_adds_what_is_missing(add, scalar, engine):
    add(4)

    assert add(10) == PATIENTS * 6

    topped_up = scalar(_EVERYTHING)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE clinical_entries"))
    add(10)
    assert scalar(_EVERYTHING) == topped_up


def test_what_lasts_is_on_the_records_list_and_analysts_count_it(add, scalar):
    add(30)

    lasting = "SELECT count(*) FROM clinical_entries WHERE ended_on IS NULL"
    assert scalar(lasting) == scalar(
        "SELECT sum(cardinality(medical_history) + cardinality(current_medications) "
        "+ cardinality(allergies)) FROM patients"
    )
    listed = "SELECT count(*) FROM analytics.{} WHERE ended_on IS NULL"
    views = ("diagnoses", "medications", "allergies")
    assert sum(scalar(listed.format(view)) for view in views) == scalar(
        f"{lasting} AND patient_id IN (SELECT patient_id FROM analytics.patients)"
    )


def test_nothing_happens_before_birth_after_today_or_in_an_archived_record(
    add, scalar, today
):
    add(20)

    assert (
        scalar(
            "SELECT count(*) FROM clinical_entries AS e JOIN patients AS p "
            "ON p.id = e.patient_id WHERE started_on < date_of_birth "
            f"OR started_on > '{today}' OR ended_on > '{today}' "
            "OR started_on > deleted_at::date"
        )
        == 0
    )


def test_values_are_those_of_people_and_rise_with_age(add, scalar):
    add(60)

    of = "FROM clinical_entries WHERE term = 'Systolic pressure'"
    lowest, highest = scalar(f"SELECT ARRAY[min(value), max(value)] {of}")
    assert 60 < lowest < 110
    assert 140 < highest < 200
    assert scalar(
        "SELECT corr(value, age) > 0.2 FROM analytics.vitals "
        "WHERE term = 'Systolic pressure'"
    )


def test_a_run_that_was_interrupted_is_taken_up(add, scalar, monkeypatch):
    monkeypatch.setattr(events, "_PATIENTS_AT_ONCE", 100)

    def interrupt(there):
        if there == 200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add(5, report=interrupt)

    assert add(5) == 500
    assert scalar("SELECT count(*) FROM clinical_entries") == PATIENTS * 5


def test_too_many_are_refused(add):
    with pytest.raises(InvalidInput, match="Ask for 0 to 100 events of a patient"):
        add(101)
