"""Rows go back, and what was purged, taken away, held or sent since stays so.

Each case does something with Chartroom's own services, undoes it in the rows, as a
restore does, and replays from the audit log what has to stay.
"""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import event, insert, select, text, update

from db.files.seal_keys import SealKeyFile
from db.models.audit import AuditEvent, AuditHead, AuditSeal
from db.models.booking import Appointment, VisitNotification
from db.models.document import Document, DocumentShare, DocumentVersion
from db.models.integrity import (
    BackupRequest,
    PendingFileDeletion,
    RestoreLook,
    RestorePreview,
)
from db.models.patient import Patient
from db.models.replication import (
    Alert,
    AlertNotification,
    ClusterOperation,
    DrillPlan,
)
from db.models.user import (
    ApiToken,
    Invitation,
    LoginCode,
    Passkey,
    User,
    UserIdentity,
    UserNotification,
    UserSession,
)
from db.models.view import AnalystMail, CountAlert, DashboardSubscription
from jobs.backups.going_back.replaying import GoingBackOrder, Rejoined, replay
from services.analytics import subscriptions
from services.audit.chain import Link
from services.audit.chain.entries import START, WAITING, chain
from services.backups.ledger import read_since
from services.core.actors import CONSOLE, Role
from services.core.audit import Action
from services.visits.front_desk.appointments import phoning
from tests.kit.audit_events import events_of
from tests.services.core.audit_actions import PREPARATIONS, World

ORDER = GoingBackOrder(datetime(2026, 11, 25, 12, tzinfo=UTC), "By mistake", CONSOLE)
END = Link(41, bytes(32))


@pytest.fixture
def world(session, files, tmp_path):
    return World(session, files, SimpleNamespace(), tmp_path)


@pytest.fixture
def keys(tmp_path):
    return SealKeyFile(tmp_path / "audit.key", may_be_made=True).read_or_make()


@pytest.fixture
def go_back(session, keys):
    """Do something, let the rows go back to before it, and replay the log."""

    def going_back(do, *, is_complete=True):
        session.flush()
        with_it = session.begin_nested()
        do()
        session.flush()
        entries, _ = chain(START, session.execute(WAITING).all(), datetime.now(UTC))
        with_it.rollback()
        session.expire_all()
        since = read_since(entries)
        rejoined = Rejoined(END, since, keys, "20261125T020000Z-0001", is_complete)
        replay(session, ORDER, rejoined)
        session.flush()
        session.expire_all()
        return since

    return going_back


# Shows that an action still holds: one value, which the row did not have before.
STANDING = {
    Action.DOCUMENT_PURGE: select(Document.purged_at),
    Action.PATIENT_ERASE: select(Patient.erased_at),
    Action.USER_DEACTIVATE: select(User.deactivated_at).where(User.name != "Boss"),
    Action.SYSTEM_SWITCH_OFF: select(User.deactivated_at).where(User.name != "Boss"),
    # The keys and scopes that it had then may have been taken from it since.
    Action.SYSTEM_CHANGE: select(User.deactivated_at).where(User.name != "Boss"),
    Action.SYSTEM_WITHDRAW_GROUP: select(User.deactivated_at).where(
        User.name == "Regional record"
    ),
    Action.TOKEN_REVOKE: select(ApiToken.revoked_at),
    Action.SHARE_REVOKE: select(DocumentShare.revoked_at),
    Action.DOCUMENT_HOLD: select(Document.held_because),
    Action.NOTIFICATION_SEND: select(VisitNotification.sent_at),
    # Nobody is phoned twice about one visit.
    Action.VISIT_PHONE: select(Appointment.phoned_at),
    Action.COUNT_ALERT_TELL: select(CountAlert.crossed_at),
}


@pytest.mark.parametrize("action", STANDING, ids=str)
def test_it_stands_although_the_rows_went_back(world, go_back, action):
    do, standing = PREPARATIONS[action](world), STANDING[action]
    assert not any(world.session.scalars(standing))

    go_back(do)

    assert any(world.session.scalars(standing))


