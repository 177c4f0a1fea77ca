"""Which archived patients are erased, what prevents it, and that nothing remains."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from psycopg2 import sql
from sqlalchemy import and_, func, select, text, update
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.document import Document, RetentionRule
from db.models.integrity import PendingFileDeletion
from db.models.patient import Patient
from db.postgres import SYSTEM, Database
from services.core.audit import Action
from services.documents import erasure, retention
from services.documents.erasure import erasing
from services.documents.erasure.rule import ended
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.duplicates import merging
from services.patients.records import patients
from tests.conftest import owner
from tests.db.rules.rows import ANN, BOB, Catalogue, fill
from tests.kit.cast import ADA, GRACE, ada
from tests.kit.waiting import run_behind
from tests.services.documents.erasure.samples import (
    YEARS,
    archive_long_ago,
    events,
    is_erased,
    let_erase,
)
from tests.services.documents.records.samples import file

# A word that is nowhere else in a fresh database.
SECRET = "Quendelin"
WHY = "A claim is open."
_DELETED = {"deleted_at": func.now(), "deleted_by": BOB}
_HELD = {"held_at": func.now(), "held_by": BOB, "held_because": "Claim 2026-17"}


@pytest.fixture
def over(session, clerk, patient):
    """Ada, archived ten years ago in a clinic that erases after ten years."""
    let_erase(session)
    archive_long_ago(session, clerk, patient)
    return patient


def test_a_record_whose_time_is_over_becomes_a_tombstone(session, clerk, over):
    assert erasure.erase(session) == 1

    row = session.get_one(Patient, over.id, populate_existing=True)
    assert (row.first_name, row.last_name) == erasure.ERASED
    assert (row.email, row.phone_number, row.allergies) == (None, None, [])
    assert row.record_number == over.record_number
    with pytest.raises(patients.PatientErased, match="register the patient again"):
        patients.get_patient(session, clerk, over.id)
    with pytest.raises(patients.PatientErased):
        patients.restore(session, clerk, over.id, version=row.version)
    assert search.list_patients(session, clerk, Criteria(archived=True)).rows == ()
    assert erasure.erase(session) == 0


def test_nobody_is_erased_before_an_administrator_says_so(session, clerk, patient):
    archive_long_ago(session, clerk, patient, years=90)

    assert erasure.erase(session) == 0


def test_nobody_is_erased_within_a_week_of_a_change_of_the_rule(session, over):
    let_erase(session, days_ago=6)

    assert erasure.erase(session) == 0


def test_who_is_in_use_or_archived_for_less_long_stays(session, clerk, today):
    let_erase(session)
    patients.register(session, clerk, ADA, today=today)
    grace = patients.register(session, clerk, GRACE, today=today)
    archive_long_ago(session, clerk, grace, years=YEARS - 1)

    assert erasure.erase(session) == 0


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"revision": 2}, id="in use"),
        pytest.param(_DELETED, id="in the trash"),
        pytest.param(_HELD, id="on hold"),
    ],
)
def test_a_document_that_is_kept_keeps_the_person(session, clerk, patient, state):
    let_erase(session)
    document = file(session, clerk, of=patient)
    session.execute(update(Document).where(Document.id == document.id).values(state))
    archive_long_ago(session, clerk, patient)

    assert erasure.erase(session) == 0
    gone = _DELETED | {"purged_at": func.now(), **dict.fromkeys(_HELD)}
    session.execute(update(Document).values(gone))
    assert erasure.erase(session) == 1


def test_what_was_merged_into_a_record_goes_with_it(session, clerk, today, patient):
    let_erase(session)
    other = patients.register(session, clerk, ada(first_name="Adah"), today=today)
    kept = merging.merge(
        session,
        clerk,
        patient.id,
        other.id,
        ADA,
        kept_version=1,
        merged_version=1,
        today=today,
    )
    archive_long_ago(session, clerk, kept)

    assert erasure.erase(session) == 1

    assert is_erased(session, patient.id)
    assert is_erased(session, other.id)
    erasures = events(session, Action.PATIENT_ERASE)
    assert erasures[other.id].details == {"merged_into": str(patient.id)}
    assert "Ada" not in str([event.details for event in erasures.values()])
    assert session.scalar(text("SELECT before FROM patient_merges")) == {}


def test_a_postponement_that_comes_while_the_erasure_searches_is_obeyed(
    committing, admin, clerk, today, monkeypatch
):
    with Session(committing) as session, session.begin():
        ada = patients.register(session, clerk, ADA, today=today)
        let_erase(session)
        archive_long_ago(session, clerk, ada)
    # The search has begun, and so reads rows as they are now, when it waits for this.
    slow = func.pg_advisory_xact_lock(1).is_not(None)
    monkeypatch.setattr(erasing, "ended", lambda: and_(slow, ended()))

    def postpone(session):
        session.execute(select(func.pg_advisory_xact_lock(1)))
        until = today + timedelta(days=400)
        erasure.postpone(session, admin, ada.id, until=until, reason=WHY, today=today)

    _, erased = run_behind(committing, postpone, erasure.erase)

    assert erased.result() == 0


def test_the_photo_goes_after_the_row(session, over):
    session.execute(update(Patient).values(photo_file_id="65f0c0de65f0c0de65f0c0de"))

    erasure.erase(session)

    due = select(PendingFileDeletion.file_id).where(
        PendingFileDeletion.bucket == "patient_photos",
        PendingFileDeletion.due_at.is_not(None),
    )
    assert "65f0c0de65f0c0de65f0c0de" in session.scalars(due).all()


@pytest.fixture
def everything(module_endpoints):
    """A database with a row of every kind for Ann, with texts of hers alone."""
    with (
        closing(psycopg2.connect(owner(module_endpoints))) as owning,
        closing(Database(module_endpoints)) as database,
    ):
        fill(owning)
        with owning.cursor() as cursor:
            for statement in _WORDS:
                cursor.execute(statement, {"ann": str(ANN), "word": SECRET})
        owning.commit()
        yield owning, database


_HERS = "patient_id = %(ann)s"
_BY_HER = "(SELECT id FROM users WHERE patient_id = %(ann)s)"
_WORDS = (
    """UPDATE patients SET first_name = %(word)s, address = %(word)s,
       allergies = ARRAY['Nuts'], source = 'synthea', source_id = %(word)s,
       email = %(word)s || '@example.org' WHERE id = %(ann)s""",
    "UPDATE patient_merges SET before = jsonb_build_object('name', %(word)s::text)",
    f"UPDATE users SET name = %(word)s, email = %(word)s || '@x.org' WHERE {_HERS}",
    f"UPDATE sessions SET browser = %(word)s WHERE user_id IN {_BY_HER}",
    f"UPDATE passkeys SET name = %(word)s WHERE user_id IN {_BY_HER}",
    f"""UPDATE bookings SET note = %(word)s, created_by = {_BY_HER},
        created_by_name = %(word)s, override_reason = %(word)s || ' wanted'
        WHERE {_HERS}""",
    f"""UPDATE appointments SET cancelled_because = %(word)s, status = 'cancelled',
        cancelled_at = now() WHERE {_HERS}""",
    f"""UPDATE medical_records SET
        content = jsonb_build_object('plan', %(word)s::text) WHERE {_HERS}""",
    """UPDATE medical_record_versions SET
       content = jsonb_build_object('plan', %(word)s::text) WHERE record_id IN
       (SELECT id FROM medical_records WHERE patient_id = %(ann)s)""",
    """UPDATE prescription_versions SET note = %(word)s WHERE prescription_id IN
       (SELECT id FROM prescriptions WHERE patient_id = %(ann)s)""",
    f"UPDATE visit_letters SET body = %(word)s, to_address = %(word)s WHERE {_HERS}",
    f"UPDATE documents SET title = %(word)s, description = %(word)s WHERE {_HERS}",
    f"""UPDATE documents SET created_by_name = %(word)s
        WHERE {_HERS} AND created_by IN {_BY_HER}""",
    f"UPDATE document_versions SET author_name = %(word)s WHERE author_id IN {_BY_HER}",
    f"""UPDATE document_shares SET created_by_name = %(word)s
        WHERE created_by IN {_BY_HER}""",
    """UPDATE stored_criteria SET
       criteria = jsonb_build_object('search', %(word)s::text) WHERE key = 'mine'""",
    """INSERT INTO break_glass_accesses
       (clinician_id, patient_id, reason, expires_at, review, reviewed_at, reviewed_by)
       SELECT id, %(ann)s, %(word)s || ' was ill', now(), %(word)s, now(), id
       FROM users WHERE role = 'clinician' LIMIT 1""",
)


def test_no_word_of_a_person_stays_in_any_table(everything):
    owning, database = everything
    assert tables_with(owning, SECRET)

    def be_over(session):
        session.execute(
            update(RetentionRule).values(updated_at=func.now() - timedelta(days=365))
        )
        session.execute(
            update(Document)
            .where(Document.patient_id == ANN)
            .values(
                updated_at=datetime(1990, 1, 1, tzinfo=UTC),
                deleted_at=datetime(1990, 1, 1, tzinfo=UTC),
                deleted_by=BOB,
            )
        )
        let_erase(session)
        session.execute(
            update(Patient).values(deleted_at=func.now() - func.make_interval(YEARS))
        )

    database.write(be_over, identity=SYSTEM)
    while database.write(retention.purge, identity=SYSTEM).value:
        pass
    bobs = rows_of(owning, BOB)

    # Bob's papers are kept, and so is he.
    assert database.write(erasure.erase, identity=SYSTEM).value == 1

    assert tables_with(owning, SECRET) == []
    assert rows_of(owning, BOB) == bobs
    assert database.read_latest(_visits_of_ann, identity=SYSTEM).value == 1


def _visits_of_ann(session):
    return session.scalar(select(func.count()).where(Appointment.patient_id == ANN))


def tables_with(connection, word):
    """Return the tables with rows that contain the word."""
    return [
        table
        for table in sorted(Catalogue(connection).tables())
        if _count(connection, table, "row::text ILIKE %s", f"%{word}%")
    ]


def rows_of(connection, patient_id):
    """Return how many rows name a patient, by table."""
    return {
        table: _count(connection, table, "row::text LIKE %s", f"%{patient_id}%")
        for table in Catalogue(connection).tables()
    }


def _count(connection, table, condition, value):
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT count(*) FROM {} AS row WHERE {}").format(
                sql.Identifier(table), sql.SQL(condition)
            ),
            [value],
        )
        count = cursor.fetchone()[0]
    connection.rollback()
    return count
