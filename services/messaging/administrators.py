"""E-mails to the administrators, whoever they are at the time."""

from collections.abc import Callable, Collection

from sqlalchemy import func, select
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


def languages_at(session: Session, addresses: Collection[str]) -> dict[str, str]:
    """Return the languages that administrators have chosen, by these addresses.

    Whatever else is at an address, as a list of people on call, has chosen none.
    """
    if not addresses:
        return {}
    rows = session.execute(
        select(func.lower(User.email), User.language).where(
            func.lower(User.email).in_({address.lower() for address in addresses}),
            User.role == Role.ADMIN.value,
            User.deactivated_at.is_(None),
            User.language.is_not(None),
        )
    )
    chosen = {row[0]: row[1] for row in rows}
    return {
        address: chosen[address.lower()]
        for address in addresses
        if address.lower() in chosen
    }


def _recipients(session: Session) -> list[tuple[str, str | None]]:
    rows = session.execute(
        select(User.email, User.language)
        .where(User.role == Role.ADMIN.value, User.deactivated_at.is_(None))
        .order_by(User.id)
    )
    return [(row.email, row.language) for row in rows if row.email]