def test_a_crossing_rings_again_since_its_bell_went_with_the_rows(world, go_back):
    go_back(PREPARATIONS[Action.COUNT_ALERT_TELL](world))

    [alert] = world.session.scalars(select(CountAlert))
    [rung] = world.session.scalars(
        select(UserNotification).where(UserNotification.topic == "count")
    )
    assert (rung.user_id, rung.subject_id) == (alert.owner_id, alert.id)
    assert rung.read_at is None


@pytest.mark.parametrize(
    ("action", "table"),
    [
        (Action.PASSKEY_REMOVE, Passkey),
        (Action.IDENTITY_UNLINK, UserIdentity),
    ],
    ids=str,
)
def test_what_somebody_could_prove_themselves_with_is_gone(
    world, go_back, action, table
):
    do = PREPARATIONS[action](world)
    assert len(world.session.scalars(select(table)).all()) == 1

    go_back(do)

    assert world.session.scalars(select(table)).all() == []


def test_passkeys_that_were_reset_are_gone(world, go_back):
    do = PREPARATIONS[Action.USER_RESET_PASSKEYS](world)
    person = world.session.scalars(select(User).order_by(User.id)).all()[-1]
    world.session.execute(
        insert(Passkey).values(
            user_id=person.id,
            credential_id=b"1",
            public_key=b"2",
            sign_count=0,
            name="Phone",
        )
    )

    since = go_back(do)

    assert since.without_passkeys == {person.id}
    assert world.session.scalars(select(Passkey)).all() == []


@pytest.mark.parametrize(
    ("then", "now", "stands"),
    [
        ("admin", "staff", "staff"),
        ("clinician", "analyst", "analyst"),
        ("staff", "admin", "staff"),
    ],
)
def test_of_two_roles_the_one_that_opens_less_stands(world, go_back, then, now, stands):
    rosa = world.somebody(Role.STAFF).actor
    world.session.execute(update(User).where(User.id == rosa.id).values(role=then))
    details = {"changed": {"role": [then, now]}}

    go_back(lambda: note(world.session, "user:change-role", rosa.id, details))

    assert world.session.get(User, rosa.id).role == stands


def note(session, action, subject_id, details):
    session.execute(
        insert(AuditEvent).values(
            action=action,
            subject_kind="user",
            subject_id=str(subject_id),
            details=details,
        )
    )


def test_who_was_let_in_again_is_as_then(world, go_back):
    rosa = world.somebody(Role.STAFF).actor

    def leave_and_return():
        note(world.session, "user:deactivate", rosa.id, {})
        note(world.session, "user:reactivate", rosa.id, {})

    go_back(leave_and_return)

    assert world.session.get(User, rosa.id).deactivated_at is None


def test_a_purged_document_has_no_file_and_a_hold_of_then_is_no_way_back(
    world, go_back
):
    do = PREPARATIONS[Action.DOCUMENT_PURGE](world)
    file_id = world.session.scalars(select(DocumentVersion.file_id)).one()

    go_back(do)

    document = world.session.scalars(select(Document)).one()
    assert (document.title, document.description) == ("Purged document", "")
    assert world.session.scalars(select(DocumentVersion.file_id)).all() == [None]
    due = world.session.scalars(select(PendingFileDeletion)).one()
    assert (due.file_id, due.because) == (file_id, "purged")
    assert due.due_at is not None


def test_everybody_signs_in_anew(world, go_back):
    boss = world.boss
    PREPARATIONS[Action.USER_INVITE](world)()
    world.session.execute(
        insert(LoginCode).values(
            user_id=boss.actor.id,
            browser_hash=b"1",
            salt=b"2",
            code_hash=b"3",
            expires_at=datetime.now(UTC) + timedelta(minutes=5),
        )
    )

    go_back(lambda: None)

    now = world.session.scalar(select(text("now()")))
    assert None not in world.session.scalars(select(UserSession.ended_at)).all()
    assert None not in world.session.scalars(select(LoginCode.used_at)).all()
    assert all(
        invited.expires_at <= now
        for invited in world.session.scalars(select(Invitation))
        if invited.used_at is None
    )


