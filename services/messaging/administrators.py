"""E-mails to the administrators, whoever they are at the time."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.user import User
from services.core.actors import Role
from services.messaging.mail import Email, Mailer, MailNotSent


def write_to_all(
    session: Session,
    mailer: Mailer,
    email_to: Callable[[str, str | None], Email],
) -> None:
    """Send each administrator an e-mail; raises MailNotSent if nobody could get one.

    `email_to` takes an address, and the language that its reader has chosen, if any.
    """
    is_sent = False
    for address, language in _recipients(session):
        try:
            mailer.send(email_to(address, language))
        except MailNotSent:
            continue
        is_sent = True
    if not is_sent:
        raise MailNotSent


def _recipients(session: Session) -> list[tuple[str, str | None]]:
    rows = session.execute(
        select(User.email, User.language)
        .where(User.role == Role.ADMIN.value, User.deactivated_at.is_(None))
        .order_by(User.id)
    )
    return [(row.email, row.language) for row in rows if row.email]
