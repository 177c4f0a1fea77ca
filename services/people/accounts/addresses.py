"""One person per address, enforced by the database."""

from contextlib import AbstractContextManager
from typing import Final
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from db.models.user import LoginCode
from db.postgres import assume_role
from db.postgres.violations import translate_violations
from services.core.errors import Conflict

_EMAIL_ONCE: Final = "users_email_once"


class AddressTaken(Conflict):
    """Somebody already signs in with this address."""

    property_name = "email"

    def __init__(self) -> None:
        super().__init__(
            "Somebody already signs in with this address. Look for them in the list "
            "of people, or use another address."
        )


def translate_taken_address(session: Session) -> AbstractContextManager[None]:
    """Run statements in a savepoint; raise AddressTaken if an address is taken."""
    return translate_violations(session, {_EMAIL_ONCE: AddressTaken})


def void_codes(session: Session, user_id: UUID) -> None:
    """Void the codes that were sent to a former address."""
    # Only the role `door` may read or change codes.
    with assume_role(session, "door"):
        session.execute(
            update(LoginCode)
            .where(LoginCode.user_id == user_id, LoginCode.used_at.is_(None))
            .values(used_at=func.now())
            .execution_options(synchronize_session=False)
        )
