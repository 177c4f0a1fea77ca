"""The demo opens as a clinic with a past that keeps every rule of the present."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.orm import Session

from dashboard.ui.language import using_language
from dashboard.ui.language.recorded_sentences import translate_recorded
from db.postgres import SYSTEM
from services.consultations.notes import VITALS, Notes
from services.core.actors import Role
from services.demo import care, history
from services.demo.history import filling
from services.demo.history.reasons import BY_WORDS, REASONS
from services.demo.plans import ensure_demo_plans
from services.demo.seeding import clinic
from services.people.accounts import demo_accounts
from services.visits.front_desk import appointments
from services.visits.schedule.plans import Calendar
from tests.conftest import connect
from tests.services.demo.history.conftest import PATIENTS, ZONE, history_filler

# Everything that does not depend on an id made by the database.
_VISITS = """
SELECT string_agg(concat_ws('|', doctors.name, patients.source_id,
    appointments.starts_at, appointments.status, bookings.note, bookings.created_at,
    checked_in_at, completed_at, cancelled_at, content), ','
    ORDER BY doctors.name, appointments.starts_at, bookings.created_at,
    patients.source_id)
FROM appointments
JOIN bookings ON bookings.id = booking_id
JOIN doctors ON doctors.id = appointments.doctor_id
JOIN patients ON patients.id = appointments.patient_id
LEFT JOIN medical_records ON appointment_id = appointments.id
"""


def test_two_years_of_visits_became_all_that_visits_can_become(lived):
    counted = dict(lived.rows("SELECT status, count(*) FROM appointments GROUP BY 1"))
    first, last = lived.rows("SELECT min(starts_at), max(starts_at) FROM slots")[0]

    assert set(counted) == {
        "scheduled",
        "checked-in",
        "completed",
        "cancelled",
        "no-show",
    }
    assert counted["completed"] > 1_000
    assert 0.03 < counted["no-show"] / counted["completed"] < 0.08
    assert 0.05 < counted["cancelled"] / counted["completed"] < 0.2
    assert timedelta(days=700) < lived.now - first < timedelta(days=732)
    assert last > lived.now + timedelta(days=20)


def test_attempts_to_book_failed_and_expired_as_well(lived):
    counted = dict(lived.rows("SELECT status, count(*) FROM bookings GROUP BY 1"))

    assert set(counted) == {"confirmed", "cancelled", "expired", "failed"}


def test_the_clinic_has_grown(lived):
    by_year = (
        "SELECT count(*) FILTER (WHERE starts_at < now() - interval '1 year'), "
        "count(*) FILTER (WHERE starts_at >= now() - interval '1 year') "
        "FROM appointments WHERE starts_at < now()"
    )

    earlier, later = lived.rows(by_year)[0]

    assert earlier * 1.5 < later


def test_whoever_was_seen_was_called_in_while_waiting(lived):
    waited = (
        "SELECT count(*) AS seen, count(*) FILTER (WHERE called_in_at BETWEEN "
        "checked_in_at AND completed_at) AS waited FROM appointments "
        "WHERE status = 'completed'"
    )

    [counted] = lived.rows(waited)

    assert counted.waited == counted.seen > 0


def test_visits_of_the_past_are_in_opening_hours_and_never_on_a_sunday(lived):
    outside = (
        "SELECT count(*) FROM (SELECT starts_at AT TIME ZONE :zone AS at, "
        "ends_at AT TIME ZONE :zone AS until FROM appointments "
        "WHERE starts_at < now() - interval '2 days' "
        "OR starts_at > now() + interval '2 days') AS local "
        "WHERE extract(isodow FROM at) = 7 OR at::time < '08:00' "
        "OR until::time > '18:00'"
    )

    assert lived.value(outside, zone=str(ZONE)) == 0


def test_whoever_comes_is_of_an_age_and_sex_to_come_for_it(lived):
    came = lived.rows(
        "SELECT note, sex, date_part('year', age(starts_at, date_of_birth)) AS age, "
        "medical_history FROM appointments JOIN bookings ON bookings.id = booking_id "
        "JOIN patients ON patients.id = appointments.patient_id"
    )

    odd = [
        row
        for row in came
        if not BY_WORDS[row.note].share_of(
            int(row.age), row.sex, frozenset(row.medical_history)
        )
    ]
    assert len({row.note for row in came}) > len(REASONS) / 2
    assert odd == []


def test_hay_fever_is_of_the_spring_and_coughs_are_of_the_winter(lived):
    by_month = (
        "SELECT count(*) FILTER (WHERE extract(month FROM starts_at) IN (4, 5, 6, 7)), "
        "count(*) FILTER (WHERE extract(month FROM starts_at) IN (11, 12, 1, 2)) "
        "FROM appointments JOIN bookings ON bookings.id = booking_id "
        "WHERE note = :note AND starts_at BETWEEN now() - interval '2 years' AND now()"
    )

    spring, winter = lived.rows(by_month, note="Hay fever")[0]
    assert spring > 2 * winter
    spring, winter = lived.rows(by_month, note="Cough and sore throat")[0]
    assert winter > 2 * spring


def test_nobody_had_a_visit_before_they_were_registered(lived):
    early = (
        "SELECT count(*) FROM bookings JOIN patients ON patients.id = patient_id "
        "WHERE bookings.created_at < patients.created_at"
    )

    assert lived.value(early) == 0


def test_the_clinicians_queue_is_as_it_would_be_at_this_hour(lived):
    clinician = lived.database.read_latest(
        demo_accounts.demo_people, identity=SYSTEM
    ).value[1]
    today = lived.now.astimezone(ZONE).date()
    queue = lived.database.write(
        lambda session: appointments.list_own_day(session, clinician, today, ZONE),
        identity=SYSTEM,
    ).value

    # In the hours around midnight some of them are on another day.
    if 3 <= lived.now.astimezone(ZONE).hour < 21:
        waiting = [visit for visit in queue if visit.status == "checked-in"]
        expected = [visit for visit in queue if visit.status == "scheduled"]
        over = [visit for visit in queue if visit.completed_at is not None]
        assert clinician.role is Role.CLINICIAN
        assert len(waiting) == 2
        assert expected[0].starts_at <= lived.now < expected[1].starts_at
        assert over


def test_notes_hold_what_the_form_would_have_taken(lived):
    kept = lived.rows("SELECT content FROM medical_records")
    notes = [TypeAdapter(Notes).validate_python(row.content) for row in kept]

    assert len(notes) > 1_000
    for vital in VITALS:
        measured = [
            value
            for note in notes
            if (value := getattr(note.vitals, vital.name)) is not None
        ]
        assert measured
        assert all(vital.lowest <= value <= vital.highest for value in measured)
    assert all(note.diagnoses[0].code and note.complaint for note in notes)


def test_some_of_the_clinicians_latest_visits_have_yet_to_be_noted(lived):
    without = (
        "SELECT count(*) FROM appointments JOIN doctors ON doctors.id = doctor_id "
        "WHERE status = 'completed' AND doctors.source = 'demo' AND NOT EXISTS ("
        "SELECT FROM medical_records WHERE appointment_id = appointments.id)"
    )

    assert lived.value(without) == 3


def test_somebody_waits_for_a_time_and_letters_were_written(lived):
    assert lived.value("SELECT count(*) FROM waitlist_entries") >= 5
    assert lived.value("SELECT count(*) FROM visit_letters") >= 5
    assert lived.value("SELECT max(created_at) FROM visit_letters") < lived.now


def test_the_servers_have_a_month_behind_them_with_an_event_or_two(lived):
    by_node = dict(
        lived.rows(
            "SELECT node, count(*) FROM replication_samples "
            "WHERE resolution = 300 GROUP BY 1"
        )
    )
    worst = dict(
        lived.rows("SELECT node, max(replay_lag) FROM replication_samples GROUP BY 1")
    )

    assert len(set(by_node.values())) == 1
    assert min(by_node.values()) >= 30 * 24 * 4
    assert worst["db-01"] is None
    assert worst["db-02"] < 1
    assert worst["db-03"] > 10
    kinds = lived.rows("SELECT kind FROM alerts WHERE ended_at IS NOT NULL ORDER BY 1")
    assert [row.kind for row in kinds] == ["lag", "replica-gone"]
    # In the alerts' own sentences, which are translated into other languages.
    words = [row.sentence for row in lived.rows("SELECT sentence FROM alerts")]
    with using_language("de"):
        assert {translate_recorded(said)[-8:] for said in words} == {
            " zurück.",
            "t nicht.",
        }
    away = "SELECT count(*) FROM replication_samples WHERE role IS NULL"
    assert lived.value(away) > 0


def test_the_audit_log_with_the_past_in_it_is_whole(lived, module_log):
    # Another test may have shipped some already.
    all_of_them = module_log.entries.count_documents({}) + module_log.waiting()

    module_log.ship_all()

    verdict = module_log.verify()
    assert all_of_them > 500
    assert verdict.is_whole
    assert (verdict.checked, verdict.waiting) == (all_of_them, 0)


def test_events_of_the_past_come_in_their_order(lived, module_log):
    module_log.ship_all()

    shipped = list(module_log.entries.find({"action": "visit:check-in"}).sort("_id"))

    times = [entry["at"] for entry in shipped]
    assert times == sorted(times)
    assert times[0] < lived.now - timedelta(days=14)


def test_a_past_is_invented_once(lived):
    before = lived.value("SELECT count(*) FROM bookings")

    assert (
        lived.database.write(history_filler(lived.now), identity=SYSTEM).value is None
    )
    assert lived.value("SELECT count(*) FROM bookings") == before


def test_patients_stay_as_many_as_asked_for(lived):
    assert lived.value("SELECT count(*) FROM patients") == PATIENTS + 1


@pytest.fixture
def opened(database_url):
    """A clinic with doctors, patients and the cast, and without a past.

    In a database of its own: where other tests' rows were rolled back and counted,
    PostgreSQL plans for empty tables, and reads one whole for each of 10,000 rows.
    """
    engine = connect(database_url)
    with Session(engine) as session:
        demo_accounts.ensure_demo_people(session)
        clinic.staff.add(session, clinic._ACTOR, seed_number=1)
        clinic.add_batch(
            session,
            clinic._ACTOR,
            upto=60,
            seed_number=1,
            today=clinic.date(2026, 6, 1),
        )
        care.ensure_demo_care(session)
        ensure_demo_plans(session, Calendar(str(ZONE), 10))
        yield session
    engine.dispose()


def test_the_same_moment_has_the_same_past(opened, lived):
    def invented():
        before = opened.begin_nested()
        assert isinstance(history_filler(lived.now)(opened), history.History)
        written = opened.scalar(text(_VISITS))
        before.rollback()
        return written

    first = invented()

    assert len(first) > 50_000
    assert invented() == first


def test_an_empty_clinic_has_no_past(session, lived):
    demo_accounts.ensure_demo_people(session)

    assert history_filler(lived.now)(session) is None
    for table in ("bookings", "slots", "replication_samples", "saved_views"):
        assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
    own = "SELECT cardinality(allergies) FROM patients WHERE source = 'demo'"
    assert session.scalar(text(own)) == 0


def test_a_clinic_that_has_a_visit_keeps_the_past_that_it_has(opened, lived):
    filling.fill(opened, now=lived.now, zone=ZONE, seed_number=1)
    count = text("SELECT count(*) FROM bookings")
    before = opened.scalar(count)

    assert filling.fill(opened, now=lived.now, zone=ZONE, seed_number=2) is None
    assert opened.scalar(count) == before