def test_letters_of_unknown_fate_are_not_sent_again(world, go_back):
    PREPARATIONS[Action.NOTIFICATION_SEND](world)

    go_back(lambda: None)
    waiting = world.session.scalars(select(VisitNotification.given_up_at)).all()
    go_back(lambda: None, is_complete=False)

    assert waiting == [None]
    assert None not in world.session.scalars(select(VisitNotification.given_up_at))


def test_a_call_that_was_taken_back_is_not_noted(world, go_back):
    do = PREPARATIONS[Action.VISIT_PHONE](world)

    def phone_and_take_back():
        noted = do()
        given = world.session, world.clerk, noted.id
        phoning.undo_call(*given, last_call_at=noted.call.at)

    go_back(phone_and_take_back)

    assert world.session.scalars(select(Appointment.phoned_at)).all() == [None]


def test_a_call_of_before_that_was_taken_back_since_stays_taken_back(world, go_back):
    do = PREPARATIONS[Action.VISIT_UNDO_PHONE](world)
    assert world.session.scalars(select(Appointment.phoned_at)).all() != [None]

    go_back(do)

    visit = world.session.scalars(select(Appointment)).one()
    said = visit.phone_outcome, visit.phoned_by, visit.phoned_by_name, visit.phoned_at
    assert said == (None, None, None, None)


def test_a_call_says_who_phoned_and_what_came_of_it(world, go_back):
    go_back(PREPARATIONS[Action.VISIT_PHONE](world))

    visit = world.session.scalars(select(Appointment)).one()
    said = visit.phone_outcome, visit.phoned_by, visit.phoned_by_name
    assert said == ("reached", world.clerk.id, world.clerk.name)


@pytest.mark.parametrize("action", [Action.SUBSCRIPTION_SEND, Action.COUNT_ALERT_SEND])
def test_no_mail_to_analysts_goes_out_twice(world, go_back, action):
    do, mails = PREPARATIONS[action](world), select(AnalystMail.id)
    world.session.flush()
    waiting = world.session.scalars(mails).all()
    assert waiting

    go_back(lambda: None)
    assert world.session.scalars(mails).all() == waiting
    go_back(do)

    assert world.session.scalars(mails).all() == []


def test_mails_to_analysts_of_unknown_fate_are_not_sent_again(world, go_back):
    PREPARATIONS[Action.SUBSCRIPTION_SEND](world)

    go_back(lambda: None, is_complete=False)

    assert world.session.scalars(select(AnalystMail.id)).all() == []


def test_papers_that_wait_are_not_read_to_find_which_went_out(world):
    PREPARATIONS[Action.SUBSCRIPTION_SEND](world)
    session, statements = world.session, []
    session.flush()
    session.expunge_all()
    event.listen(
        session.connection(),
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: statements.append(statement),
    )

    subscriptions.skip_sent_mails(session, {}, (), is_complete=True)

    assert any("analyst_mails.subject" in statement for statement in statements)
    assert not any("analyst_mails.paper" in statement for statement in statements)


@pytest.mark.parametrize("is_sent", [True, False])
def test_a_dashboard_that_was_made_and_sent_since_is_not_made_again(
    world, go_back, is_sent
):
    PREPARATIONS[Action.SUBSCRIPTION_RESUME](world)
    row = world.session.scalars(select(DashboardSubscription)).one()
    due_at = datetime.now(UTC) - timedelta(hours=3)
    due_at = due_at.replace(minute=0, second=0, microsecond=0)
    row.next_at, row.hour, row.day = due_at, due_at.hour, due_at.weekday()

    def send():
        details = {"attempt": 1, "person": str(row.owner_id)}
        if is_sent:
            note(world.session, "subscription:send", row.id, details)

    go_back(send)

    world.session.refresh(row)
    assert row.next_at == (due_at + timedelta(weeks=1) if is_sent else due_at)


