"""The people who may act, and the demo's cast of them."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import Patient, User
from services.actors import Actor, Role
from services.errors import NotFound

# Two starts at once must not make the cast twice, nor wait for each other's rows in
# different orders.
_CAST_LOCK: Final = func.pg_advisory_xact_lock(func.hashtext("chartroom.demo_people"))


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    role: Role


# In the order in which the sign-in choice shows them.
_CAST: Final = (
    _Part("Rosa Lindqvist", Role.STAFF),
    _Part("Dr. Amara Okafor", Role.CLINICIAN),
    _Part("Jonas Weber", Role.ANALYST),
    _Part("Ines Carvalho", Role.ADMIN),
    _Part("Maya Brandt", Role.PATIENT),
)
_DEMO_SOURCE: Final = "demo"
_DEMO_PATIENT: Final = "patient"


def get_actor(session: Session, user_id: UUID) -> Actor:
    """Return the person or program, or raise NotFound if they may not act any more."""
    user = session.scalar(
        select(User).where(User.id == user_id, User.deactivated_at.is_(None))
    )
    if user is None:
        raise NotFound("Nobody with this sign-in may act here. Sign in again.")
    return _actor_of(user)


def demo_people(session: Session) -> tuple[Actor, ...]:
    """Return the demo's people, one per role, in the order of a clinic's day."""
    users = session.scalars(
        select(User).where(User.is_demo, User.deactivated_at.is_(None))
    )
    order = [part.role for part in _CAST]
    return tuple(
        sorted((_actor_of(user) for user in users), key=lambda a: order.index(a.role))
    )


def ensure_demo_people(session: Session) -> None:
    """Make one demo person of each role who is not there yet; the caller commits."""
    session.execute(select(_CAST_LOCK))
    present = {person.role for person in demo_people(session)}
    for part in _CAST:
        if part.role not in present:
            session.add(
                User(
                    name=part.name,
                    role=part.role,
                    patient_id=_demo_patient(session, part),
                    is_demo=True,
                )
            )
    session.flush()


def is_only_the_cast(session: Session) -> bool:
    """Tell whether no patient is there but the demo's own: nothing to lose or hide."""
    others = exists().where(Patient.source.is_distinct_from(_DEMO_SOURCE))
    return not session.scalar(select(others))


def _demo_patient(session: Session, part: _Part) -> UUID | None:
    if part.role is not Role.PATIENT:
        return None
    first_name, last_name = part.name.split()
    session.execute(
        insert(Patient)
        .values(
            first_name=first_name,
            last_name=last_name,
            date_of_birth=date(1988, 4, 12),
            sex="female",
            email="maya.brandt@example.org",
            source=_DEMO_SOURCE,
            source_id=_DEMO_PATIENT,
        )
        .on_conflict_do_nothing(constraint="patients_source_once")
    )
    return session.scalars(
        select(Patient.id).where(
            Patient.source == _DEMO_SOURCE, Patient.source_id == _DEMO_PATIENT
        )
    ).one()


def _actor_of(user: User) -> Actor:
    return Actor(user.id, user.name, Role(user.role), user.patient_id)
