"""Notifications about visits, written and sent by a real worker."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.files.seal_keys import SealKeyFile
from db.models.booking import Appointment, VisitNotification
from db.models.patient import Patient
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM, Database
from jobs.worker.tasks import Stores, queue
from services.patients.records import patients
from services.visits.front_desk.notifications import SenderDetails
from tests.jobs.conftest import CLERK
from tests.jobs.due_tasks import run_due
from tests.kit import cast
from tests.kit.mailbox import Mailbox, mailer_to
from tests.services.patients.clinic_samples import TODAY
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon


@pytest.fixture
def stores(endpoints, files, tmp_path, monkeypatch) -> Iterator[Stores]:
    """A clinic with a visit tomorrow that was booked last week."""
    queue.perform_import_paths()
    # Otherwise periodic tasks that are due in this minute would run as well.
    monkeypatch.setattr(queue.periodic_registry, "periodic_tasks", {})
    keys = SealKeyFile(tmp_path / "secrets/audit.key", may_be_made=True)
    with (
        closing(Database(endpoints)) as database,
        closing(AuditStore(endpoints.audit_url)) as audit,
    ):
        database.write(_visit_tomorrow, identity=SYSTEM)
        yield Stores(database, files, audit, keys)


def _visit_tomorrow(session: Session) -> None:
    patient = patients.register(session, CLERK, cast.ADA, today=TODAY)
    doctor = cast.add_doctor(session).id
    visit = visit_samples.visit(session, doctor, patient.id, soon(60 * 20))
    row = session.get_one(Appointment, visit)
    row.created_at = row.starts_at - timedelta(days=7)


def _notifications(stores):
    return stores.database.read_latest(
        lambda session: session.scalars(select(VisitNotification)).all(),
        identity=SYSTEM,
    ).value


def test_a_reminder_is_written_and_sent_once(endpoints, stores):
    mailbox = Mailbox()
    with mailer_to(mailbox) as mailer:
        sender = SenderDetails(
            "Harbour Clinic", "https://clinic.example", "Europe/Berlin"
        )
        for _ in range(2):
            run_due(
                endpoints, replace(stores, mailer=mailer, sender=sender), "send_letters"
            )

    (arrived,) = mailbox.emails
    assert arrived["To"] == cast.ADA.email
    assert "We expect you at Harbour Clinic" in arrived.get_content()


def test_nobody_is_reminded_who_has_died(endpoints, stores):
    stores.database.write(
        lambda session: session.execute(update(Patient).values(deceased_on=TODAY)),
        identity=SYSTEM,
    )

    run_due(endpoints, stores, "send_letters")

    assert _notifications(stores) == []


def test_without_a_mail_server_notifications_wait_in_the_outbox(endpoints, stores):
    run_due(endpoints, stores, "send_letters")

    (notification,) = _notifications(stores)
    assert notification.kind == "reminder"
    assert notification.sent_at is None
    assert notification.attempts == 0
