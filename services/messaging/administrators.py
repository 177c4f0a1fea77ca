"""E-mails to the administrators, whoever they are at the time."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.user import User
from services.core.actors import Role
from services.messaging.mail import Email, Mailer, MailNotSent


def write_to_all(
    session: Session, mailer: Mailer, email_to: Callable[[str], Email]
) -> None:
    """Send each administrator an e-mail; raises MailNotSent if nobody could get one."""
    is_sent = False
    for address in _addresses(session):
        try:
            mailer.send(email_to(address))
        except MailNotSent:
            continue
        is_sent = True
    if not is_sent:
        raise MailNotSent


def _addresses(session: Session) -> list[str]:
    addresses = session.scalars(
        select(User.email)
        .where(User.role == Role.ADMIN.value, User.deactivated_at.is_(None))
        .order_by(User.id)
    )
    return [address for address in addresses if address]
