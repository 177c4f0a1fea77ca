"""Notifications are sent by a real mail server, tried again, and given up."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, select, text, update

from db.models.audit import AuditEvent
from db.models.booking import Appointment, Booking, VisitNotification
from db.models.patient import Patient
from db.postgres import SYSTEM
from jobs.visits import notifications as job
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.messaging.mail import MailServer, SmtpMailer
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import (
    NotificationKind,
    SenderDetails,
    german,
)
from services.visits.front_desk.notifications.sending import _PAUSES
from services.visits.front_desk.notifications.wording import (
    VisitTimes,
    filled,
    in_german,
    text_of,
    text_to_newcomer,
)
from tests.browser.running import free_port
from tests.kit import cast
from tests.services.visits.visit_samples import soon

WITH_TIMES = [
    kind for kind in NotificationKind if kind is not NotificationKind.DOCUMENT
]
WITH_ANOTHER_TIME = {NotificationKind.MOVED, NotificationKind.OFFER}
SENDER = SenderDetails("Harbour Clinic", "https://clinic.example.org", "Europe/Berlin")


@pytest.fixture
def written(post):
    post.do(lambda s: notifications.write(s, NotificationKind.CONFIRMED, post.booking))
    return post


def send(post, mailer):
    return job.send(post.clinic.database, mailer, SENDER)


def look(post):
    ines = post.clinic.ines
    return post.clinic.read(ines, lambda s: notifications.read_outbox(s, ines, SENDER))


def events_of(post, letter):
    """Return the recorded events of a letter."""
    rows = select(AuditEvent).where(AuditEvent.subject_id == str(letter.id))
    return post.clinic.database.read_latest(
        lambda s: s.scalars(rows.order_by(AuditEvent.position)).all(), identity=SYSTEM
    ).value


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


def test_nobody_who_deletes_a_notification_waits_for_the_mail_server(
    written, mailer, mailbox
):
    (letter,) = written.notifications()

    def forget(session):
        # If a lock is held, this ends the test; otherwise nobody waits so long.
        session.execute(text("SET LOCAL lock_timeout = '5s'"))
        session.execute(delete(VisitNotification))

    class Slow:
        def send(self, email):
            # As an erasure does, while the mail server has the e-mail.
            written.do(forget)
            mailer.send(email)

    assert send(written, Slow()) == 1

    assert len(mailbox.emails) == 1
    assert written.notifications() == []
    (event,) = events_of(written, letter)
    assert (event.outcome, event.details["attempt"]) == ("done", 1)


def test_whose_worker_has_died_is_written_to_by_the_next_and_not_before(
    written, mailer
):
    first = written.do(lambda s: notifications.claim_next(s, SENDER))
    assert send(written, mailer) == 0
    written.change(VisitNotification, send_at=func.now())
    second = written.do(lambda s: notifications.claim_next(s, SENDER))

    # The sender that was thought dead reports too late to count.
    written.do(lambda s: notifications.settle(s, first, is_sent=False))
    (claimed,) = written.notifications()
    assert (claimed.send_at, claimed.attempts) == (second.until, 0)

    written.do(lambda s: notifications.settle(s, second, is_sent=True))
    (sent,) = written.notifications()
    assert (sent.attempts, sent.sent_at is None) == (1, False)
    assert [event.outcome for event in events_of(written, sent)] == ["failed", "done"]


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


def test_nobody_is_reminded_of_a_visit_cancelled_while_others_are_written_to(
    written, mailer, mailbox
):
    written.do(
        lambda s: notifications.write(s, NotificationKind.REMINDER, written.booking)
    )

    class Slow:
        """A mail server that takes so long that a visit is cancelled meanwhile."""

        def send(self, email):
            mailer.send(email)
            written.change(Appointment, status="cancelled", cancelled_at=func.now())

    assert send(written, Slow()) == 1
    assert [email["Subject"] for email in mailbox.emails] == [
        "Harbour Clinic: your visit is booked"
    ]


def test_whoever_has_died_since_is_not_written_to(written, mailer, mailbox):
    died = update(Patient).where(Patient.id == written.clinic.grace.id)
    written.do(
        lambda s: s.execute(died.values(deceased_on=func.current_date())) and None
    )
    try:
        assert send(written, mailer) == 0
    finally:
        written.do(lambda s: s.execute(died.values(deceased_on=None)) and None)

    assert mailbox.emails == []
    assert look(written).given_up == 1


@pytest.mark.parametrize("is_put_off", [True, False])
def test_what_was_put_off_does_not_come_after_what_was_written_since(
    written, mailer, mailbox, is_put_off
):
    if is_put_off:
        mailbox.refusal = "451 later"
        send(written, mailer)
        mailbox.refusal = None
    written.change(Booking, status="cancelled", ended_at=func.now())
    written.do(
        lambda s: notifications.write(s, NotificationKind.CANCELLED, written.booking)
    )
    if is_put_off:
        # It is tried again in a minute, and by then the other one has been sent.
        send(written, mailer)
        written.change(VisitNotification, send_at=func.now())

    send(written, mailer)

    subjects = [email["Subject"].partition(": ")[2] for email in mailbox.emails]
    last = ["your visit is cancelled"]
    assert subjects == (last if is_put_off else ["your visit is booked", *last])


@pytest.mark.parametrize(("minutes", "sent"), [(5, 1), (-1, 0)])
def test_an_offer_goes_out_only_while_it_stands(post, mailer, minutes, sent):
    post.change(Booking, status="pending", expires_at=soon(minutes))
    post.do(lambda s: notifications.write(s, NotificationKind.OFFER, post.booking))

    assert send(post, mailer) == sent


def test_each_attempt_is_written_down(written, mailer, mailbox):
    mailbox.refusal = "451 later"
    send(written, mailer)

    (kept,) = written.notifications()
    (event,) = events_of(written, kept)
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

    with pytest.raises(NotAllowed, match="e-mails"):
        post.clinic.read(cleo, lambda s: notifications.read_outbox(s, cleo, SENDER))


def choose(post, language):
    """Give Grace a sign-in and a language."""
    grace = post.clinic.grace
    post.do(
        lambda s: (
            cast.add_account(s, Role.PATIENT, patient_id=grace.id, language=language)
            and None
        )
    )


def test_a_patient_is_written_to_in_the_language_they_have_chosen(
    written, mailer, mailbox
):
    choose(written, "de")

    send(written, mailer)

    (arrived,) = mailbox.emails
    (kept,) = written.notifications()
    assert arrived["Subject"] == "Harbour Clinic: Ihr Termin ist gebucht"
    assert "Ihr Termin bei Harbour Clinic ist gebucht:" in arrived.get_content()
    assert "Uhr (Europe/Berlin)" in arrived.get_content()
    assert "https://clinic.example.org/visits" in arrived.get_content()
    assert "<" not in arrived.get_content()
    # It is stored as the outbox shows it.
    assert "Your visit" in kept.body


@pytest.mark.parametrize("kind", WITH_TIMES)
def test_every_letter_has_its_times_in_german_as_well(kind):
    when, other = "<2026-03-05T09:20:00+00:00>", "<2026-03-06T10:00:00+00:00>"
    timestamps = [datetime.fromisoformat(each.strip("<>")) for each in (when, other)]
    times = VisitTimes(timestamps[0], before=timestamps[1], until=timestamps[1])

    subject, text = in_german(kind, text_of(kind, times), is_to_newcomer=False)
    read = filled(text, SENDER, german.formatted)

    assert subject.startswith("<clinic>: ")
    assert "Donnerstag, 5. März 2026, 10:20 Uhr (Europe/Berlin)" in read
    assert ("Freitag, 6. März 2026" in read) == (kind in WITH_ANOTHER_TIME)
    assert "<" not in read


def test_who_is_no_patient_yet_keeps_their_own_link_in_german():
    newcomer, starts_at = uuid4(), datetime(2026, 3, 5, 9, 20, tzinfo=UTC)
    kind = NotificationKind.CONFIRMED
    text = text_to_newcomer(kind, VisitTimes(starts_at), newcomer)

    _, german_text = in_german(kind, text, is_to_newcomer=True)

    assert f"<visit {newcomer}>" in german_text
    assert "noch nicht aufgenommen" in german_text
