"""Sends the notifications that wait, one by one, each until it is accepted.

For the background: one is claimed in a transaction, handed to the mail server outside
any transaction, and settled in another. So nobody waits for a mail server, not even an
erasure of one of these patients.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from db.models.booking import Appointment, Booking, VisitNotification
from db.models.patient import Patient
from db.models.user import User
from services.core import audit
from services.core.audit import Action
from services.messaging.mail import CLAIMED, Email
from services.messaging.resending import lock_claimed, note_attempt, waits
from services.visits.front_desk.notifications import german
from services.visits.front_desk.notifications.records import NotificationKind
from services.visits.front_desk.notifications.wording import (
    SenderDetails,
    filled,
    in_german,
)

# The pauses after failed attempts; after the last one the notification is given up. A
# mail server may be down for a night.
_PAUSES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 480, 720)
)
_ENGLISH: Final = "en"
_GERMAN: Final = "de"
# Older ones date from a time without a mail server, and nobody waits for them.
_STALE: Final = timedelta(days=2)
_WAITS: Final = waits(VisitNotification)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedNotification:
    """A notification that one worker is to send.

    `attempt` counts from 1; `until` distinguishes a claim from a later one.
    """

    id: UUID
    kind: str
    patient_id: UUID | None
    attempt: int
    until: datetime
    email: Email


def give_up_stale(session: Session) -> None:
    """Give up notifications of what is over by now."""
    session.execute(
        update(VisitNotification)
        .where(_WAITS, _is_stale())
        .values(given_up_at=func.now())
        .execution_options(synchronize_session=False)
    )


def claim_next(session: Session, sender: SenderDetails) -> ClaimedNotification | None:
    """Claim the notification that is due for longest; None when none is due.

    It is due again in a quarter of an hour unless it is settled: if the worker dies in
    between, the person may get it twice rather than never. What is over since
    `give_up_stale` is not claimed. The caller commits before the e-mail is sent.
    """
    notification = session.scalar(
        select(VisitNotification)
        .where(_WAITS, VisitNotification.send_at <= func.now(), ~_is_stale())
        .order_by(VisitNotification.send_at, VisitNotification.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if notification is None:
        return None
    email = _email_of(notification, sender, _language_of(session, notification, sender))
    until: Any = func.now() + CLAIMED
    notification.send_at = until
    session.flush()
    return ClaimedNotification(
        id=notification.id,
        kind=notification.kind,
        patient_id=notification.patient_id,
        attempt=notification.attempts + 1,
        until=notification.send_at,
        email=email,
    )


def settle(session: Session, claimed: ClaimedNotification, *, is_sent: bool) -> None:
    """Record whether the mail server accepted a claimed one; the caller commits.

    The audit log records it in any case, even if it was deleted while it was sent.
    """
    notification = lock_claimed(session, VisitNotification, claimed)
    if notification is not None:
        notification.attempts += 1
        note_attempt(notification, _PAUSES, is_sent=is_sent)
    audit.record(
        session,
        None,
        Action.NOTIFICATION_SEND,
        patient_id=claimed.patient_id,
        subject=("letter", claimed.id),
        outcome="done" if is_sent else "failed",
        details={"kind": claimed.kind, "attempt": claimed.attempt},
    )


def _language_of(
    session: Session, notification: VisitNotification, sender: SenderDetails
) -> str:
    """Return the language that the patient has chosen, or else the clinic's."""
    if notification.user_id is not None:
        # Colleagues have no other language on their pages either.
        return _ENGLISH
    if notification.patient_id is None:
        return sender.language
    chosen = session.scalar(
        select(User.language).where(
            User.patient_id == notification.patient_id,
            User.deactivated_at.is_(None),
            User.language.is_not(None),
        )
    )
    return chosen or sender.language


def _email_of(
    notification: VisitNotification, sender: SenderDetails, language: str
) -> Email:
    subject, text, spell = notification.subject, notification.body, None
    if language == _GERMAN:
        kind = NotificationKind(notification.kind)
        is_to_newcomer = notification.newcomer_id is not None
        subject, text = in_german(kind, text, is_to_newcomer=is_to_newcomer)
        spell = german.formatted
    return Email(
        notification.to_address,
        filled(subject, sender, spell),
        filled(text, sender, spell),
    )


def _is_stale() -> ColumnElement[bool]:
    # To patients who have died since, reminders of visits that were cancelled or have
    # begun, offers that ran out.
    has_died = exists().where(
        Patient.id == VisitNotification.patient_id, Patient.deceased_on.is_not(None)
    )
    comes = exists().where(
        Appointment.booking_id == VisitNotification.booking_id,
        Appointment.status == "scheduled",
        Appointment.starts_at > func.now(),
    )
    stands = exists().where(
        Booking.id == VisitNotification.booking_id,
        Booking.status == "pending",
        Booking.expires_at > func.now(),
    )
    return or_(
        VisitNotification.created_at < func.now() - _STALE,
        _is_overtaken(),
        has_died,
        and_(VisitNotification.kind == "reminder", ~comes),
        and_(VisitNotification.kind == "offer", ~stands),
    )


def _is_overtaken() -> ColumnElement[bool]:
    """Return the condition for delayed notifications with a time that is outdated.

    The later ones have been sent by now: somebody who moved a visit must not read of
    the earlier time after that.
    """
    later = aliased(VisitNotification)
    stands = exists().where(
        Booking.id == VisitNotification.booking_id, Booking.status == "confirmed"
    )
    changed_since = exists().where(
        later.newcomer_id == VisitNotification.newcomer_id,
        later.created_at > VisitNotification.created_at,
    )
    return and_(
        VisitNotification.kind.in_(("confirmed", "moved")),
        VisitNotification.send_at > VisitNotification.created_at,
        or_(
            and_(VisitNotification.booking_id.is_not(None), ~stands),
            changed_since,
        ),
    )
