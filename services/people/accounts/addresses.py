"""One person per address, as the database insists."""

from contextlib import AbstractContextManager
from typing import Final

from sqlalchemy.orm import Session

from db.postgres.violations import translate_violations
from services.core.errors import Conflict

_EMAIL_ONCE: Final = "users_email_once"


class AddressTaken(Conflict):
    """Somebody signs in with this address already."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody signs in with this address already. Look for them in the list "
            "of people, or use another address."
        )


def unless_taken(session: Session) -> AbstractContextManager[None]:
    """Run statements in a savepoint; an address that is taken raises AddressTaken."""
    return translate_violations(session, {_EMAIL_ONCE: AddressTaken})
