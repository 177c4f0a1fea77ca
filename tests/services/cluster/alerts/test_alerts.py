"""Alerts are stored with their rules, acknowledged, and sent to those rules name."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update

from dashboard.ui.language import long_date, using_language
from dashboard.ui.language.recorded_sentences import recorded_in
from db.models.replication import Alert, AlertNotification
from db.models.user import UserNotification
from services.cluster import alerts
from services.cluster.alerts import AlertChange, AlertKind, Post, RuleDraft
from services.cluster.alerts.rules import FIRST_RULES
from services.cluster.alerts.sending import claim_next
from services.core.actors import Role
from services.core.errors import InvalidInput, NotAllowed, NotFound, RuleChanged
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.kit.gateway import gateway
from tests.kit.mailbox import Mailbox, mailer_to

NOW = datetime.now(UTC)
DRAFT = RuleDraft(True, 20.0, 60.0, 5.0, 30.0)


def began(node="db-02", kind=AlertKind.LAG):
    return AlertChange(
        uuid4(), kind, node, "began", NOW, 34.0, 34.0, f"{node} is 34 s behind."
    )


def ended(alert_change):
    return replace(
        alert_change, what="ended", at=NOW + timedelta(seconds=90), worst=99.0
    )


def rules_of(session):
    return {rule.kind: rule for rule in alerts.every_rule(session)}


def change(session, admin, kind=AlertKind.LAG, **values):
    rule = rules_of(session)[kind]
    draft = replace(DRAFT, **values)
    return alerts.change_rule(session, admin, kind, draft, revision=rule.revision)


def tell(session, *changes):
    rules = rules_of(session)
    alerts.record(session, [alerts.notice_of(listed, rules) for listed in changes])


def messages(session):
    rows = session.scalars(
        select(AlertNotification).order_by(AlertNotification.id)
    ).all()
    return [(row.news, row.channel, row.address) for row in rows]


def test_every_kind_has_a_rule_and_all_are_watched(session, admin):
    revisions = alerts.list_rules(session, admin)

    assert [rule.kind for rule in revisions] == list(AlertKind)
    assert [rule.kind for rule in revisions if not rule.is_active] == []


def test_a_new_clinic_begins_with_the_first_rules(session):
    names = [field.name for field in fields(RuleDraft)]
    values = {
        kind: RuleDraft(**{name: getattr(rule, name) for name in names})
        for kind, rule in rules_of(session).items()
    }

    assert values == FIRST_RULES


def test_a_changed_rule_counts_its_changes_and_is_in_the_log(session, admin):
    revision = change(session, admin, mail_to=(" ann@example.org ", "ann@example.org"))

    assert (revision.threshold, revision.revision) == (20.0, 2)
    assert revision.mail_to == ("ann@example.org",)
    (event,) = events_of(session)
    assert (event.action, event.subject_id) == ("alert:change-rule", "lag")
    assert event.details["changed"]["threshold"] == [10.0, 20.0]


def test_a_rule_that_stays_as_it_is_was_not_changed(session, admin):
    first = change(session, admin)

    assert change(session, admin) == first
    assert len(events_of(session)) == 1


def test_a_webhooks_path_is_a_secret_that_the_log_does_not_keep(session, admin):
    first = change(session, admin, webhook_url="https://example.org/secret-one")
    second = change(session, admin, webhook_url="https://example.org/secret-two")

    assert (first.revision, second.revision) == (2, 3)
    for event in events_of(session):
        assert "secret" not in str(event.details)


def test_who_saw_an_older_rule_changes_nothing(session, admin):
    change(session, admin)

    with pytest.raises(RuleChanged):
        alerts.change_rule(session, admin, AlertKind.LAG, DRAFT, revision=1)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"for_seconds": -1}, "for_seconds"),
        ({"clear_seconds": 86_401}, "clear_seconds"),
        ({"clear_threshold": 21}, "clear_threshold"),
        ({"clear_threshold": -1}, "clear_threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"threshold": float("inf")}, "threshold"),
        ({"webhook_url": "http://hooks.example.org"}, "webhook_url"),
        ({"webhook_url": "https://"}, "webhook_url"),
        ({"webhook_url": "https://[::1"}, "webhook_url"),
        ({"webhook_url": "https://example.org/" + 500 * "x"}, "webhook_url"),
        ({"mail_to": ("nobody",)}, "mail_to"),
        ({"mail_to": tuple(f"a{n}@example.org" for n in range(21))}, "mail_to"),
    ],
    ids=[
        "before",
        "over a day",
        "clears above",
        "below nothing",
        "no number",
        "beyond all",
        "plain",
        "nowhere",
        "broken",
        "long",
        "no address",
        "too many",
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(session, admin, values, named):
    with pytest.raises(InvalidInput) as refused:
        change(session, admin, **values)

    assert refused.value.property_name == named


def test_a_webhook_that_is_too_long_is_told_how_long_it_may_be(session, admin):
    with pytest.raises(InvalidInput, match="at most 500 characters"):
        change(session, admin, webhook_url="https://example.org/" + 500 * "x")


def test_only_administrators_change_rules_and_acknowledge(session, clerk):
    with pytest.raises(NotAllowed):
        change(session, clerk)
    with pytest.raises(NotAllowed):
        alerts.acknowledge(session, clerk, uuid4())


def test_an_alert_is_open_until_it_ends_and_then_history(session, admin):
    alert_change = began()
    tell(session, alert_change)
    (is_open,) = alerts.list_open(session, admin)

    tell(session, ended(alert_change))

    assert (is_open.id, is_open.value, is_open.is_open) == (
        alert_change.alert_id,
        34.0,
        True,
    )
    assert alerts.list_open(session, admin) == ()
    session.expire_all()
    (ended_alert,) = alerts.list_alerts(session, admin)
    assert (ended_alert.worst, ended_alert.ended_at) == (
        99.0,
        NOW + timedelta(seconds=90),
    )


def test_two_who_watch_at_once_raise_one_alarm(session, admin):
    change(session, admin, mail_to=("ann@example.org",))

    tell(session, began(), began(), began("db-03"))

    assert [listed.node for listed in alerts.list_open(session, admin)] != ["db-02"] * 2
    assert len(alerts.list_open(session, admin)) == 2
    assert len(messages(session)) == 2


def test_administrators_are_told_of_an_alert_once_and_not_of_its_end(session):
    cast.add_actor(session, cast.CLEO)
    ines = cast.add_actor(session, cast.INES)
    alert_change = began()

    tell(session, alert_change, began(), ended(alert_change))

    (notification,) = session.scalars(select(UserNotification))
    assert (notification.user_id, notification.topic) == (ines.id, "alert")
    assert (notification.subject_id, notification.detail) == (
        alert_change.alert_id,
        "db-02 is 34 s behind.",
    )


def test_somebody_sees_to_an_alert_and_the_first_stays(session, admin):
    alert_change = began()
    tell(session, alert_change)

    first = alerts.acknowledge(session, admin, alert_change.alert_id)
    other = cast.act_as(cast.INES)

    assert first.acknowledged_by_name == admin.name
    assert alerts.acknowledge(session, other, alert_change.alert_id) == first
    assert [e.action for e in events_of(session)] == ["alert:acknowledge"]
    with pytest.raises(NotFound):
        alerts.acknowledge(session, admin, uuid4())


def test_everybody_whom_a_rule_names_is_told_of_both_ends(session, admin):
    hook = "https://hooks.example.org/a"
    change(session, admin, mail_to=("ann@example.org",), webhook_url=hook)
    alert_change = began()

    tell(session, alert_change, ended(alert_change))

    assert messages(session) == [
        ("began", "mail", "ann@example.org"),
        ("began", "webhook", hook),
        ("ended", "mail", "ann@example.org"),
        ("ended", "webhook", hook),
    ]


def send_all(session, post):
    sent = []
    while (claimed := alerts.claim_next(session)) is not None:
        sent.append(post.deliver(claimed.envelope))
        alerts.settle(session, claimed, is_sent=sent[-1])
    return sent


def test_mail_says_what_is_wrong_and_where_to_look(session, admin):
    change(session, admin, mail_to=("ann@example.org",))
    alert_change = began()
    tell(session, alert_change, ended(alert_change))
    mailbox = Mailbox()

    with mailer_to(mailbox, sender="chartroom@example.org") as mailer:
        assert send_all(session, Post(mailer, "Elm", "https://elm")) == [True, True]

    first, second = mailbox.emails
    assert first["Subject"] == "Elm: Alert: db-02 is 34 s behind."
    assert "https://elm/replication" in first.get_content()
    assert second["Subject"] == "Elm: Over: db-02 is 34 s behind."


@pytest.mark.parametrize(
    ("chosen", "usual"), [("de", "en"), (None, "de")], ids=["their own", "the clinic's"]
)
def test_mail_is_in_the_language_of_its_reader(session, admin, chosen, usual):
    cast.add_account(session, Role.ADMIN, email="Ann@Example.org", language=chosen)
    change(session, admin, mail_to=("ann@example.org",))
    alert_change = began()
    tell(session, alert_change, ended(alert_change))
    mailbox = Mailbox()

    with mailer_to(mailbox) as mailer:
        translate = partial(recorded_in, usual=usual)
        post = Post(mailer, "Elm", "https://elm", translate=translate)
        assert send_all(session, post) == [True, True]

    first, second = mailbox.emails
    assert first["Subject"] == "Elm: Warnung: db-02 liegt 34 s zurück."
    with using_language("de"):
        day = long_date(NOW.date())
    assert first.get_content().startswith(
        f"db-02 liegt 34 s zurück. Seit {day}, {NOW:%H:%M:%S} UTC."
    )
    assert second["Subject"] == "Elm: Vorbei: db-02 liegt 34 s zurück."
    assert second.get_content().startswith(f"Vorbei seit {day}, ")


def test_mail_to_other_addresses_is_in_the_clinics_language(session, admin):
    cast.add_account(session, Role.STAFF, email="on-call@example.org", language="de")
    change(session, admin, mail_to=("on-call@example.org",))
    tell(session, began())
    mailbox = Mailbox()

    with mailer_to(mailbox) as mailer:
        post = Post(mailer, translate=partial(recorded_in, usual="en"))
        assert send_all(session, post) == [True]

    [email] = mailbox.emails
    assert email["Subject"] == "Chartroom: Alert: db-02 is 34 s behind."


def test_without_a_primary_the_language_of_each_reader_is_still_known(session, admin):
    cast.add_account(session, Role.ADMIN, email="ann@example.org", language="de")
    change(session, admin, mail_to=("ann@example.org", "on-call@example.org"))

    standing = alerts.standing(session)
    notice = alerts.notice_of(began(), standing.rules, standing.languages)

    assert [each.language for each in notice.envelopes] == ["de", None]


def test_a_webhook_is_told_in_json(session, admin):
    with gateway() as hook:
        change(session, admin, webhook_url=hook.url)
        alert_change = began()
        tell(session, alert_change)
        assert send_all(session, Post(address="https://elm")) == [True]

    (got,) = hook.got
    assert got["body"] == {
        "alert": str(alert_change.alert_id),
        "kind": "lag",
        "node": "db-02",
        "news": "began",
        "at": NOW.isoformat(),
        "value": 34.0,
        "worst": 34.0,
        "text": f"db-02 is 34 s behind. Since {NOW:%Y-%m-%d %H:%M:%S} UTC.",
        "url": "https://elm/replication",
    }


def test_slack_is_told_the_sentence_and_where_to_look(session, admin):
    with gateway() as hook:
        change(session, admin, webhook_url=hook.url)
        tell(session, began())
        post = Post(clinic="Elm", address="https://elm", webhook_form="slack")
        assert send_all(session, post) == [True]

    (got,) = hook.got
    since = f"{NOW:%Y-%m-%d %H:%M:%S} UTC"
    sentence = f"db-02 is 34 s behind. Since {since}."
    assert got["body"] == {"text": f"Elm: {sentence} https://elm/replication"}


@pytest.mark.parametrize("answer", [500, 302], ids=["broken", "elsewhere"])
def test_what_is_not_taken_is_tried_again_and_given_up_in_the_end(
    session, admin, answer
):
    with gateway() as hook:
        hook.answer = answer
        change(session, admin, webhook_url=hook.url)
        tell(session, began())
        for _ in range(6):
            assert send_all(session, Post()) == [False]
            session.execute(update(AlertNotification).values(send_at=NOW))
        assert send_all(session, Post()) == []

    assert len(hook.got) == 6


def test_what_a_worker_has_claimed_that_died_is_due_again_within_minutes(
    session, admin
):
    change(session, admin, mail_to=("ann@example.org",))
    tell(session, began())
    claimed = alerts.claim_next(session)
    assert alerts.claim_next(session) is None
    assert claimed.until - session.scalar(select(func.now())) <= timedelta(minutes=5)

    session.execute(update(AlertNotification).values(send_at=NOW))
    again = alerts.claim_next(session)

    assert again.envelope == claimed.envelope
    # A sender that comes back late settles nothing for the current one.
    alerts.settle(session, replace(claimed, until=NOW), is_sent=True)
    assert session.scalar(select(AlertNotification.sent_at)) is None
    alerts.settle(session, again, is_sent=True)
    assert session.scalar(select(AlertNotification.sent_at))


def test_a_message_that_each_worker_dies_of_is_given_up(session, admin):
    change(session, admin, mail_to=("ann@example.org",))
    tell(session, began(), began("db-03"))
    worst, other = session.scalars(
        select(AlertNotification.id).order_by(AlertNotification.send_at)
    ).all()
    again = update(AlertNotification).where(AlertNotification.id == worst)
    for _ in range(6):
        session.execute(again.values(send_at=NOW - timedelta(hours=1)))
        assert alerts.claim_next(session).id == worst

    session.execute(again.values(send_at=NOW - timedelta(hours=1)))

    # The next one does not have to wait for it.
    assert alerts.claim_next(session).id == other
    given_up = select(AlertNotification.given_up_at).where(
        AlertNotification.id == worst
    )
    assert session.scalar(given_up)


def test_without_a_mail_server_a_message_waits(session, admin):
    change(session, admin, mail_to=("ann@example.org",))
    tell(session, began())

    assert send_all(session, Post()) == [False]


def test_what_was_told_in_an_outage_is_not_told_again(session, admin):
    change(session, admin, mail_to=("ann@example.org",))
    notice = alerts.notice_of(began(), rules_of(session))
    alerts.note_sent(notice, notice.envelopes[0])

    alerts.record(session, [notice])

    assert not alerts.standing(session).has_due_messages
    assert send_all(session, Post()) == []


def test_a_kind_of_a_later_version_is_left_to_that(session, admin):
    change(session, admin, mail_to=("ann@example.org",))
    tell(session, began())
    session.execute(text("ALTER TABLE alerts DROP CONSTRAINT alerts_kind_known"))
    session.execute(update(Alert).values(kind="of-a-later-version"))
    session.expire_all()

    assert messages(session) == [("began", "mail", "ann@example.org")]
    assert claim_next(session) is None
    assert alerts.standing(session).open_alerts == ()
    assert alerts.list_open(session, admin) == alerts.list_alerts(session, admin) == ()


def test_the_database_knows_one_open_alert_of_a_kind_and_server(session):
    alert = {"kind": "lag", "node": None, "sentence": "Late."}
    session.add(Alert(**alert, ended_at=NOW))
    session.add(Alert(**alert))
    session.flush()

    tell(session, began(None))

    assert len(session.scalars(select(Alert)).all()) == 2
