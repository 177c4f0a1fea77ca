"""In whose name a transaction runs, as PostgreSQL itself is told."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db.postgres.connections.pools import driver_of

DatabaseRole = Literal[
    "patient", "staff", "clinician", "analyst", "admin", "door", "system"
]

# All of it holds until the transaction ends, like SET LOCAL.
_SET_ROLE: Final = (
    "SELECT set_config('role', '{role}', true), "
    "set_config('search_path', '{path}', true), "
    "set_config('chartroom.user_id', '{user_id}', true), "
    "set_config('chartroom.patient_id', '{patient_id}', true); "
)
_ASSUME_ROLE: Final = (
    "SELECT set_config('role', '{role}', true), "
    "set_config('search_path', '{path}', true); "
)
_BORROWED: Final = "chartroom.borrowed_role"

# A role that may see every patient reads them from a view without row rules: for rows
# under rules, even under one that is always true, the planner may not use its
# statistics.
_SHOWN_EVERYONE: Final = frozenset({"staff", "analyst"})


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """A role of the clinic, and which person or patient acts in it.

    `door` is whoever has not signed in yet: it finds people and keeps sign-ins, and
    sees no patient. `system` is background work and the command line.
    """

    role: DatabaseRole
    user_id: UUID | None = None
    patient_id: UUID | None = None


ANONYMOUS = DatabaseIdentity("door")
SYSTEM = DatabaseIdentity("system")


def set_role(session: Session, identity: DatabaseIdentity | None) -> None:
    """Run the rest of the session's transaction with this identity."""
    if identity is None:
        return
    role, path = _settings(identity.role)
    driver_of(session.connection()).preface += _SET_ROLE.format(
        role=role,
        path=path,
        user_id=identity.user_id or "",
        patient_id=identity.patient_id or "",
    )
    session.info[DatabaseIdentity] = identity


def current_role(session: Session) -> str:
    """Return the role that the session's next statement runs as; empty for an owner."""
    identity = session.info.get(DatabaseIdentity)
    if identity is None:
        return ""
    return str(session.info.get(_BORROWED) or identity.role)


@contextmanager
def assume_role(session: Session, role: DatabaseRole) -> Iterator[None]:
    """Run a few statements of a transaction as another role, then switch back.

    For what a person may do although their own role does not show it to them, such as a
    clinician's search for existing records. The acting person stays the same. A session
    without an identity is an owner's, who may do all of it anyway.
    """
    if DatabaseIdentity not in session.info:
        yield
        return
    outer = session.info.get(_BORROWED)
    session.info[_BORROWED] = role
    _play(session, role)
    try:
        yield
    finally:
        session.info[_BORROWED] = outer
        # If the session can no longer be used, there is no role to switch back to.
        with suppress(SQLAlchemyError):
            _play(session, outer or session.info[DatabaseIdentity].role)


@contextmanager
def assume_identity(session: Session, identity: DatabaseIdentity) -> Iterator[None]:
    """Run a few statements of a transaction with what another person is shown.

    For a question about that person, such as whether they may open something: the row
    rules answer it. A session without an identity is an owner's, whom no rule binds.
    """
    own = session.info.get(DatabaseIdentity)
    if own is None:
        yield
        return
    borrowed = session.info.pop(_BORROWED, None)
    _become(session, identity)
    try:
        yield
    finally:
        session.info[_BORROWED] = borrowed
        # If the session can no longer be used, there is no identity to switch back to.
        with suppress(SQLAlchemyError):
            _become(session, own)
            if borrowed:
                _play(session, borrowed)


def _become(session: Session, identity: DatabaseIdentity) -> None:
    """Run what follows with this identity.

    A transaction that has failed gets its former identity back with its savepoint.
    """
    session.info[DatabaseIdentity] = identity
    if not driver_of(session.connection()).has_failed:
        set_role(session, identity)


def _play(session: Session, role: DatabaseRole) -> None:
    """Run what follows as this role, sending the change along with it."""
    driver = driver_of(session.connection())
    # Nothing can be sent in a transaction that has failed; rolled back to a savepoint,
    # it has its former role again.
    if not driver.has_failed:
        name, path = _settings(role)
        driver.preface += _ASSUME_ROLE.format(role=name, path=path)


def _settings(role: DatabaseRole) -> tuple[str, str]:
    path = "everyone, public" if role in _SHOWN_EVERYONE else "public"
    return f"chartroom_{role}", path
