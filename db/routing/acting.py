"""In whose name a transaction runs, as the database itself is told."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

DatabaseRole = Literal[
    "patient", "staff", "clinician", "analyst", "admin", "door", "system"
]

# They hold until the transaction ends, like SET LOCAL, and travel in one statement.
_TAKE_ON: Final = (
    "SELECT set_config('role', %s, true), "
    "set_config('chartroom.user_id', %s, true), "
    "set_config('chartroom.patient_id', %s, true)"
)
_BECOME: Final = (
    "WITH former AS MATERIALIZED (SELECT current_setting('role') AS role) "
    "SELECT role, set_config('role', %s, true) FROM former"
)
_RETURN: Final = "SELECT set_config('role', %s, true)"


@dataclass(frozen=True, slots=True)
class Acting:
    """A role of the clinic, and who of that role it is.

    `door` is whoever has not signed in yet: it finds people and keeps sign-ins, and
    sees no patient. `system` is the background and the command line.
    """

    role: DatabaseRole
    user_id: UUID | None = None
    patient_id: UUID | None = None


DOOR = Acting("door")
SYSTEM = Acting("system")


def take_on(session: Session, acting: Acting | None) -> None:
    """Let the rest of the session's transaction run in this name."""
    if acting is None:
        return
    session.connection().exec_driver_sql(
        _TAKE_ON,
        (
            _name(acting.role),
            str(acting.user_id or ""),
            str(acting.patient_id or ""),
        ),
    )
    session.info[Acting] = acting


@contextmanager
def become(session: Session, role: DatabaseRole) -> Iterator[None]:
    """Let a few statements of a transaction run as another role, then no longer.

    For what a person may do although their own role does not show it to them, such as
    a clinician's search for records that are already there. Who acts stays the same.
    A session that acts as nobody is an owner's, who may do all of it anyway.
    """
    if Acting not in session.info:
        yield
        return
    former = session.connection().exec_driver_sql(_BECOME, (_name(role),)).scalar_one()
    try:
        yield
    except BaseException:
        # In a transaction that has failed nothing can be said any more; rolled back
        # to a savepoint, it has its former role again.
        with suppress(SQLAlchemyError):
            session.connection().exec_driver_sql(_RETURN, (former,))
        raise
    session.connection().exec_driver_sql(_RETURN, (former,))


def _name(role: DatabaseRole) -> str:
    return f"chartroom_{role}"
