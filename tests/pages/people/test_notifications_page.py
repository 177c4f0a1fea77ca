"""Notifications on screen: read, followed, and marked as read."""

import pytest
from sqlalchemy import delete, select

from db.models.user import User, UserNotification
from services.core.actors import Role
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic
from tests.pages.conftest import Clinic


@pytest.fixture(autouse=True)
def _no_notifications(clinic: Clinic) -> None:
    clinic.write(lambda s: s.execute(delete(UserNotification)) and None)


def tell(clinic, role, topic, subject_id=None, detail=""):
    person = clinic.cast[role]
    clinic.write(
        lambda s: user_notifications.tell(
            s,
            topic,
            User.id == person.id,
            subject_id=subject_id or person.id,
            detail=detail,
        )
    )


def entries(app):
    return [b for b in app.button if (b.key or "").startswith("notifications_open_")]


def texts(app):
    return " ".join(element.value for element in (*app.markdown, *app.caption))


def unread(kept):
    kept.rollback()
    rows = select(UserNotification.id).where(UserNotification.read_at.is_(None))
    return len(kept.scalars(rows).all())


@pytest.mark.parametrize("role", Role)
def test_before_anything_is_told_the_page_says_so(clinic, role):
    app = clinic.open("notifications", role)

    assert "No notifications yet." in texts(app)
    assert app.button(key="notifications_mark_all").disabled


def test_a_patient_follows_a_notification_to_the_document(clinic, file, maya, kept):
    filed = file(of=maya)

    app = clinic.open("notifications", Role.PATIENT)
    (entry,) = entries(app)
    assert entry.label == "**Your clinic filed a document for you.**"
    assert "New · " in texts(app)
    entry.click().run()

    assert app.query_params["document"] in (str(filed.id), [str(filed.id)])
    assert unread(kept) == 0


@pytest.mark.parametrize(
    ("role", "topic", "detail", "title"),
    [
        (Role.PATIENT, NotificationTopic.OFFER, "", "My visits"),
        (Role.ADMIN, NotificationTopic.ALERT, "db-02 is *late*.", "Alerts"),
        (Role.ADMIN, NotificationTopic.DRILL, "Crashed primary. Kept.", "drills"),
        (Role.ADMIN, NotificationTopic.EMERGENCY, "", "Emergency access review"),
    ],
)
def test_each_kind_leads_to_where_it_is_seen_to(clinic, role, topic, detail, title):
    tell(clinic, role, topic, detail=detail)
    app = clinic.open("notifications", role)

    entries(app)[0].click().run()

    assert title.lower() in " ".join(heading.value for heading in app.title).lower()


def test_all_are_marked_as_read_and_stay_on_the_page(clinic, kept):
    tell(clinic, Role.ADMIN, NotificationTopic.ALERT, detail="The disk is full.")
    tell(clinic, Role.ADMIN, NotificationTopic.EMERGENCY)
    app = clinic.open("notifications", Role.ADMIN)

    app.button(key="notifications_mark_all").click().run()

    assert app.toast[0].value == "2 notifications are marked as read."
    assert len(entries(app)) == 2
    assert "New" not in texts(app)
    assert app.button(key="notifications_mark_all").disabled
    assert unread(kept) == 0


def test_what_somebody_else_is_told_is_not_there(clinic):
    tell(clinic, Role.ADMIN, NotificationTopic.ALERT, detail="The disk is full.")

    app = clinic.open("notifications", Role.STAFF)

    assert entries(app) == []


@pytest.mark.parametrize(
    ("topic", "detail", "label"),
    [
        (
            NotificationTopic.ALERT,
            "db-02 is 12.5 s behind.",
            "**Warnung: db-02 liegt 12,5 s zurück.**",
        ),
        (
            NotificationTopic.DRILL,
            "Crashed primary. No replica follows, so there is nobody to take over.",
            (
                "**Eine Ausfallübung ist beendet: Primärserver abgestürzt. Kein "
                "Replikat folgt, also kann niemand übernehmen.**"
            ),
        ),
    ],
)
def test_news_of_the_servers_is_in_the_language_of_its_reader(
    clinic, topic, detail, label
):
    clinic.speak_german(Role.ADMIN)
    tell(clinic, Role.ADMIN, topic, detail=detail)

    app = clinic.open("notifications", Role.ADMIN)

    assert [entry.label for entry in entries(app)] == [label]
