"""Subscriptions as the background runs them: due ones are found, and mails written.

The background calls these functions and commits. A worker that was away runs each
subscription once, however many times of its plan have passed.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from db.models.user import User
from db.models.view import AnalystMail, DashboardSubscription
from services.analytics import figures
from services.analytics.cohorts.checking import UnreadableCohort
from services.analytics.dashboards import DashboardFilter
from services.analytics.dashboards.storing import UnreadableDashboard, read_filter
from services.analytics.subscriptions.cancelling import SUBJECT, cancel_waiting_mails
from services.analytics.subscriptions.contents import SavedList, SavedQuestion
from services.analytics.subscriptions.eligible_recipients import (
    content_of,
    find_draft,
    find_eligible,
    may_count,
)
from services.analytics.subscriptions.model import (
    CancelReason,
    DueSubscription,
    StopReason,
)
from services.analytics.subscriptions.subscriptions import plan_of
from services.core import audit
from services.core.actors import Actor
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.core.sentences import Sentence
from services.documents.forms import ENGLISH, Wording
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic
from services.people.accounts import actor_of

_PAGE: Final = "dashboard"


@dataclass(frozen=True, slots=True)
class MailSender:
    """What the mails contain: the clinic's name, and where people sign in."""

    clinic: str = "Your clinic"
    address: str = ""


def find_due(session: Session, now: datetime) -> DueSubscription | None:
    """Return the subscription that has been due longest; None if none is due.

    Rights are those of now: of the owner, in whose name it is counted, and of each
    recipient.
    """
    due = (
        select(DashboardSubscription)
        .where(DashboardSubscription.next_at <= now)
        .order_by(DashboardSubscription.next_at, DashboardSubscription.id)
    )
    for row in session.scalars(due):
        # What a newer version kept waits for a worker of that version.
        with suppress(UnreadableDashboard, UnreadableCohort):
            return _due_of(session, row)
    return None


def _due_of(session: Session, row: DashboardSubscription) -> DueSubscription | None:
    if row.next_at is None:
        return None
    content = content_of(row)
    draft = find_draft(session, content)
    allowed = find_eligible(session, content, (row.owner_id, *row.recipients))
    recipients = tuple(each for each in row.recipients if each in allowed)
    owner = session.get(User, row.owner_id) if row.owner_id in allowed else None
    stop = None
    if draft is None:
        stop = StopReason.DASHBOARD
    elif owner is None:
        stop = StopReason.OWNER
    elif not recipients:
        stop = StopReason.RECIPIENTS
    elif isinstance(draft, SavedQuestion):
        _require_readable(session, actor_of(owner), draft)
    return DueSubscription(
        id=row.id,
        due_at=row.next_at,
        content=content,
        plan=plan_of(row),
        filter=(
            DashboardFilter()
            if isinstance(content, SavedList)
            else read_filter(row.shown)
        ),
        stop=stop,
        owner=actor_of(owner) if owner else None,
        draft=draft,
        recipients=recipients,
        languages=_languages_of(session, recipients),
    )


def _require_readable(session: Session, owner: Actor, saved: SavedQuestion) -> None:
    """Raise UnreadableCohort for a cohort that a newer version has kept.

    Any other refusal is printed on the paper.
    """
    if saved.is_cohort:
        with suppress(NotAllowed, NotFound, InvalidInput):
            figures.recall(session, owner, saved.key)


def _languages_of(
    session: Session, people: Sequence[UUID]
) -> Mapping[UUID, str | None]:
    rows = session.execute(select(User.id, User.language).where(User.id.in_(people)))
    return {user_id: language for user_id, language in rows}  # noqa: C416 - of rows


def stop_due(session: Session, due: DueSubscription) -> None:
    """Stop a subscription for the reason in `due`, and tell everybody it was for.

    They are told by the bell, except people who no longer count cohorts. Waiting mails
    are not sent either.
    """
    row = _still_due(session, due)
    if row is None or due.stop is None:
        return
    row.next_at, row.stopped_because = None, due.stop.value
    cancel_waiting_mails(session, row, CancelReason.STOPPED)
    people = and_(User.id.in_({row.owner_id, *row.recipients}), may_count())
    # They are told again if it was stopped before.
    user_notifications.take_back(session, NotificationTopic.UNSENT, row.id)
    user_notifications.tell(
        session, NotificationTopic.UNSENT, people, subject_id=row.id
    )
    audit.record(
        session,
        due.owner,
        Action.SUBSCRIPTION_STOP,
        subject=(SUBJECT, row.id),
        details={"because": due.stop.value},
    )