def test_whoever_was_told_of_alerts_drills_visits_or_news_is_not_told_twice(
    world, go_back
):
    session, now = world.session, datetime.now(UTC)
    PREPARATIONS[Action.VISIT_PHONE](world)
    soon = {"starts_at": now + timedelta(hours=1), "ends_at": now + timedelta(hours=2)}
    session.execute(update(Appointment).values(**soon, reminded_at=None))
    session.execute(insert(DrillPlan).values(kind="switchover", next_on=now.date()))
    alert_id = uuid4()
    session.execute(
        insert(Alert).values(id=alert_id, kind="disk", node="db-01", sentence="Full.")
    )
    for channel, address in (("mail", "a@example.org"), ("webhook", "https://b")):
        session.execute(
            insert(AlertNotification).values(
                alert_id=alert_id, news="began", channel=channel, address=address
            )
        )
    news = {"user_id": world.boss.actor.id, "topic": "alert", "subject_id": alert_id}
    for at in (now - timedelta(minutes=1), now + timedelta(hours=1)):
        session.execute(insert(UserNotification).values(**news, mail_at=at))

    go_back(lambda: None)

    def known(column):
        return [value is not None for value in session.scalars(select(column))]

    assert known(Appointment.reminded_at) == [True]
    assert known(DrillPlan.reminded_at) == [True]
    assert known(AlertNotification.given_up_at) == [True, True]
    # What is due later is still sent.
    is_news = UserNotification.topic == "alert"
    mails = session.scalars(select(UserNotification.mail_at).where(is_news)).all()
    assert set(mails) == {None, now + timedelta(hours=1)}


def test_nobody_goes_on_with_what_was_under_way_then(world, go_back):
    session, by = world.session, {"requested_by": uuid4(), "requested_by_name": "Ines"}
    session.execute(insert(BackupRequest).values(**by))
    for request in (RestorePreview, RestoreLook):
        session.execute(insert(request).values(as_of=ORDER.to, **by))
    for state in ("running", "scheduled"):
        session.execute(insert(ClusterOperation).values(kind="switchover", state=state))
    for status in ("todo", "doing"):
        session.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status) "
                "VALUES ('default', 'purge_jobs', CAST(:status AS "
                "procrastinate_job_status))"
            ),
            {"status": status},
        )

    go_back(lambda: None)

    states = session.scalars(select(ClusterOperation.state)).all()
    jobs = session.scalars(text("SELECT status::text FROM procrastinate_jobs")).all()
    assert sorted(states) == ["cancelled", "failed"]
    assert sorted(jobs) == ["cancelled", "failed"]
    for request in (BackupRequest, RestorePreview, RestoreLook):
        failure = session.scalars(select(request.failure)).one()
        assert failure.startswith("The clinic went back")


def test_the_log_goes_on_at_its_end_and_says_who_and_why(world, go_back):
    before = world.session.scalars(select(AuditEvent.id)).all()
    shipped = PREPARATIONS[Action.TOKEN_REVOKE](world)

    since = go_back(shipped)

    head = world.session.scalars(select(AuditHead)).one()
    seal = world.session.scalars(select(AuditSeal)).one()
    waiting = events_of(world.session)
    assert (head.sequence, head.hash) == (END.sequence, END.hash)
    assert (seal.sequence, seal.hash) == (END.sequence, END.hash)
    # Events that the log has no longer wait; the last action does.
    assert since.events.isdisjoint(event.id for event in waiting)
    assert set(before) <= since.events
    (event,) = (each for each in waiting if each.action == "backup:go-back")
    assert (event.reason, event.actor_id) == ("By mistake", CONSOLE.id)
    assert event.details["to"].startswith("2026-11-25T12:00:00")
    assert event.details["revoked"] == 1
