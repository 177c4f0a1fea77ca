"""Letters to the administrators, whoever they are at the moment."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.user import User
from services.core.actors import Role
from services.messaging.mail import Email, Mailer, MailNotSent


def write_to_all(
    session: Session, mailer: Mailer, letter_to: Callable[[str], Email]
) -> None:
    """Send each administrator their letter; raises MailNotSent if none got theirs."""
    told = False
    for email in _emails(session):
        try:
            mailer.send(letter_to(email))
        except MailNotSent:
            continue
        told = True
    if not told:
        raise MailNotSent


def _emails(session: Session) -> list[str]:
    emails = session.scalars(
        select(User.email)
        .where(User.role == Role.ADMIN.value, User.deactivated_at.is_(None))
        .order_by(User.id)
    )
    return [email for email in emails if email]