def finish(
    session: Session,
    due: DueSubscription,
    papers: Mapping[UUID, bytes],
    *,
    now: datetime,
    sender: MailSender,
    wording: Callable[[str | None], Wording] = lambda _: ENGLISH,
) -> bool:
    """Write a mail with a PDF to each recipient, and plan the next time.

    Like the PDF, it is in the recipient's language, which `wording` knows.
    Returns False, and writes none, if the subscription was stopped, or asked for again,
    meanwhile.
    """
    row = _still_due(session, due)
    if row is None or due.owner is None or due.draft is None:
        return False
    # Mails that are left from an earlier time are not sent beside these.
    cancel_waiting_mails(session, row, CancelReason.REPLACED)
    subject = _subject(due, now.date(), sender)
    file = "list" if isinstance(due.content, SavedList) else "dashboard"
    session.add_all(
        AnalystMail(
            subscription_id=row.id,
            user_id=recipient,
            subject=wording(due.languages.get(recipient)).say(subject),
            body=_text(
                _body(due, recipient, now.date(), sender),
                wording(due.languages.get(recipient)),
            ),
            filename=f"{file}-{now:%Y-%m-%d}.pdf",
            paper=papers[recipient],
        )
        for recipient in due.recipients
    )
    row.ran_at, row.next_at = now, _next_time(due, now)
    row.waiting, row.sent, row.failed = len(due.recipients), 0, 0
    session.flush()
    return True


def fail(session: Session, due: DueSubscription, *, now: datetime) -> None:
    """Record that the PDFs could not be made, and try again at the next time."""
    row = _still_due(session, due)
    if row is None:
        return
    row.ran_at, row.next_at = now, _next_time(due, now)
    # Mails that are left from an earlier time still wait, and count until they are
    # sent.
    row.sent, row.failed = 0, len(due.recipients)
    _record_failure(session, row.id, due.owner)


def _next_time(due: DueSubscription, now: datetime) -> datetime:
    """Return the time after the one that was due, also if the clock was set back."""
    return due.plan.next_after(max(now, due.due_at.astimezone(now.tzinfo)))


def _record_failure(session: Session, row_id: UUID, owner: Actor | None) -> None:
    audit.record(
        session,
        owner,
        Action.SUBSCRIPTION_SEND,
        subject=(SUBJECT, row_id),
        outcome="failed",
    )


def _still_due(session: Session, due: DueSubscription) -> DashboardSubscription | None:
    """Return the row, locked, unless somebody has stopped or rescheduled it."""
    return session.scalars(
        select(DashboardSubscription)
        .where(
            DashboardSubscription.id == due.id,
            DashboardSubscription.next_at == due.due_at,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def _subject(due: DueSubscription, day: date, sender: MailSender) -> str:
    clinic = sender.clinic
    if isinstance(due.content, SavedList):
        return Sentence("{clinic}: a saved list of {day}", clinic=clinic, day=day)
    return Sentence("{clinic}: a dashboard of {day}", clinic=clinic, day=day)


def _body(
    due: DueSubscription, recipient: UUID, day: date, sender: MailSender
) -> tuple[str, ...]:
    """Return the paragraphs of a recipient's mail, for translation."""
    if isinstance(due.draft, SavedQuestion):
        # The list's name may be a diagnosis, so it is only in the PDF.
        attached = Sentence(
            "A saved list, as of {day}, is attached as a PDF. It names no patient.",
            day=day,
        )
        page = "cohorts" if due.draft.is_cohort else "patients"
        path = f"{page}?list={due.draft.key}"
    else:
        name = due.draft.name if due.draft else ""
        attached = Sentence(
            "“{name}” of {day} is attached as a PDF. It names no patient.",
            name=name,
            day=day,
        )
        path = f"{_PAGE}?{_PAGE}={due.content}"
    link = (f"{sender.address}/{path}",) if sender.address else ()
    return (attached, *link, _reason(due, recipient))


def _reason(due: DueSubscription, recipient: UUID) -> Sentence:
    """Return why somebody gets the mail, and how that ends."""
    when = due.plan.words
    if due.owner is not None and recipient == due.owner.id:
        return Sentence(
            "You have it sent {when}. To change that or to stop it, open Dashboards.",
            when=when,
        )
    return Sentence(
        "{owner} has it sent to you {when}. If you do not want it any more, open "
        "Dashboards and press Leave.",
        owner=due.owner.name if due.owner else "",
        when=when,
    )


def _text(paragraphs: Sequence[str], wording: Wording) -> str:
    """Return the paragraphs in a language; an address, which is none, stays."""
    said = (
        wording.say(each) if isinstance(each, Sentence) else each for each in paragraphs
    )
    return "\n\n".join(said) + "\n"
