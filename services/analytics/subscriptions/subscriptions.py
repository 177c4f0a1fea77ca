"""Subscriptions as they are kept: made, stopped, deleted by their owner, and left."""

from collections.abc import Collection, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Final
from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from db.models.view import DashboardRow, DashboardSubscription, SavedView
from db.postgres import assume_role
from services.analytics import analysts
from services.analytics.dashboards import BUILT_IN
from services.analytics.dashboards.rows import is_readable
from services.analytics.dashboards.storing import filter_to_json
from services.analytics.subscriptions.cancelling import SUBJECT, cancel_waiting_mails
from services.analytics.subscriptions.contents import Content, SavedList
from services.analytics.subscriptions.eligible_recipients import (
    content_of,
    find_eligible,
    list_eligible_recipients,
)
from services.analytics.subscriptions.model import (
    CancelReason,
    Frequency,
    SendingPlan,
    StopReason,
    Subscription,
    SubscriptionDraft,
    checked_plan,
)
from services.core import audit, throttling
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput, NotFound
from services.core.sentences import Sentence

MOST_RECIPIENTS: Final = 50
# A filter that no dashboard has: a worker of the previous version, which does not know
# lists, cannot read it, and leaves the row to one that can.
_OF_A_LIST: Final = {"timespan": "of a list"}


class TooManySubscriptions(Conflict):
    """The person has as many subscriptions as the clinic allows."""

    def __init__(self, most: int) -> None:
        super().__init__(
            Sentence(
                "You have {most} dashboards and lists sent by e-mail, which is the "
                "maximum. Delete one under Dashboards, then add another.",
                most=most,
            )
        )


class AlreadySent(Conflict):
    """The person already sends the same to the same people at the same times."""

    def __init__(self) -> None:
        super().__init__(
            "This is already sent to the same people at these times. It is listed "
            "under Dashboards."
        )


def list_subscriptions(session: Session, actor: Actor) -> tuple[Subscription, ...]:
    """Return what the actor sends, then what others send them; raises NotAllowed."""
    actor.require(Permission.COUNT_COHORTS)
    row = DashboardSubscription
    subscriptions = session.scalars(
        select(row)
        .where(or_(row.owner_id == actor.id, row.recipients.contains([actor.id])))
        .order_by(row.owner_id != actor.id, row.created_at, row.id)
    ).all()
    people = {each for row in subscriptions for each in (row.owner_id, *row.recipients)}
    dashboard_ids = {row.dashboard_id for row in subscriptions if row.dashboard_id}
    saved = {row.view_id for row in subscriptions if row.view_id}
    # Analysts see no other account, nor whether a dashboard that is no longer shared
    # with them still exists.
    names = analysts.find_names(session, people)
    with assume_role(session, "system"):
        titles = {
            **_titles(session, actor, dashboard_ids),
            **_view_names(session, saved),
        }
    return tuple(_subscription_of(row, actor, names, titles) for row in subscriptions)


