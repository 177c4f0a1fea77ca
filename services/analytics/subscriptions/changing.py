"""The times and recipients of a subscription, changed by its owner while it runs."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.analytics.subscriptions.cancelling import cancel_waiting_mails
from services.analytics.subscriptions.eligible_recipients import content_of
from services.analytics.subscriptions.model import (
    CancelReason,
    SendingPlan,
    Subscription,
    checked_plan,
)
from services.analytics.subscriptions.subscriptions import (
    audit_details,
    checked_recipients,
    get_own,
    next_time,
    plan_of,
    record,
    require_new,
)
from services.core.actors import Actor
from services.core.audit import Action
from services.core.errors import Conflict


class SubscriptionChanged(Conflict):
    """The recipients or times are no longer those that the person saw."""

    def __init__(self) -> None:
        super().__init__(
            "Since you opened this, a recipient has left, or it was changed in another "
            "window. Close it, and open *Change* again."
        )


def change(
    session: Session,
    actor: Actor,
    seen: Subscription,
    *,
    recipients: Collection[UUID],
    plan: SendingPlan,
    now: datetime,
) -> None:
    """Change the times or recipients of one of the actor's; the caller commits.

    `seen` is what the actor saw, so that nobody who has left meanwhile is written to
    again. Mails that wait for removed people are not sent; what is due remains due, and
    is made for the new recipients. What is stopped remains stopped. Raises
    SubscriptionChanged, InvalidInput, AlreadySent, NotFound, NotAllowed.
    """
    row = get_own(session, actor, seen.id)
    before = plan_of(row)
    if (set(row.recipients), before) != (set(seen.recipients), seen.plan):
        raise SubscriptionChanged
    plan = checked_plan(plan)
    content, kept = content_of(row), row.recipients
    people = checked_recipients(session, actor, content, recipients, kept=kept)
    changed: dict[str, object] = {}
    removed = sorted(set(kept) - set(people))
    if people != sorted(kept):
        changed["people"] = [_texts(kept), _texts(people)]
    if plan != before:
        changed["plan"] = [before.words, plan.words]
    if not changed:
        return
    row.recipients = people
    row.rhythm, row.day, row.hour = plan.frequency.value, plan.day, plan.hour
    if row.next_at is not None:
        # A due time changes as well: a worker that is making it just now, for the
        # earlier people, then discards it.
        row.next_at = now if row.next_at <= now else next_time(row, now)
    require_new(session, row)
    for person_id in removed:
        cancel_waiting_mails(session, row, CancelReason.REMOVED, person_id=person_id)
    session.flush()
    details = {**audit_details(content), "changed": changed}
    record(session, actor, Action.SUBSCRIPTION_CHANGE, row, details)


def _texts(people: Collection[UUID]) -> list[str]:
    return [str(each) for each in sorted(people)]
