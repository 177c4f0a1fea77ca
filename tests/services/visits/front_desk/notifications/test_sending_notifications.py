"""Notifications go out by a real mail server, are tried again, and are given up."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from db.models.audit import AuditEvent
from db.models.booking import Appointment, Booking, VisitNotification
from db.postgres import SYSTEM
from jobs.visits import notifications as job
from services.core.errors import NotAllowed
from services.messaging.mail import MailServer, SmtpMailer
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import NotificationKind, SenderDetails
from services.visits.front_desk.notifications.sending import _PAUSES
from tests.browser.running import free_port
from tests.services.visits.visit_samples import soon

SENDER = SenderDetails("Harbour Clinic", "https://clinic.example.org", "Europe/Berlin")


@pytest.fixture
def written(post):
    post.do(lambda s: notifications.write(s, NotificationKind.CONFIRMED, post.booking))
    return post


def send(post, mailer):
    return job.send(post.clinic.database, mailer, SENDER)


def look(post):
    ines = post.clinic.ines
    return post.clinic.read(ines, lambda s: notifications.look(s, ines, SENDER))


def test_a_notification_arrives_once_with_the_clinics_name_and_clock(
    written, mailer, mailbox
):
    sent = [send(written, mailer) for _ in range(2)]

    (arrived,) = mailbox.emails
    (kept,) = written.notifications()
    assert sent == [1, 0]
    assert arrived["To"] == "grace@example.org"
    assert arrived["Subject"] == "Harbour Clinic: your visit is booked"
    assert "(Europe/Berlin)" in arrived.get_content()
    assert "https://clinic.example.org/visits" in arrived.get_content()
    assert kept.sent_at is not None
    assert kept.attempts == 1


def test_what_the_server_refuses_is_tried_again_later(written, mailer, mailbox):
    mailbox.refusal = "451 later"
    first = send(written, mailer)
    (kept,) = written.notifications()
    too_early = send(written, mailer)
    mailbox.refusal = None
    written.change(VisitNotification, send_at=func.now())
    second = send(written, mailer)

    assert (first, too_early, second) == (0, 0, 1)
    assert kept.sent_at is None
    waits = kept.send_at - datetime.now(UTC)
    assert timedelta(seconds=30) < waits <= _PAUSES[0]
    assert written.notifications()[0].attempts == 2


def test_a_notification_is_given_up_when_all_attempts_failed(written, mailbox, mailer):
    mailbox.refusal = "550 nobody here"
    written.change(VisitNotification, attempts=len(_PAUSES))

    send(written, mailer)

    (kept,) = written.notifications()
    assert kept.given_up_at is not None
    written.change(VisitNotification, send_at=func.now())
    mailbox.refusal = None
    assert send(written, mailer) == 0


def test_a_server_that_is_away_is_left_alone_after_three_failures(post):
    for _ in range(5):
        post.do(
            lambda s: notifications.write(s, NotificationKind.CONFIRMED, post.booking)
        )
    nobody = SmtpMailer(
        MailServer.at(f"smtp://127.0.0.1:{free_port()}"), sender="c@example.org"
    )

    assert send(post, nobody) == 0
    assert sorted(notification.attempts for notification in post.notifications()) == [
        0,
        0,
        1,
        1,
        1,
    ]


def test_a_notification_that_is_being_sent_is_passed_over_by_another_worker(
    written, mailer, mailbox
):
    mailbox.delay_seconds = 1.0
    results = []
    workers = [
        threading.Thread(target=lambda: results.append(send(written, mailer)))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(results) == [0, 1]
    assert len(mailbox.emails) == 1


def test_notifications_from_a_time_without_a_mail_server_are_not_sent_late(
    written, mailer, mailbox
):
    written.change(
        VisitNotification, created_at=func.now() - timedelta(days=2, minutes=1)
    )

    assert send(written, mailer) == 0
    assert mailbox.emails == []
    assert look(written).given_up == 1


@pytest.mark.parametrize(
    "values",
    [
        {"status": "cancelled", "cancelled_at": soon(-1)},
        {"starts_at": soon(-1), "ends_at": soon(19)},
    ],
    ids=["cancelled", "begun"],
)
def test_nobody_is_reminded_late_of_a_visit_that_is_over(post, mailer, mailbox, values):
    post.do(lambda s: notifications.write(s, NotificationKind.REMINDER, post.booking))
    post.change(Appointment, **values)

    assert send(post, mailer) == 0
    assert mailbox.emails == []


@pytest.mark.parametrize(("minutes", "sent"), [(5, 1), (-1, 0)])
def test_an_offer_goes_out_only_while_it_stands(post, mailer, minutes, sent):
    post.change(Booking, status="pending", expires_at=soon(minutes))
    post.do(lambda s: notifications.write(s, NotificationKind.OFFER, post.booking))

    assert send(post, mailer) == sent


def test_each_attempt_is_written_down(written, mailer, mailbox):
    mailbox.refusal = "451 later"
    send(written, mailer)

    (kept,) = written.notifications()
    rows = select(AuditEvent).where(AuditEvent.subject_id == str(kept.id))
    (event,) = written.clinic.database.read_latest(
        lambda s: s.scalars(rows).all(), identity=SYSTEM
    ).value
    assert (event.action, event.outcome) == ("letter:send", "failed")
    assert event.patient_id == written.clinic.grace.id
    assert "ada@" not in str(event.details)


def test_the_outbox_shows_notifications_but_not_whose_they_are(written):
    outbox = look(written)

    (notification,) = outbox.newest
    assert (outbox.waiting, outbox.sent, outbox.given_up) == (1, 0, 0)
    assert notification.state == "waiting"
    assert notification.to == "g…@example.org"
    assert notification.subject == "Harbour Clinic: your visit is booked"
    assert "(Europe/Berlin)" in notification.text


def test_only_administrators_look_into_the_outbox(post):
    cleo = post.clinic.cleo

    with pytest.raises(NotAllowed, match="letters"):
        post.clinic.read(cleo, lambda s: notifications.look(s, cleo, SENDER))
