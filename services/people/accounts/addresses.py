"""One person per address, as the database insists."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.core.errors import Conflict

_EMAIL_ONCE: Final = "users_email_once"


class AddressTaken(Conflict):
    """Somebody signs in with this address already."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody signs in with this address already. Look for them in the list "
            "of people, or use another address."
        )


@contextmanager
def unless_taken(session: Session) -> Iterator[None]:
    """Run statements in a savepoint; an address that is taken raises AddressTaken."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        if getattr(diagnosis, "constraint_name", None) != _EMAIL_ONCE:
            raise
        # Without its cause, which quotes the address.
        raise AddressTaken from None
