"""Actions on dashboards that are sent by mail, and on watched counts."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from services.analytics import count_alerts, subscriptions
from services.analytics.cohorts import Cohort, CohortEvent, EventKind
from services.analytics.count_alerts import AlertState, CountAlertDraft
from services.analytics.dashboards import DashboardFilter
from services.analytics.subscriptions import (
    Frequency,
    MailSender,
    SendingPlan,
    SubscriptionDraft,
)
from services.core.actors import Actor, Role
from services.core.audit import Action
from tests.services.core.audit_actions.world import ActionCall, World, prepares

_NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)


def _send(w: World) -> None:
    claimed = subscriptions.claim_next(w.session)
    assert claimed
    subscriptions.settle(w.session, claimed, is_sent=True)


def _subscription(w: World, *others: Actor) -> tuple[Actor, UUID]:
    return _subscribe(w, w.somebody(Role.ANALYST).actor, *others)


def _subscribe(w: World, analyst: Actor, *others: Actor) -> tuple[Actor, UUID]:
    draft = SubscriptionDraft(
        content="visits",
        filter=DashboardFilter(),
        recipients=(analyst.id, *(other.id for other in others)),
        plan=SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7),
    )
    given = (w.session, analyst, draft)
    return analyst, subscriptions.create(*given, now=_NOW, most=5)


@prepares(Action.SUBSCRIPTION_ADD)
def subscription_add(w: World) -> ActionCall:
    analyst = w.somebody(Role.ANALYST).actor
    return lambda: _subscribe(w, analyst)


@prepares(Action.SUBSCRIPTION_CHANGE)
def subscription_change(w: World) -> ActionCall:
    analyst, _made = _subscription(w)
    [seen] = subscriptions.list_subscriptions(w.session, analyst)
    wanted = {"recipients": seen.recipients, "plan": replace(seen.plan, hour=8)}
    return lambda: subscriptions.change(w.session, analyst, seen, now=_NOW, **wanted)


@prepares(Action.SUBSCRIPTION_STOP)
def subscription_stop(w: World) -> ActionCall:
    analyst, made = _subscription(w)
    return lambda: subscriptions.stop(w.session, analyst, made)


@prepares(Action.SUBSCRIPTION_RESUME)
def subscription_resume(w: World) -> ActionCall:
    analyst, made = _subscription(w)
    return lambda: subscriptions.resume(w.session, analyst, made, now=_NOW)


@prepares(Action.SUBSCRIPTION_SEND_NOW)
def subscription_send_now(w: World) -> ActionCall:
    analyst, made = _subscription(w)
    return lambda: subscriptions.send_now(w.session, analyst, made, now=_NOW)


@prepares(Action.SUBSCRIPTION_SEND)
def subscription_send(w: World) -> ActionCall:
    analyst, made = _subscription(w)
    subscriptions.send_now(w.session, analyst, made, now=_NOW)
    due = subscriptions.find_due(w.session, _NOW)
    assert due
    given = {"now": _NOW, "sender": MailSender()}
    papers = dict.fromkeys(due.recipients, b"%PDF-1.7")
    subscriptions.finish(w.session, due, papers, **given)
    return lambda: _send(w)


@prepares(Action.SUBSCRIPTION_LEAVE)
def subscription_leave(w: World) -> ActionCall:
    other = w.somebody(Role.ANALYST).actor
    _analyst, made = _subscription(w, other)
    return lambda: subscriptions.leave(w.session, other, made)


@prepares(Action.SUBSCRIPTION_DELETE)
def subscription_delete(w: World) -> ActionCall:
    analyst, made = _subscription(w)
    return lambda: subscriptions.delete(w.session, analyst, made)


def _alert(w: World) -> tuple[Actor, UUID]:
    return _watch(w, w.somebody(Role.ANALYST).actor)


def _watch(w: World, analyst: Actor) -> tuple[Actor, UUID]:
    draft = CountAlertDraft(
        name="Visits",
        question=Cohort(entry=CohortEvent(kind=EventKind.VISIT)),
        is_above=True,
        line=100,
    )
    given = {"now": _NOW, "most": 5, "smallest_group": 5}
    return analyst, count_alerts.create(w.session, analyst, draft, **given)


def _tell(w: World) -> None:
    due = count_alerts.find_due(w.session, _NOW)
    assert due
    given = {"now": _NOW, "sender": MailSender(), "is_mailed": True}
    count_alerts.record_state(w.session, due, AlertState.BEYOND, **given)


@prepares(Action.COUNT_ALERT_ADD)
def count_alert_add(w: World) -> ActionCall:
    analyst = w.somebody(Role.ANALYST).actor
    return lambda: _watch(w, analyst)


@prepares(Action.COUNT_ALERT_CHANGE)
def count_alert_change(w: World) -> ActionCall:
    analyst, made = _alert(w)
    wanted = {"name": "Visits", "is_above": True, "line": 200}
    given = {"now": _NOW, "smallest_group": 5}
    return lambda: count_alerts.change(w.session, analyst, made, **wanted, **given)


@prepares(Action.COUNT_ALERT_TELL)
def count_alert_tell(w: World) -> ActionCall:
    _alert(w)
    return lambda: _tell(w)


@prepares(Action.COUNT_ALERT_SEND)
def count_alert_send(w: World) -> ActionCall:
    _alert(w)
    _tell(w)
    return lambda: _send(w)


@prepares(Action.COUNT_ALERT_DELETE)
def count_alert_delete(w: World) -> ActionCall:
    analyst, made = _alert(w)
    return lambda: count_alerts.delete(w.session, analyst, made)
