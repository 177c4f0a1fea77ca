"""When and to whom something is sent, changed by its owner while it goes on."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.analytics.subscriptions.model import (
    SendingPlan,
    Subscription,
    WithheldReason,
    checked_plan,
)
from services.analytics.subscriptions.readers import content_of
from services.analytics.subscriptions.subscriptions import (
    checked_recipients,
    get_own,
    named,
    plan_of,
    record,
    require_new,
)
from services.analytics.subscriptions.withholding import withhold
from services.core.actors import Actor
from services.core.audit import Action
from services.core.errors import Conflict


class SubscriptionChanged(Conflict):
    """It is sent to others, or at other times, than somebody saw who changes it."""

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
    """Send one of the actor's at other times, or to other people; the caller commits.

    `seen` is what was looked at: nobody is written to again who has left meanwhile.
    What waits for those who are taken out is not sent; what is due stays due, and is
    made for those who are chosen now. What is stopped stays so. Raises
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
    row.rhythm, row.day, row.hour = plan.rhythm.value, plan.day, plan.hour
    if row.next_at is not None:
        # Another time than before also where it is due: a worker that makes it just
        # now, for the people of before, then throws it away.
        row.next_at = now if row.next_at <= now else plan.next_after(now)
    require_new(session, row)
    for person_id in removed:
        withhold(session, row, WithheldReason.REMOVED, person_id=person_id)
    session.flush()
    details = {**named(content), "changed": changed}
    record(session, actor, Action.SUBSCRIPTION_CHANGE, row, details)


def _texts(people: Collection[UUID]) -> list[str]:
    return [str(each) for each in sorted(people)]
