"""The worker's tasks, each done once on real databases."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg2
import pytest
from gridfs import GridFSBucket
from sqlalchemy import func, select, text

from db.files.gridfs import Bucket, FileMissing
from db.files.seal_keys import SealKeyFile
from db.models.audit import AuditSeal
from db.models.care import BreakGlassAccess
from db.models.integrity import WriteReceipt
from db.models.user import Ceremony, LoginCode, UserSession
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM, Database
from jobs.documents import purge
from jobs.worker.tasks import Stores, queue
from services.core.actors import Role
from services.documents.integrity.runs import Job, find_run
from services.patients.care import break_glass
from services.people.sessions import Limits
from tests.conftest import owner
from tests.jobs.due_tasks import run_due
from tests.kit import cast
from tests.kit.mailbox import Mailbox, mailer_to


@pytest.fixture
def stores(endpoints, files, tmp_path, monkeypatch):
    queue.perform_import_paths()
    # Otherwise periodic tasks that are due in this minute would run as well.
    monkeypatch.setattr(queue.periodic_registry, "periodic_tasks", {})
    keys = SealKeyFile(tmp_path / "secrets/audit.key", may_be_made=True)
    with (
        closing(Database(endpoints)) as database,
        closing(AuditStore(endpoints.audit_url)) as audit,
    ):
        yield Stores(database, files, audit, keys)


def _states(stores, name):
    with stores.database.writing() as session:
        return session.scalars(
            text(
                "SELECT status FROM procrastinate_jobs WHERE task_name = :name "
                "ORDER BY id"
            ),
            {"name": name},
        ).all()


def test_a_photo_that_nobody_refers_to_is_swept_when_it_is_old_enough(
    endpoints, stores, monkeypatch
):
    young = stores.files.put(Bucket.PATIENT_PHOTOS, b"young", content_type="image/jpeg")
    run_due(endpoints, stores, "sweep_files")
    assert stores.files.get(Bucket.PATIENT_PHOTOS, young).data == b"young"

    monkeypatch.setattr(purge, "YOUNG", timedelta(seconds=-5))
    monkeypatch.setattr(purge, "GRACE", timedelta())
    run_due(endpoints, stores, "sweep_files")

    with pytest.raises(FileMissing):
        stores.files.get(Bucket.PATIENT_PHOTOS, young)
    assert _states(stores, "sweep_files") == ["succeeded", "succeeded"]


def test_plans_are_extended_in_the_background(endpoints, stores):
    run_due(endpoints, stores, "extend_plans")

    assert _states(stores, "extend_plans") == ["succeeded"]


def test_a_sweep_that_the_version_before_has_queued_is_done(endpoints, stores):
    with stores.database.writing() as session:
        session.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
                "VALUES ('default', 'sweep_photos', '{\"timestamp\": 0}')"
            )
        )

    run_due(endpoints, stores)

    assert _states(stores, "sweep_photos") == ["succeeded"]


@pytest.mark.parametrize(
    ("name", "job"), [("purge_documents", Job.PURGE), ("check_files", Job.CHECK)]
)
def test_documents_are_purged_and_files_checked_in_the_background(
    endpoints, stores, name, job
):
    run_due(endpoints, stores, name)

    run = stores.database.read_latest(lambda s: find_run(s, job), identity=SYSTEM).value
    assert run is not None
    assert _states(stores, name) == ["succeeded"]


def test_photos_of_the_time_before_files_were_encrypted_are(endpoints, stores, files):
    stored = GridFSBucket(files._database, Bucket.PATIENT_PHOTOS).upload_from_stream(
        "", b"plain", metadata={"content_type": "image/jpeg"}
    )

    run_due(endpoints, stores, "encrypt_photos")

    assert files._database["patient_photos.chunks"].find_one()["data"] != b"plain"
    assert files.get(Bucket.PATIENT_PHOTOS, str(stored)).data == b"plain"


def test_receipts_go_after_a_day(endpoints, stores):
    with stores.database.writing() as session:
        old = WriteReceipt(
            key=uuid4(), created_at=datetime.now(UTC) - timedelta(days=2)
        )
        session.add_all([old, WriteReceipt(key=uuid4())])

    run_due(endpoints, stores, "purge_receipts")

    with stores.database.writing() as session:
        oldest = session.scalar(select(func.min(WriteReceipt.created_at)))
    assert oldest > datetime.now(UTC) - timedelta(hours=1)


def test_codes_and_questions_go_when_nobody_can_use_them(endpoints, stores):
    now = datetime.now(UTC)
    with stores.database.writing(identity=SYSTEM) as session:
        for expires_at in (now - timedelta(hours=2), now + timedelta(minutes=5)):
            session.add(
                LoginCode(
                    browser_hash=b"b",
                    salt=b"s",
                    code_hash=b"c",
                    expires_at=expires_at,
                )
            )
            session.add(
                Ceremony(
                    purpose="p", browser_hash=b"b", secret=b"s", expires_at=expires_at
                )
            )

    run_due(endpoints, stores, "tidy_sign_ins")

    with stores.database.writing(identity=SYSTEM) as session:
        for kind in (LoginCode, Ceremony):
            assert [
                kept.expires_at > now for kept in session.scalars(select(kind))
            ] == [True]


def test_a_sign_in_that_is_over_is_written_down_by_the_clinics_own_times(
    endpoints, stores
):
    patient = replace(stores, sign_ins=Limits(idle=timedelta(minutes=60)))
    with stores.database.writing(identity=SYSTEM) as session:
        user = cast.add_account(session, cast.ROSA)
        quiet = datetime.now(UTC) - timedelta(minutes=30)
        session.add(
            UserSession(
                user_id=user.id,
                token_hash=b"t",
                method="code",
                last_seen_at=quiet,
                expires_at=quiet + timedelta(hours=12),
            )
        )

    run_due(endpoints, patient, "tidy_sign_ins")
    assert _ended(stores) == [False]
    run_due(endpoints, stores, "tidy_sign_ins")

    assert _ended(stores) == [True]


def _ended(stores):
    with stores.database.writing(identity=SYSTEM) as session:
        return [
            kept.ended_at is not None for kept in session.scalars(select(UserSession))
        ]


def _seals(stores):
    with stores.database.writing(identity=SYSTEM) as session:
        return session.scalars(select(AuditSeal.sequence).order_by(AuditSeal.id)).all()


def test_the_audit_log_is_sealed_once_a_day(endpoints, stores):
    run_due(endpoints, stores, "seal_audit_log")
    run_due(endpoints, stores, "seal_audit_log")
    assert _seals(stores) == [0]

    with closing(psycopg2.connect(owner(endpoints))) as connection, connection:
        connection.cursor().execute(
            "UPDATE audit_seals SET sealed_at = sealed_at - interval '1 day'"
        )
    # A seal that was dated back no longer holds: no other is made after it.
    run_due(endpoints, stores, "seal_audit_log")

    assert _seals(stores) == [0]
    assert _states(stores, "seal_audit_log") == ["succeeded", "succeeded", "failed"]


def test_a_day_later_it_is_sealed_again(endpoints, stores, monkeypatch):
    run_due(endpoints, stores, "seal_audit_log")

    monkeypatch.setattr("services.audit.chain.seals._DUE_AFTER", timedelta(seconds=-5))
    run_due(endpoints, stores, "seal_audit_log")

    assert _seals(stores) == [0, 0]


def test_administrators_get_an_email_about_a_record_opened_from_outside(
    endpoints, stores
):
    stores.database.write(_break_glass, identity=SYSTEM)
    mailbox = Mailbox()

    with mailer_to(mailbox, sender="chartroom@example.org") as mailer:
        writing = replace(stores, mailer=mailer, address="https://clinic.example.org")
        for _ in range(2):
            run_due(endpoints, writing, "tell_administrators")

    (email,) = mailbox.emails
    assert email["To"] == "ines.carvalho@example.org"
    assert "https://clinic.example.org/break_glass_review" in email.get_content()


def test_without_a_mail_server_nothing_is_noted_and_nothing_fails(endpoints, stores):
    stores.database.write(_break_glass, identity=SYSTEM)

    run_due(endpoints, stores, "tell_administrators")

    notified_at = select(BreakGlassAccess.notified_at)
    times = stores.database.read_latest(
        lambda s: s.scalars(notified_at).all(), identity=SYSTEM
    )
    assert times.value == [None]
    assert set(_states(stores, "tell_administrators")) == {"succeeded"}


def _break_glass(session):
    people = cast.add_demo(session)
    break_glass.open_record(
        session,
        people[Role.CLINICIAN],
        people[Role.PATIENT].patient_id,
        "Unconscious in the waiting room",
    )


def _take_up(stores, *, heard_of):
    """Have every job being done by another worker, last heard of then."""
    with stores.database.writing() as session:
        session.execute(
            text(
                "WITH other AS (INSERT INTO procrastinate_workers (last_heartbeat) "
                "VALUES (:heard_of) RETURNING id) "
                "UPDATE procrastinate_jobs SET status = 'doing', "
                "worker_id = (SELECT id FROM other)"
            ),
            {"heard_of": heard_of},
        )


def test_a_job_whose_worker_died_is_done_by_another(endpoints, stores):
    run_due(endpoints, stores, "purge_receipts")
    _take_up(stores, heard_of=datetime.now(UTC) - timedelta(hours=1))

    run_due(endpoints, stores, "retry_stalled")
    run_due(endpoints, stores)

    assert _states(stores, "purge_receipts") == ["succeeded"]


def test_what_one_worker_does_alone_waits_for_it_at_another(endpoints, stores):
    run_due(endpoints, stores, "extend_plans")
    _take_up(stores, heard_of=datetime.now(UTC))

    run_due(endpoints, stores, "extend_plans")

    assert _states(stores, "extend_plans") == ["doing", "todo"]


def test_traces_of_jobs_go_after_a_week(endpoints, stores):
    run_due(endpoints, stores, "purge_receipts")
    with stores.database.writing() as session:
        session.execute(
            text("UPDATE procrastinate_events SET at = now() - interval '8 days'")
        )

    run_due(endpoints, stores, "purge_jobs")

    assert _states(stores, "purge_receipts") == []
    assert _states(stores, "purge_jobs") == ["succeeded"]


def test_every_task_is_due_at_some_time_and_never_queued_twice():
    ours = [task for task in queue.tasks.values() if "builtin" not in task.name]
    periodic = queue.periodic_registry.periodic_tasks.values()

    assert {task.name for task in ours} == {due.task.name for due in periodic}
    assert all(task.queueing_lock for task in ours)
