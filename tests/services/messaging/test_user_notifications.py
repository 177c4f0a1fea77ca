"""Notifications: each person's own, one per subject, until they are read or old."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update

from db.endpoints import Endpoints
from db.models.user import User, UserNotification
from db.postgres import ANONYMOUS, Database
from services.core.actors import Role, Scope
from services.core.errors import NotAllowed
from services.messaging import user_notifications
from services.messaging.user_notifications import (
    ADMINISTRATORS,
    KEPT,
    NotificationTopic,
)
from services.people import sessions
from tests.kit import cast
from tests.kit.audit_events import events_of


@pytest.fixture
def cleo(session):
    return cast.add_actor(session, cast.CLEO)


def tell(session, *people, topic=NotificationTopic.SHARED, subject_id=None, **more):
    user_notifications.tell(
        session,
        topic,
        User.id.in_([person.id for person in people]),
        subject_id=subject_id or uuid4(),
        **more,
    )


def sentences(session, actor, **options):
    listed = user_notifications.list_own(session, actor, **options)
    return [notification.sentence for notification in listed]


def grow_old(session, age):
    session.execute(update(UserNotification).values(created_at=func.now() - age))


def test_what_a_newer_version_tells_of_waits_for_that_version(session, cleo):
    tell(session, cleo, detail="Dora")
    # As the newer version's migration does before this version is gone.
    session.execute(
        text(
            "ALTER TABLE user_notifications"
            " DROP CONSTRAINT user_notifications_topic_known"
        )
    )
    newer = UserNotification(user_id=cleo.id, topic="tomorrow", subject_id=uuid4())
    session.add(newer)
    session.flush()

    [listed] = user_notifications.list_own(session, cleo)
    assert listed.topic is NotificationTopic.SHARED
    assert user_notifications.mark_read(session, cleo) == 1
    session.refresh(newer)
    assert newer.read_at is None


def test_whoever_looks_up_a_sign_in_may_count_what_is_unread(endpoints: Endpoints):
    with closing(Database(endpoints)) as database:
        # As with every page, before anybody is known.
        sign_in = database.read(
            lambda session: sessions.find(session, "no token"), identity=ANONYMOUS
        )

    assert sign_in.value is None


def test_people_read_their_own_the_newest_first(session, cleo, ines):
    tell(session, cleo, detail="Dora")
    tell(session, cleo, topic=NotificationTopic.OFFER)
    tell(session, ines, topic=NotificationTopic.ALERT, detail="The disk is full.")

    first, second = sentences(session, cleo)

    assert first.startswith("A time that you are waiting for is free.")
    assert second == "Dora lets you open a confidential document."
    assert sentences(session, ines) == ["Alert: The disk is full."]


def test_somebody_is_told_of_a_thing_once(session, cleo):
    thing = uuid4()

    for _ in range(2):
        tell(session, cleo, subject_id=thing)
    tell(session, cleo)

    assert len(sentences(session, cleo)) == 2


def test_neither_programs_nor_who_was_shut_out_are_told(session, ines):
    program = cast.add_account(session, Role.ADMIN, email=None)
    former = cast.add_account(session, Role.ADMIN, deactivated_at=func.now())

    user_notifications.tell(
        session, NotificationTopic.ALERT, ADMINISTRATORS, subject_id=uuid4()
    )

    recipients = session.scalars(select(UserNotification.user_id)).all()
    assert ines.id in recipients
    assert not {program.id, former.id} & set(recipients)


def test_all_or_some_are_marked_as_read_and_that_is_written_down(session, cleo, ines):
    for _ in range(3):
        tell(session, cleo, ines)
    newest = user_notifications.list_own(session, cleo)[0]

    counts = [
        user_notifications.mark_read(session, cleo, [newest.id]),
        user_notifications.mark_read(session, cleo),
        user_notifications.mark_read(session, cleo),
    ]

    assert counts == [1, 2, 0]
    assert sentences(session, cleo, unread_only=True) == []
    assert len(sentences(session, cleo)) == 3
    marks = events_of(session, "notification:mark-read")
    assert [len(mark.details["notifications"]) for mark in marks] == [1, 2]
    assert len(sentences(session, ines, unread_only=True)) == 3


def test_nobody_marks_what_is_somebody_elses(session, cleo, ines):
    tell(session, ines)
    (hers,) = user_notifications.list_own(session, ines)

    assert user_notifications.mark_read(session, cleo, [hers.id]) == 0


def test_a_token_that_was_made_for_less_reads_none(session, cleo):
    limited = replace(cleo, scopes=frozenset({Scope.READ_PATIENTS}))

    for call in (user_notifications.list_own, user_notifications.mark_read):
        with pytest.raises(NotAllowed, match="read your notifications"):
            call(session, limited)


def test_a_sign_in_knows_what_is_unread_without_another_statement(session, cleo, ines):
    token = sessions.start(
        session, cleo.id, method="code", network=None, browser=None
    ).token
    before = sessions.find(session, token)
    for _ in range(2):
        tell(session, cleo, ines)

    again = sessions.find_all(session, {before.record.id: before})[before.record.id]

    assert (before.unread, again.unread) == (0, 2)
    assert sessions.find(session, token) == replace(again, at=again.at)


def test_more_than_a_hundred_are_not_counted(session, cleo):
    token = sessions.start(
        session, cleo.id, method="code", network=None, browser=None
    ).token
    for _ in range(101):
        tell(session, cleo)

    assert sessions.find(session, token).unread == 100


@pytest.mark.parametrize(
    ("age", "left"), [(KEPT - timedelta(hours=1), 1), (KEPT + timedelta(hours=1), 0)]
)
def test_what_is_older_than_ninety_days_is_deleted(session, cleo, age, left):
    tell(session, cleo)
    grow_old(session, age)

    user_notifications.forget(session)

    assert len(sentences(session, cleo)) == left


def test_what_is_taken_back_is_there_for_nobody_or_for_none_of_these(
    session, cleo, ines
):
    thing, other = uuid4(), uuid4()
    for subject in (thing, other):
        tell(session, cleo, ines, subject_id=subject)

    user_notifications.take_back(session, NotificationTopic.SHARED, thing, [cleo.id])
    user_notifications.take_back(session, NotificationTopic.SHARED, other)

    assert (len(sentences(session, cleo)), len(sentences(session, ines))) == (0, 1)
