"""The demo's cast: one invented person of each role."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from db.models.patient import Patient
from db.models.user import User
from services.core import audit
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.people.sessions import actor_of

# Two concurrent starts must neither create the cast twice nor wait for each other's
# rows in different orders.
_CAST_LOCK: Final = func.pg_advisory_xact_lock(func.hashtext("chartroom.demo_people"))


@dataclass(frozen=True, slots=True)
class DemoRole:
    """A member of the cast, before there is an account."""

    name: str
    role: Role
    email: str


# In the order in which the choice at sign-in shows them.
CAST: Final = (
    DemoRole("Rosa Lindqvist", Role.STAFF, "rosa.lindqvist@example.org"),
    DemoRole("Dr. Amara Okafor", Role.CLINICIAN, "amara.okafor@example.org"),
    DemoRole("Jonas Weber", Role.ANALYST, "jonas.weber@example.org"),
    DemoRole("Ines Carvalho", Role.ADMIN, "ines.carvalho@example.org"),
    DemoRole("Maya Brandt", Role.PATIENT, "maya.brandt@example.org"),
)
_USER: Final = "user"
_DEMO_SOURCE: Final = "demo"
_DEMO_PATIENT: Final = "patient"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A member of the cast, and the address that they sign in with."""

    actor: Actor
    email: str


def demo_people(session: Session) -> tuple[Actor, ...]:
    """Return the demo's people, one per role, in the order of a clinic's day."""
    return tuple(person.actor for person in demo_cast(session))


def demo_cast(session: Session) -> tuple[DemoPerson, ...]:
    """Return the demo's people with their addresses, in the same order."""
    users = session.scalars(
        select(User).where(User.is_demo, User.deactivated_at.is_(None))
    )
    order = [part.role for part in CAST]
    people = (DemoPerson(actor_of(user), user.email or "") for user in users)
    return tuple(sorted(people, key=lambda person: order.index(person.actor.role)))


def ensure_demo_people(session: Session) -> None:
    """Create the members of the cast whose address nobody has; the caller commits."""
    session.execute(select(_CAST_LOCK))
    _bring_back(session)
    for part in CAST:
        _give_address(session, part)
        session.execute(
            insert(User)
            .values(
                name=part.name,
                role=part.role,
                email=part.email,
                patient_id=_demo_patient(session, part),
                is_demo=True,
            )
            .on_conflict_do_nothing(index_elements=[func.lower(User.email)])
        )
    session.expire_all()


def retire_demo_people(session: Session) -> None:
    """Deactivate the cast: a clinic's own people begin here.

    Everybody knows their addresses. Their sign-ins, passkeys, tokens and the like are
    worth nothing from now on. The caller commits.
    """
    session.execute(select(_CAST_LOCK))
    retired = session.scalars(
        update(User)
        .where(User.is_demo, User.deactivated_at.is_(None))
        .values(deactivated_at=func.now())
        .returning(User.id)
        .execution_options(synchronize_session=False)
    ).all()
    for user_id in retired:
        audit.record(session, None, Action.USER_DEACTIVATE, subject=(_USER, user_id))


def has_only_demo_patients(session: Session) -> bool:
    """Return whether all patients are the demo's: there is nothing to lose or hide."""
    others = exists().where(Patient.source.is_distinct_from(_DEMO_SOURCE))
    return not session.scalar(select(others))


def _bring_back(session: Session) -> None:
    """Reactivate the retired cast, never a member whom somebody shut out.

    Within a demo the last administrator stays, so only retiring leaves nobody active.
    """
    other = aliased(User)
    active = select(other.id).where(other.is_demo, other.deactivated_at.is_(None))
    brought_back = session.scalars(
        update(User)
        .where(User.is_demo, ~active.exists())
        .values(deactivated_at=None)
        .returning(User.id)
        .execution_options(synchronize_session=False)
    ).all()
    for user_id in brought_back:
        audit.record(session, None, Action.USER_REACTIVATE, subject=(_USER, user_id))


def _give_address(session: Session, part: DemoRole) -> None:
    """Give an address to a member created by a version that asked for none."""
    session.execute(
        update(User)
        .where(User.is_demo, User.email.is_(None), User.name == part.name)
        .values(email=part.email)
    )


def _demo_patient(session: Session, part: DemoRole) -> UUID | None:
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
            email=part.email,
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
