"""A dashboard is sent to people who may open it, and each of them may unsubscribe."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.analytics import dashboards, subscriptions
from services.analytics.dashboards import DashboardDraft, DashboardFilter
from services.analytics.subscriptions import (
    Frequency,
    SendingPlan,
    StopReason,
    SubscriptionDraft,
)
from services.analytics.subscriptions.contents import SavedList
from services.analytics.subscriptions.recipient_counts import count_recipients
from services.analytics.subscriptions.subscriptions import (
    AlreadySent,
    TooManySubscriptions,
)
from services.core.actors import Role
from services.core.errors import InvalidInput, NotFound
from services.lists import views
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients.records.model import Sex
from services.patients.search.fields import PATIENTS
from tests.kit import cast

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
MONDAYS = SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7)


@pytest.fixture
def made(session, analyst):
    return dashboards.create(session, analyst, DashboardDraft(name="Desk"))


def draft(dashboard, *people):
    return SubscriptionDraft(
        content=dashboard,
        filter=DashboardFilter(),
        recipients=tuple(each.id for each in people),
        plan=MONDAYS,
    )


def subscribe(session, actor, dashboard, *people, most=5):
    wanted = draft(dashboard, *people)
    return subscriptions.create(session, actor, wanted, now=NOW, most=most)


def test_what_is_sent_is_listed_for_its_owner_and_whoever_gets_it(
    session, analyst, colleague
):
    other = cast.add_actor(session, Role.ANALYST)
    made = subscribe(session, analyst, "visits", analyst, colleague)

    [own] = subscriptions.list_subscriptions(session, analyst)
    [sent] = subscriptions.list_subscriptions(session, colleague)

    assert own.id == sent.id == made
    assert (own.name, own.next_at) == (
        "Visits and no-shows",
        datetime(2026, 11, 30, 7, tzinfo=UTC),
    )
    assert own.recipients == {each.id: each.name for each in (analyst, colleague)}
    # Only the owner knows the other recipients.
    assert (sent.owner, sent.recipients) == (analyst.name, {})
    assert subscriptions.list_subscriptions(session, other) == ()


def test_a_second_press_sends_nothing_twice(session, analyst, colleague):
    made = subscribe(session, analyst, "visits", analyst, colleague)

    with pytest.raises(AlreadySent):
        subscribe(session, analyst, "visits", colleague, analyst)

    assert [each.id for each in subscriptions.list_subscriptions(session, analyst)] == [
        made
    ]


def test_the_same_is_sent_to_others_at_other_times_by_others_or_anew(
    session, analyst, colleague
):
    stopped = subscribe(session, analyst, "visits", analyst)
    subscriptions.stop(session, analyst, stopped)

    assert subscribe(session, analyst, "visits", analyst)
    assert subscribe(session, analyst, "patients", analyst)
    assert subscribe(session, analyst, "visits", analyst, colleague)
    assert subscribe(session, colleague, "visits", analyst)
    for change in (
        {"plan": replace(MONDAYS, hour=8)},
        {"filter": DashboardFilter(sexes=(Sex.MALE,))},
    ):
        other = replace(draft("visits", analyst), **change)
        assert subscriptions.create(session, analyst, other, now=NOW, most=9)


@pytest.mark.parametrize("again", [subscriptions.resume, subscriptions.send_now])
def test_what_was_stopped_is_not_sent_again_beside_the_same(session, analyst, again):
    stopped = subscribe(session, analyst, "visits", analyst)
    subscriptions.stop(session, analyst, stopped)
    other = subscribe(session, analyst, "visits", analyst)

    with pytest.raises(AlreadySent):
        again(session, analyst, stopped, now=NOW)

    subscriptions.delete(session, analyst, other)
    again(session, analyst, stopped, now=NOW)


@pytest.mark.parametrize("again", [subscriptions.resume, subscriptions.send_now])
def test_what_its_owner_may_not_open_any_more_is_not_sent_again(
    session, analyst, colleague, made, again
):
    people = [colleague.id]
    dashboards.share(session, analyst, made.id, with_everybody=False, people=people)
    own = subscribe(session, analyst, made.id, analyst)
    others = subscribe(session, colleague, made.id, colleague)

    dashboards.share(session, analyst, made.id, with_everybody=False)
    with pytest.raises(NotFound, match="cannot be sent"):
        again(session, colleague, others, now=NOW)
    again(session, analyst, own, now=NOW)
    dashboards.delete(session, analyst, made.id)

    with pytest.raises(NotFound, match="cannot be sent"):
        again(session, analyst, own, now=NOW)


def test_recipients_of_colleagues_are_counted_by_the_owner_of_a_dashboard_alone(
    session, analyst, colleague, made
):
    other = cast.add_actor(session, Role.ANALYST)
    people = [colleague.id, other.id]
    dashboards.share(session, analyst, made.id, with_everybody=False, people=people)
    subscribe(session, analyst, made.id, analyst, other)
    subscribe(session, colleague, made.id, colleague, other)
    stopped = subscribe(session, colleague, made.id, colleague)
    subscriptions.stop(session, colleague, stopped)

    assert count_recipients(session, analyst, made.id) == 3
    assert count_recipients(session, colleague, made.id) == 2
    assert count_recipients(session, other, made.id) == 0


def test_nobody_is_chosen_who_may_not_open_it(session, analyst, colleague, made):
    with pytest.raises(InvalidInput, match="may not open this dashboard"):
        subscribe(session, analyst, made.id, analyst, colleague)

    people = [colleague.id]
    dashboards.share(session, analyst, made.id, with_everybody=False, people=people)

    assert subscribe(session, analyst, made.id, analyst, colleague)
    assert subscribe(session, colleague, made.id, colleague)


@pytest.mark.parametrize(
    "values", [{"email": None}, {"deactivated_at": NOW}, {"role": Role.STAFF}]
)
def test_nobody_is_offered_who_counts_nothing_or_has_no_address(
    session, analyst, values
):
    role = values.get("role", Role.ANALYST)
    rest = {name: value for name, value in values.items() if name != "role"}
    somebody = cast.add_actor(session, role, **rest)

    offered = subscriptions.list_eligible_recipients(session, analyst, "visits")

    assert offered == {analyst.id: analyst.name}
    with pytest.raises(InvalidInput, match="no e-mail address"):
        subscribe(session, analyst, "visits", somebody)


def test_it_is_sent_to_somebody_and_of_something(session, analyst, colleague, made):
    with pytest.raises(InvalidInput, match="to whom"):
        subscribe(session, analyst, "visits")
    with pytest.raises(InvalidInput, match="a dashboard"):
        subscribe(session, analyst, "no such", analyst)
    with pytest.raises(NotFound):
        subscribe(session, colleague, made.id, colleague)
    wrong = replace(draft("visits", analyst), plan=replace(MONDAYS, day=9))
    with pytest.raises(InvalidInput, match="day"):
        subscriptions.create(session, analyst, wrong, now=NOW, most=5)


def test_there_are_as_many_as_the_clinic_lets_anybody_have(session, analyst):
    subscribe(session, analyst, "visits", analyst, most=1)

    with pytest.raises(TooManySubscriptions, match="You have 1"):
        subscribe(session, analyst, "papers", analyst, most=1)


def test_its_owner_alone_stops_resumes_and_deletes_it(session, analyst, colleague):
    made = subscribe(session, analyst, "visits", analyst, colleague)
    for act in (subscriptions.stop, subscriptions.delete):
        with pytest.raises(NotFound):
            act(session, colleague, made)
    for act in (subscriptions.resume, subscriptions.send_now):
        with pytest.raises(NotFound):
            act(session, colleague, made, now=NOW)

    subscriptions.stop(session, analyst, made)
    [stopped] = subscriptions.list_subscriptions(session, analyst)
    subscriptions.resume(session, analyst, made, now=NOW)
    [resumed] = subscriptions.list_subscriptions(session, analyst)
    subscriptions.delete(session, analyst, made)

    assert (stopped.next_at, stopped.stopped_because) == (None, StopReason.PERSON)
    assert resumed.next_at == datetime(2026, 11, 30, 7, tzinfo=UTC)
    assert subscriptions.list_subscriptions(session, colleague) == ()


def test_whoever_gets_it_may_leave_and_others_still_get_it(session, analyst, colleague):
    made = subscribe(session, analyst, "visits", analyst, colleague)

    subscriptions.leave(session, colleague, made)

    assert subscriptions.list_subscriptions(session, colleague) == ()
    [left] = subscriptions.list_subscriptions(session, analyst)
    assert left.recipients == {analyst.id: analyst.name}
    with pytest.raises(NotFound):
        subscriptions.leave(session, colleague, made)
    with pytest.raises(NotFound):
        subscriptions.leave(session, analyst, uuid4())


def test_whoever_may_not_open_it_any_more_does_not_learn_its_name(
    session, analyst, colleague, made
):
    people = [colleague.id]
    dashboards.share(session, analyst, made.id, with_everybody=False, people=people)
    subscribe(session, analyst, made.id, colleague)
    [shared] = subscriptions.list_subscriptions(session, colleague)
    dashboards.share(session, analyst, made.id, with_everybody=False)

    [taken] = subscriptions.list_subscriptions(session, colleague)
    [own] = subscriptions.list_subscriptions(session, analyst)
    dashboards.delete(session, analyst, made.id)
    [deleted] = subscriptions.list_subscriptions(session, colleague)

    assert (shared.name, shared.is_deleted) == ("Desk", False)
    assert (taken.name, taken.is_deleted) == ("", False)
    assert own.name == "Desk"
    assert (deleted.name, deleted.is_deleted) == ("", True)


def saved(session, actor, subject=PATIENTS):
    """Return a list that somebody has saved."""
    wanted = Criteria(where=Group(members=(Filter("sex", Operator.EQUAL, "female"),)))
    key = views.store_criteria(session, actor, wanted, subject=PATIENTS)
    return SavedList(views.save_view(session, actor, "Women", key, subject=subject).id)


def test_a_saved_list_goes_to_who_counts_cohorts_and_its_owner_alone_has_it_sent(
    session, analyst, colleague
):
    women, clerk = saved(session, analyst), cast.add_actor(session, Role.STAFF)

    made = subscribe(session, analyst, women, analyst, colleague)

    assert subscriptions.list_eligible_recipients(session, analyst, women) == {
        each.id: each.name for each in (analyst, colleague)
    }
    [sent] = subscriptions.list_subscriptions(session, colleague)
    assert (sent.id, sent.name, sent.content) == (made, "Women", women)
    with pytest.raises(InvalidInput, match="may not count cohorts"):
        subscribe(session, analyst, women, clerk)
    with pytest.raises(NotFound, match="no such view"):
        subscribe(session, colleague, women, colleague)
    with pytest.raises(NotFound, match="no such view"):
        subscribe(session, analyst, saved(session, clerk), analyst)


def test_a_list_that_was_deleted_has_no_name_and_nobody_is_sent_it(session, analyst):
    women = saved(session, analyst)
    subscribe(session, analyst, women, analyst)
    views.delete_view(session, analyst, women.view_id)

    [left] = subscriptions.list_subscriptions(session, analyst)
    due = subscriptions.find_due(session, NOW + timedelta(days=7))

    assert (left.name, left.is_deleted) == ("", True)
    assert (due.stop, due.recipients) == (StopReason.DASHBOARD, ())
