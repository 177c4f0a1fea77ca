"""Notifications are written with what they announce, and reveal no more than needed."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from db.models.booking import Appointment, Booking, Slot
from db.models.patient import Patient
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import NotificationKind, SenderDetails
from services.visits.front_desk.notifications.wording import (
    VisitTimes,
    filled,
    subject_of,
    text_of,
)
from tests.kit import cast
from tests.services.visits.visit_samples import soon

SENDER = SenderDetails("Harbour Clinic", "https://clinic.example.org", "Europe/Berlin")
NOON = datetime(2026, 7, 3, 12, 0, tzinfo=UTC)
ONE_O_CLOCK = datetime(2026, 11, 3, 13, 0, tzinfo=UTC)
OF_VISITS = [kind for kind in NotificationKind if kind is not NotificationKind.DOCUMENT]


def read(kind, times):
    return filled(text_of(kind, times), SENDER)


@pytest.mark.parametrize("kind", OF_VISITS)
def test_every_notification_says_when_where_and_what_to_do_next(kind):
    text = read(kind, VisitTimes(NOON))

    assert "Friday 3 July 2026, 14:00 (Europe/Berlin)" in text
    assert "Harbour Clinic" in text
    assert "https://clinic.example.org/visits" in text
    assert "<" not in text + filled(subject_of(kind), SENDER)


def test_a_moved_visit_is_told_with_its_former_time():
    text = read(NotificationKind.MOVED, VisitTimes(NOON, before=ONE_O_CLOCK))

    assert "instead of Tuesday 3 November 2026, 14:00 (Europe/Berlin)" in text


def test_an_offer_says_until_when_it_stands():
    text = read(NotificationKind.OFFER, VisitTimes(NOON, until=NOON))

    assert "held for you until Friday 3 July 2026, 14:00" in text


def test_a_confirmed_booking_is_written_of_to_its_patient(post):
    post.do(lambda s: notifications.write(s, NotificationKind.CONFIRMED, post.booking))

    (notification,) = post.notifications()
    assert notification.to_address == cast.GRACE.email
    assert notification.patient_id == post.clinic.grace.id
    assert (notification.kind, notification.booking_id) == ("confirmed", post.booking)
    assert notification.sent_at is None


def test_no_notification_names_a_doctor_a_speciality_or_a_patient(post):
    for kind in NotificationKind:
        post.do(lambda s, kind=kind: notifications.write(s, kind, post.booking))

    written = "".join(
        notification.subject + notification.body
        for notification in post.notifications()
    )
    assert len(post.notifications()) == len(NotificationKind)
    for word in ("Dora", "Cardiology", "Grace", "Hopper", "Blood"):
        assert word not in written


def test_a_moved_booking_tells_the_time_of_the_one_it_replaces(post):
    moved = post.another_visit(replaces_id=post.booking)

    post.do(lambda s: notifications.write(s, NotificationKind.MOVED, moved))

    (notification,) = post.notifications()
    before = post.do(
        lambda s: s.get_one(Slot, s.get_one(Booking, post.booking).slot_id).starts_at
    )
    assert (
        f"instead of <{before.astimezone(UTC):%Y-%m-%dT%H:%M:%S}" in notification.body
    )


@pytest.mark.parametrize(
    "values",
    [{"email": None}, {"deleted_at": NOON}, {"deceased_on": NOON.date()}],
    ids=["no address", "archived", "has died"],
)
def test_who_cannot_be_written_to_is_not(post, values):
    patient = update(Patient).where(Patient.id == post.clinic.grace.id)
    post.do(lambda s: s.execute(patient.values(**values)) and None)
    try:
        post.do(
            lambda s: notifications.write(s, NotificationKind.CONFIRMED, post.booking)
        )
        assert post.notifications() == []
    finally:
        back = patient.values(email=cast.GRACE.email, deleted_at=None, deceased_on=None)
        post.do(lambda s: s.execute(back) and None)


def test_the_desk_writes_although_it_may_not_read_notifications(post):
    cleo = post.clinic.cleo

    post.clinic.write(
        cleo, lambda s: notifications.write(s, NotificationKind.CANCELLED, post.booking)
    )

    assert [notification.kind for notification in post.notifications()] == ["cancelled"]


@pytest.mark.parametrize(
    ("hours", "reminded"), [(23.9, 1), (24.1, 0), (1.1, 1), (0.9, 0)]
)
def test_a_visit_is_reminded_of_once_within_a_day_before_it(post, hours, reminded):
    post.change(Appointment, starts_at=soon(60 * hours), ends_at=soon(60 * 25))

    counts = [post.do(notifications.write_reminders) for _ in range(2)]

    assert counts == [reminded, 0]
    assert [notification.kind for notification in post.notifications()] == [
        "reminder"
    ] * reminded


def test_who_booked_within_a_day_is_not_reminded(post):
    post.change(
        Appointment, starts_at=soon(600), ends_at=soon(620), created_at=soon(-5)
    )

    assert post.do(notifications.write_reminders) == 0
    assert post.notifications() == []


def test_whose_record_is_archived_is_reminded_once_it_is_restored(post):
    post.change(Appointment, starts_at=soon(600), ends_at=soon(620))
    patient = update(Patient).where(Patient.id == post.clinic.grace.id)
    archived, restored = (patient.values(deleted_at=when) for when in (NOON, None))

    post.do(lambda s: s.execute(archived) and None)
    try:
        meanwhile = post.do(notifications.write_reminders)
    finally:
        post.do(lambda s: s.execute(restored) and None)

    assert (meanwhile, post.do(notifications.write_reminders)) == (0, 1)
    assert [each.kind for each in post.notifications()] == ["reminder"]


def test_nobody_is_reminded_of_a_visit_that_was_cancelled(post):
    post.change(
        Appointment,
        starts_at=soon(600),
        ends_at=soon(620),
        status="cancelled",
        cancelled_at=soon(-5),
    )

    assert post.do(notifications.write_reminders) == 0
