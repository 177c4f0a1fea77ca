"""In whose name a transaction runs, as the database itself is told."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db.routing.beginnings import PrefacedConnection
from db.routing.pools import driver_of

DatabaseRole = Literal[
    "patient", "staff", "clinician", "analyst", "admin", "door", "system"
]

# All of it holds until the transaction ends, like SET LOCAL.
_TAKE_ON: Final = (
    "SELECT set_config('role', '{role}', true), "
    "set_config('search_path', '{path}', true), "
    "set_config('chartroom.user_id', '{user_id}', true), "
    "set_config('chartroom.patient_id', '{patient_id}', true); "
)
_BECOME: Final = (
    "WITH former AS MATERIALIZED (SELECT current_setting('role') AS role, "
    "current_setting('search_path') AS path) "
    "SELECT role, path, set_config('role', %s, true), "
    "set_config('search_path', %s, true) FROM former"
)
_RETURN: Final = (
    "SELECT set_config('role', %s, true), set_config('search_path', %s, true)"
)

# Who may see every patient finds them in a view without rules: for rows under rules,
# even under one that is always true, the planner may not look at its statistics.
_SHOWN_EVERYONE: Final = frozenset({"staff", "analyst"})


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
    driver = driver_of(session.connection())
    if not isinstance(driver, PrefacedConnection):
        raise TypeError("Only connections of the routing's own act in a name.")
    role, path = _settings(acting.role)
    driver.preface += _TAKE_ON.format(
        role=role,
        path=path,
        user_id=acting.user_id or "",
        patient_id=acting.patient_id or "",
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
    connection = session.connection()
    former = tuple(connection.exec_driver_sql(_BECOME, _settings(role)).one()[:2])
    try:
        yield
    except BaseException:
        # In a transaction that has failed nothing can be said any more; rolled back
        # to a savepoint, it has its former role again.
        with suppress(SQLAlchemyError):
            session.connection().exec_driver_sql(_RETURN, former)
        raise
    session.connection().exec_driver_sql(_RETURN, former)


def _settings(role: DatabaseRole) -> tuple[str, str]:
    path = "everyone, public" if role in _SHOWN_EVERYONE else "public"
    return f"chartroom_{role}", path