def create(
    session: Session,
    actor: Actor,
    draft: SubscriptionDraft,
    *,
    now: datetime,
    most: int,
) -> UUID:
    """Have something sent from now on, and return the subscription's id.

    The caller commits. `now` is by the clinic's clock, and `most` is how many a person
    may have. Raises InvalidInput, TooManySubscriptions, AlreadySent, NotFound,
    NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    plan = checked_plan(draft.plan)
    recipients = checked_recipients(session, actor, draft.content, draft.recipients)
    _require_room(session, actor, most)
    content = draft.content
    is_list = isinstance(content, SavedList)
    row = DashboardSubscription(
        owner_id=actor.id,
        dashboard_id=content if isinstance(content, UUID) else None,
        ready=content if isinstance(content, str) else None,
        view_id=content.view_id if isinstance(content, SavedList) else None,
        shown=_OF_A_LIST if is_list else filter_to_json(draft.filter),
        recipients=recipients,
        rhythm=plan.frequency.value,
        day=plan.day,
        hour=plan.hour,
        next_at=plan.next_after(now),
    )
    require_new(session, row)
    session.add(row)
    session.flush()
    details = {
        **audit_details(content),
        "people": [str(each) for each in recipients],
        "plan": plan.words,
    }
    record(session, actor, Action.SUBSCRIPTION_ADD, row, details)
    return row.id


def stop(session: Session, actor: Actor, subscription_id: UUID) -> None:
    """Stop one of the actor's subscriptions; the caller commits.

    Waiting mails are no longer sent. Raises NotFound, NotAllowed.
    """
    row = get_own(session, actor, subscription_id)
    row.next_at, row.stopped_because = None, StopReason.PERSON.value
    cancel_waiting_mails(session, row, CancelReason.STOPPED)
    session.flush()
    record(session, actor, Action.SUBSCRIPTION_STOP, row)


def resume(
    session: Session, actor: Actor, subscription_id: UUID, *, now: datetime
) -> None:
    """Resume one of the actor's subscriptions at its next time; the caller commits.

    Raises AlreadySent, NotFound also for what its owner may not open any more, and
    NotAllowed.
    """
    row = get_own(session, actor, subscription_id)
    _require_sendable(session, row)
    if row.next_at is None:
        require_new(session, row)
    row.next_at, row.stopped_because = next_time(row, now), None
    session.flush()
    record(session, actor, Action.SUBSCRIPTION_RESUME, row)


def send_now(
    session: Session, actor: Actor, subscription_id: UUID, *, now: datetime
) -> None:
    """Send one of the actor's within a minute, and at its times again afterwards.

    The caller commits. Raises AlreadySent, NotFound also for what its owner may not
    open any more, and NotAllowed.
    """
    row = get_own(session, actor, subscription_id)
    _require_sendable(session, row)
    if row.next_at is None:
        require_new(session, row)
    row.next_at, row.stopped_because = now, None
    session.flush()
    record(session, actor, Action.SUBSCRIPTION_SEND_NOW, row)


def delete(session: Session, actor: Actor, subscription_id: UUID) -> None:
    """Delete one of the actor's subscriptions and its waiting mails.

    The caller commits. Raises NotFound, NotAllowed.
    """
    row = get_own(session, actor, subscription_id)
    cancel_waiting_mails(session, row, CancelReason.STOPPED)
    session.delete(row)
    session.flush()
    record(session, actor, Action.SUBSCRIPTION_DELETE, row)


def leave(session: Session, actor: Actor, subscription_id: UUID) -> None:
    """Remove the actor from the recipients of somebody else's subscription.

    The caller commits. Raises NotFound, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    # Only their owner may change subscriptions, but nobody has to get mails.
    with assume_role(session, "system"):
        row = session.scalars(
            select(DashboardSubscription)
            .where(
                DashboardSubscription.id == subscription_id,
                DashboardSubscription.recipients.contains([actor.id]),
            )
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise _no_such()
        row.recipients = [each for each in row.recipients if each != actor.id]
        cancel_waiting_mails(session, row, CancelReason.LEFT, person_id=actor.id)
        session.flush()
    record(session, actor, Action.SUBSCRIPTION_LEAVE, row)


def plan_of(row: DashboardSubscription) -> SendingPlan:
    """Return the plan by which a subscription is sent."""
    return SendingPlan(frequency=Frequency(row.rhythm), day=row.day, hour=row.hour)


def next_time(row: DashboardSubscription, now: datetime) -> datetime:
    """Return the next time of a subscription's plan, which has not been sent yet.

    The worker's clock may be ahead of the one that says what is `now`.
    """
    latest = now if row.ran_at is None else max(now, row.ran_at.astimezone(now.tzinfo))
    return plan_of(row).next_after(latest)


def checked_recipients(
    session: Session,
    actor: Actor,
    content: Content,
    people: Collection[UUID],
    *,
    kept: Collection[UUID] = (),
) -> list[UUID]:
    """Return the recipients of a subscription, in the order in which they are kept.

    People in `kept` may stay even if they may not open it now: they are passed over.
    Raises InvalidInput, NotFound, NotAllowed.
    """
    if isinstance(content, str) and content not in BUILT_IN:
        raise InvalidInput("dashboard", "Choose a dashboard first.")
    recipients = sorted(set(people))
    if not recipients:
        raise InvalidInput("recipients", "Choose to whom it is sent.")
    if len(recipients) > MOST_RECIPIENTS:
        raise InvalidInput(
            "recipients",
            Sentence("Choose at most {most} people.", most=MOST_RECIPIENTS),
        )
    readers = list_eligible_recipients(session, actor, content)
    if not readers.keys() >= set(recipients) - set(kept):
        raise InvalidInput(
            "recipients",
            (
                "Somebody you chose may not count cohorts, or has no e-mail address."
                if isinstance(content, SavedList)
                else "Somebody you chose may not open this dashboard, or has no e-mail "
                "address. Share it with them first."
            ),
        )
    return recipients


def audit_details(content: Content) -> Mapping[str, object]:
    """Return what is sent, as the audit log names it."""
    if isinstance(content, SavedList):
        return {"view": str(content.view_id)}
    return {"dashboard": str(content)}


def _require_room(session: Session, actor: Actor, most: int) -> None:
    throttling.await_turn(session, actor, "dashboard_subscriptions")
    own = DashboardSubscription.owner_id == actor.id
    if session.scalars(select(func.count()).where(own)).one() >= most:
        raise TooManySubscriptions(most)


def require_new(session: Session, wanted: DashboardSubscription) -> None:
    """Raise AlreadySent if another one sends the same: every mail would come twice."""
    row = DashboardSubscription
    twins = select(row.id).where(
        row.id.is_distinct_from(wanted.id),
        row.owner_id == wanted.owner_id,
        row.next_at.is_not(None),
        row.dashboard_id.is_not_distinct_from(wanted.dashboard_id),
        row.ready.is_not_distinct_from(wanted.ready),
        row.view_id.is_not_distinct_from(wanted.view_id),
        row.shown == wanted.shown,
        row.recipients == wanted.recipients,
        row.rhythm == wanted.rhythm,
        row.day == wanted.day,
        row.hour == wanted.hour,
    )
    if session.scalars(twins.limit(1)).first() is not None:
        raise AlreadySent


def get_own(
    session: Session, actor: Actor, subscription_id: UUID
) -> DashboardSubscription:
    """Return one of the actor's subscriptions, locked; raises NotFound, NotAllowed."""
    actor.require(Permission.COUNT_COHORTS)
    row = session.scalars(
        select(DashboardSubscription)
        .where(
            DashboardSubscription.id == subscription_id,
            DashboardSubscription.owner_id == actor.id,
        )
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise _no_such()
    return row


def _require_sendable(session: Session, row: DashboardSubscription) -> None:
    # The next run would stop it, and until then the page would say that it is sent.
    with assume_role(session, "system"):
        may_open = find_eligible(session, content_of(row), [row.owner_id])
    if not may_open:
        raise NotFound(
            "This was deleted, or you may no longer open it, so it cannot be sent."
        )


def _no_such() -> NotFound:
    return NotFound("This is no longer sent to you. Open Dashboards again.")


def _titles(
    session: Session, actor: Actor, dashboard_ids: set[UUID]
) -> Mapping[UUID, str]:
    """Return the names of dashboards that exist; "" where the actor may not see it."""
    name = case((is_readable(actor.id), DashboardRow.name), else_="")
    rows = session.execute(
        select(DashboardRow.id, name).where(DashboardRow.id.in_(dashboard_ids))
    )
    return {dashboard_id: name for dashboard_id, name in rows}  # noqa: C416 - of rows


def _view_names(session: Session, view_ids: set[UUID]) -> Mapping[UUID, str]:
    """Return the names of saved lists, which are also on what is sent of them."""
    rows = session.execute(
        select(SavedView.id, SavedView.name).where(SavedView.id.in_(view_ids))
    )
    return {view_id: name for view_id, name in rows}  # noqa: C416 - of rows


def _subscription_of(
    row: DashboardSubscription,
    actor: Actor,
    names: Mapping[UUID, str],
    titles: Mapping[UUID, str],
) -> Subscription:
    content = content_of(row)
    if isinstance(content, str):
        ready = BUILT_IN.get(content)
        name = ready.name if ready else None
    else:
        name = titles.get(
            content.view_id if isinstance(content, SavedList) else content
        )
    is_own = row.owner_id == actor.id
    # Only the owner may know who else is written to.
    recipients = {each: names[each] for each in row.recipients if is_own}
    reason = row.stopped_because
    return Subscription(
        id=row.id,
        content=content,
        name=name or "",
        is_deleted=name is None,
        owner="" if is_own else names.get(row.owner_id, ""),
        recipients=dict(sorted(recipients.items(), key=itemgetter(1))),
        plan=plan_of(row),
        next_at=row.next_at,
        stopped_because=None if reason is None else StopReason(reason),
        ran_at=row.ran_at,
        waiting=row.waiting,
        sent=row.sent,
        failed=row.failed,
    )


def record(
    session: Session,
    actor: Actor,
    action: Action,
    row: DashboardSubscription,
    details: Mapping[str, object] | None = None,
) -> None:
    """Record what was done with a subscription."""
    audit.record(session, actor, action, subject=(SUBJECT, row.id), details=details)
