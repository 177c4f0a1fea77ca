"""Only the owner changes what is sent by mail: when, and to whom."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.models.view import DashboardSubscription
from services.analytics import dashboards, subscriptions
from services.analytics.dashboards import DashboardDraft
from services.analytics.subscriptions import Frequency, SendingPlan, SubscriptionDraft
from services.analytics.subscriptions.changing import SubscriptionChanged
from services.analytics.subscriptions.subscriptions import AlreadySent
from services.core.errors import InvalidInput, NotFound
from tests.kit.audit_events import events_of

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
MONDAYS = SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7)
MONTHLY = SendingPlan(frequency=Frequency.MONTHLY, day=3, hour=18)


@pytest.fixture
def subscribe(session, analyst):
    """Subscribes to something on Mondays, and returns the subscription."""

    def add(*people, content="visits"):
        draft = SubscriptionDraft(
            content=content, recipients=tuple(p.id for p in people), plan=MONDAYS
        )
        made = subscriptions.create(session, analyst, draft, now=NOW, most=9)
        return listed(session, analyst, made)

    return add


def listed(session, actor, subscription_id):
    known = subscriptions.list_subscriptions(session, actor)
    return next(each for each in known if each.id == subscription_id)


def change(session, actor, seen, *people, plan=MONDAYS, now=NOW):
    recipients = [each.id for each in people]
    given = {"recipients": recipients, "plan": plan, "now": now}
    subscriptions.change(session, actor, seen, **given)


def changes(session):
    return [event.details for event in events_of(session, "subscription:change")]


def test_it_is_sent_to_others_at_other_times_from_the_next_time_on(
    session, analyst, colleague, subscribe
):
    seen = subscribe(analyst)

    change(session, analyst, seen, colleague, plan=MONTHLY)

    now = listed(session, analyst, seen.id)
    assert (now.recipients, now.plan) == ({colleague.id: colleague.name}, MONTHLY)
    assert now.next_at == datetime(2026, 12, 3, 18, tzinfo=UTC)
    assert changes(session) == [
        {
            "dashboard": "visits",
            "changed": {
                "people": [[str(analyst.id)], [str(colleague.id)]],
                "plan": [
                    "every Monday at 7:00",
                    "on day 3 of every month at 18:00",
                ],
            },
        }
    ]


def test_what_is_saved_as_it_was_is_no_change(session, analyst, subscribe):
    seen = subscribe(analyst)

    change(session, analyst, seen, analyst)

    assert listed(session, analyst, seen.id) == seen
    assert changes(session) == []


def test_it_is_refused_as_something_new_would_be(
    session, analyst, colleague, subscribe
):
    board = dashboards.create(session, analyst, DashboardDraft(name="Desk"))
    seen = subscribe(analyst, content=board.id)

    with pytest.raises(InvalidInput, match="to whom"):
        change(session, analyst, seen)
    with pytest.raises(InvalidInput, match="may not open this dashboard"):
        change(session, analyst, seen, analyst, colleague)
    with pytest.raises(InvalidInput, match="a day that every"):
        change(session, analyst, seen, analyst, plan=replace(MONTHLY, day=31))
    with pytest.raises(NotFound):
        change(session, colleague, seen, colleague)
    dashboards.delete(session, analyst, board.id)
    with pytest.raises(NotFound):
        change(session, analyst, seen, analyst, plan=MONTHLY)


def test_it_does_not_become_what_is_sent_already(
    session, analyst, colleague, subscribe
):
    subscribe(analyst, colleague)
    seen = subscribe(analyst)

    with pytest.raises(AlreadySent):
        change(session, analyst, seen, colleague, analyst)


def test_nobody_is_written_to_again_who_has_left_meanwhile(
    session, analyst, colleague, subscribe
):
    seen = subscribe(analyst, colleague)
    subscriptions.leave(session, colleague, seen.id)

    with pytest.raises(SubscriptionChanged, match="a recipient has left"):
        change(session, analyst, seen, analyst, colleague, plan=MONTHLY)

    now = listed(session, analyst, seen.id)
    assert (set(now.recipients), now.plan) == ({analyst.id}, MONDAYS)


def test_what_another_window_has_changed_is_not_changed_back(
    session, analyst, subscribe
):
    seen = subscribe(analyst)
    change(session, analyst, seen, analyst, plan=MONTHLY)

    with pytest.raises(SubscriptionChanged, match="another window"):
        change(session, analyst, seen, analyst, plan=replace(MONDAYS, hour=9))


def test_whoever_is_passed_over_at_present_stays_a_recipient(
    session, analyst, colleague, subscribe
):
    board = dashboards.create(session, analyst, DashboardDraft(name="Desk"))
    people = [colleague.id]
    dashboards.share(session, analyst, board.id, with_everybody=False, people=people)
    seen = subscribe(analyst, colleague, content=board.id)
    dashboards.share(session, analyst, board.id, with_everybody=False)

    change(session, analyst, seen, analyst, colleague, plan=MONTHLY)

    now = listed(session, analyst, seen.id)
    assert set(now.recipients) == {analyst.id, colleague.id}


def test_what_is_stopped_stays_so_and_is_resumed_at_the_new_time(
    session, analyst, subscribe
):
    made = subscribe(analyst)
    subscriptions.stop(session, analyst, made.id)
    seen = listed(session, analyst, made.id)

    change(session, analyst, seen, analyst, plan=MONTHLY)

    assert listed(session, analyst, made.id).next_at is None
    subscriptions.resume(session, analyst, made.id, now=NOW)
    resumed = listed(session, analyst, made.id)
    assert resumed.next_at == datetime(2026, 12, 3, 18, tzinfo=UTC)


def test_what_is_due_is_sent_to_those_who_are_chosen_now(
    session, analyst, colleague, subscribe
):
    seen = subscribe(analyst)
    due_at = NOW + timedelta(days=5)
    due = subscriptions.find_due(session, due_at)

    change(session, analyst, seen, colleague, plan=MONTHLY, now=due_at)

    # A worker that has begun to make it for the earlier recipients discards it.
    given = {"now": due_at, "sender": subscriptions.MailSender()}
    papers = {analyst.id: b"%PDF-1.7"}
    assert not subscriptions.finish(session, due, papers, **given)
    again = subscriptions.find_due(session, due_at)
    assert (again.recipients, again.plan) == ((colleague.id,), MONTHLY)
    row = session.get_one(DashboardSubscription, seen.id)
    assert row.next_at == due_at


def send(session, seen, *, due_at, now):
    """Have a worker write the mails that are due; `now` is when it has made them."""
    due = subscriptions.find_due(session, due_at)
    given = {"now": now, "sender": subscriptions.MailSender()}
    papers = dict.fromkeys(seen.recipients, b"%PDF-1.7")
    assert subscriptions.finish(session, due, papers, **given)


def test_it_is_sent_once_although_the_clock_is_set_back_while_it_is_made(
    session, analyst, subscribe
):
    seen = subscribe(analyst)

    send(session, seen, due_at=seen.next_at, now=seen.next_at - timedelta(seconds=2))

    now = listed(session, analyst, seen.id)
    assert now.next_at == seen.next_at + timedelta(days=7)


def test_it_is_sent_once_although_it_is_changed_by_a_clock_that_is_behind(
    session, analyst, colleague, subscribe
):
    seen = subscribe(analyst)
    send(session, seen, due_at=seen.next_at, now=seen.next_at)
    behind = seen.next_at - timedelta(minutes=2)

    change(session, analyst, seen, colleague, now=behind)
    changed = listed(session, analyst, seen.id).next_at
    subscriptions.stop(session, analyst, seen.id)
    subscriptions.resume(session, analyst, seen.id, now=behind)

    resumed = listed(session, analyst, seen.id).next_at
    assert changed == resumed == seen.next_at + timedelta(days=7)
