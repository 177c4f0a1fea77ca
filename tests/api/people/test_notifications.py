"""Notifications for programs that act for somebody: their own, and marked as read."""

from uuid import uuid4

import pytest

from db.models.user import User
from db.postgres import SYSTEM
from services.core.actors import Role
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic
from tests.api.conftest import NEWEST

PATH = "/api/v1/notifications"


@pytest.fixture
def maya(as_role):
    return as_role(Role.PATIENT)


@pytest.fixture
def notified_subjects(application):
    """The subjects of two offers of which the patient of the cast was notified."""
    subjects = [uuid4(), uuid4()]

    def tell(session):
        for subject_id in subjects:
            user_notifications.tell(
                session,
                NotificationTopic.OFFER,
                User.role == Role.PATIENT.value,
                subject_id=subject_id,
            )

    application.database.write(tell, identity=SYSTEM)
    return [str(subject) for subject in subjects]


def listed(client, **parameters):
    answer = client.get(PATH, params=parameters, headers=NEWEST)
    return answer.json()["notifications"]


def test_ones_own_are_listed_the_newest_first_and_marked_as_read(
    maya, notified_subjects, as_role
):
    newest, older = listed(maya, per_page=2)
    first = maya.post(f"{PATH}/read", {"uuids": [newest["uuid"]]})
    left = listed(maya, unread=True)
    rest = maya.post(f"{PATH}/read")

    assert [newest["subject"], older["subject"]] == notified_subjects[::-1]
    assert newest["topic"] == "offer"
    assert newest["text"].startswith("A time that you are waiting for")
    assert first.json() == {"read": 1}
    assert older["uuid"] in [notification["uuid"] for notification in left]
    assert newest["uuid"] not in [notification["uuid"] for notification in left]
    assert rest.json()["read"] == len(left)
    assert listed(maya, unread=True) == []
    assert not any(n["topic"] == "offer" for n in listed(as_role(Role.STAFF)))


def test_what_is_no_uuid_is_refused_with_the_fields_name(maya):
    answer = maya.post(f"{PATH}/read", {"uuids": ["one"]})

    assert answer.status_code == 400
    assert "uuids" in answer.text
