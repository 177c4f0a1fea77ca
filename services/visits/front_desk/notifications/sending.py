"""Sends the notifications that wait, one by one, each until it is taken."""

from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Booking, VisitNotification
from db.models.user import User
from services.core import audit
from services.core.audit import Action
from services.messaging.mail import Email, Mailer, MailNotSent
from services.messaging.resending import note_attempt
from services.visits.front_desk.notifications import german
from services.visits.front_desk.notifications.records import NotificationKind
from services.visits.front_desk.notifications.wording import (
    SenderDetails,
    filled,
    in_german,
)

# How long to wait after each attempt that failed; after the last one is given up. A
# mail server may be away for a night.
_PAUSES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 480, 720)
)
_ENGLISH: Final = "en"
_GERMAN: Final = "de"
# What is older comes from a time without a mail server, and nobody waits for it.
_STALE: Final = timedelta(days=2)
_WAITS: Final = and_(
    VisitNotification.sent_at.is_(None), VisitNotification.given_up_at.is_(None)
)


def give_up_stale(session: Session) -> None:
    """Give up notifications of what is over by now; for the background."""
    session.execute(
        update(VisitNotification)
        .where(_WAITS, _is_stale())
        .values(given_up_at=func.now())
        .execution_options(synchronize_session=False)
    )


def send_next(session: Session, mailer: Mailer, sender: SenderDetails) -> bool | None:
    """Send the notification that is due for longest; for the background.

    Returns whether the mail server took it, None when none is due. Another worker
    passes over a notification that is being sent. The caller commits right then: an
    e-mail whose commit is lost goes out once more, rather than never.
    """
    notification = session.scalar(
        select(VisitNotification)
        .where(_WAITS, VisitNotification.send_at <= func.now())
        .order_by(VisitNotification.send_at, VisitNotification.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if notification is None:
        return None
    email = _email_of(notification, sender, _language_of(session, notification, sender))
    is_sent = _is_taken(mailer, email)
    note_attempt(notification, _PAUSES, is_sent=is_sent)
    audit.record(
        session,
        None,
        Action.NOTIFICATION_SEND,
        patient_id=notification.patient_id,
        subject=("letter", notification.id),
        outcome="done" if is_sent else "failed",
        details={"kind": notification.kind, "attempt": notification.attempts},
    )
    return is_sent


def _language_of(
    session: Session, notification: VisitNotification, sender: SenderDetails
) -> str:
    """Return the language that the patient has chosen, or else the clinic's."""
    if notification.user_id is not None:
        # Colleagues are offered no other on their pages.
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
        spell = german.spelt
    return Email(
        notification.to_address,
        filled(subject, sender, spell),
        filled(text, sender, spell),
    )


def _is_taken(mailer: Mailer, email: Email) -> bool:
    try:
        mailer.send(email)
    except MailNotSent:
        return False
    return True


def _is_stale() -> ColumnElement[bool]:
    # Reminders of what was cancelled or has begun, offers that ran out.
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
        and_(VisitNotification.kind == "reminder", ~comes),
        and_(VisitNotification.kind == "offer", ~stands),
    )
