"""Who treats whom: the clinicians of a patient, which decides what they can see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from db.models.care import CareRelationship
from db.models.patient import Patient
from db.models.user import User
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import Conflict, NotAllowed, NotFound
from services.core.sentences import Sentence
from services.lists.folding import by_name
from services.patients.records.refusals import NoSuchPatient

_MOST_CLINICIANS: Final = 4096


@dataclass(frozen=True, slots=True)
class Clinician:
    """Somebody who may treat patients."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Carer:
    """A clinician who treats a patient, and since when."""

    clinician: Clinician
    since: datetime


class NoSuchClinician(NotFound):
    """No clinician with this id treats patients here, or no longer does."""

    def __init__(self) -> None:
        super().__init__(
            "This clinician is no longer there; choose another one from the list."
        )


class AlreadyTreats(Conflict):
    """The clinician treats the patient already."""

    def __init__(self, name: str) -> None:
        super().__init__(Sentence("{name} already treats this patient.", name=name))


class NotYours(NotAllowed):
    """The clinician has the record open without treating the patient."""

    def __init__(self) -> None:
        super().__init__(
            "You do not treat this patient, so you cannot decide this. Ask the front "
            "desk or whoever treats them."
        )


def list_clinicians(session: Session, actor: Actor) -> tuple[Clinician, ...]:
    """Return the clinicians who can be assigned, by name; raises NotAllowed."""
    actor.require(Permission.ASSIGN_CARE)
    rows = session.execute(_clinicians().order_by(by_name(User.name), User.id))
    # Every page with this choice keeps the list in memory, so they share the objects.
    return tuple(_one_of(clinician_id, name) for clinician_id, name in rows)


def list_team(session: Session, actor: Actor, patient_id: UUID) -> tuple[Carer, ...]:
    """Return the clinicians who treat the patient, longest first; raises NotAllowed."""
    actor.require(Permission.VIEW_PATIENT)
    rows = session.execute(
        select(User.id, User.name, CareRelationship.created_at)
        .join(User, User.id == CareRelationship.clinician_id)
        .where(
            CareRelationship.patient_id == patient_id,
            CareRelationship.ended_at.is_(None),
        )
        .order_by(CareRelationship.created_at, CareRelationship.id)
    )
    team: dict[UUID, Carer] = {}
    for clinician_id, name, since in rows:
        # After a merge, a clinician may have two care relationships with the patient.
        team.setdefault(clinician_id, Carer(Clinician(clinician_id, name), since))
    return tuple(team.values())


def is_in_charge(actor: Actor, team: Sequence[Carer]) -> bool:
    """Return whether the actor may decide who else treats this team's patient."""
    is_clinician = actor.role is Role.CLINICIAN
    treats = any(carer.clinician.id == actor.id for carer in team)
    return actor.may(Permission.ASSIGN_CARE) and (treats or not is_clinician)


def assign(
    session: Session, actor: Actor, patient_id: UUID, clinician_id: UUID
) -> Carer:
    """Have the clinician treat the patient from now on; the caller commits.

    A clinician can do so only for their own patients: opening a record without treating
    the patient does not make the patient theirs. Raises AlreadyTreats, NotFound,
    NotAllowed.
    """
    actor.require(Permission.ASSIGN_CARE)
    require_own(session, actor, patient_id)
    # Locked, so that two desks that assign the same clinician to the patient at once
    # queue up, and the second sees what the first did.
    _lock(session, patient_id)
    clinician = _get_clinician(session, clinician_id)
    if any(
        carer.clinician == clinician for carer in list_team(session, actor, patient_id)
    ):
        raise AlreadyTreats(clinician.name)
    care = begin(session, patient_id, clinician_id, by=actor)
    return Carer(clinician, care.created_at)


def end(session: Session, actor: Actor, patient_id: UUID, clinician_id: UUID) -> None:
    """End the clinician's care of the patient; the caller commits.

    The patient disappears from the clinician's lists at once. Raises NotFound,
    NotAllowed.
    """
    actor.require(Permission.ASSIGN_CARE)
    require_own(session, actor, patient_id)
    ended = session.scalars(
        update(CareRelationship)
        .where(
            CareRelationship.patient_id == patient_id,
            CareRelationship.clinician_id == clinician_id,
            CareRelationship.ended_at.is_(None),
        )
        .values(ended_at=func.now())
        .returning(CareRelationship.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not ended:
        raise NotFound("This clinician no longer treats the patient.")
    audit.record(
        session,
        actor,
        Action.CARE_END,
        patient_id=patient_id,
        subject=("user", clinician_id),
    )


def is_treated_by(session: Session, clinician_id: UUID, patient_id: UUID) -> bool:
    """Return whether the clinician treats the patient; for other services."""
    care = select(CareRelationship.id).where(
        CareRelationship.clinician_id == clinician_id,
        CareRelationship.patient_id == patient_id,
        CareRelationship.ended_at.is_(None),
    )
    return session.scalar(care.limit(1)) is not None


def require_own(session: Session, actor: Actor, patient_id: UUID) -> None:
    """Raise NotYours if a clinician does not treat the patient; for other services.

    A record opened for a reason is open for some hours; break-glass must not be enough
    for anything that would keep it visible longer.
    """
    if actor.role is Role.CLINICIAN and not is_treated_by(
        session, actor.id, patient_id
    ):
        raise NotYours


def begin(
    session: Session, patient_id: UUID, clinician_id: UUID, *, by: Actor
) -> CareRelationship:
    """Record that a clinician treats a patient; for other services.

    Checks neither permissions nor whether the clinician does so already.
    """
    care = CareRelationship(
        patient_id=patient_id, clinician_id=clinician_id, created_by=by.id
    )
    session.add(care)
    session.flush()
    audit.record(
        session,
        by,
        Action.CARE_ASSIGN,
        patient_id=patient_id,
        subject=("user", clinician_id),
    )
    return care


def _clinicians() -> Select[UUID, str]:
    return select(User.id, User.name).where(
        User.role == Role.CLINICIAN.value, User.deactivated_at.is_(None)
    )


@lru_cache(maxsize=_MOST_CLINICIANS)
def _one_of(clinician_id: UUID, name: str) -> Clinician:
    return Clinician(clinician_id, name)


def _get_clinician(session: Session, clinician_id: UUID) -> Clinician:
    row = session.execute(_clinicians().where(User.id == clinician_id)).one_or_none()
    if row is None:
        raise NoSuchClinician
    return Clinician(row.id, row.name)


def _lock(session: Session, patient_id: UUID) -> None:
    in_use = select(Patient.id).where(
        Patient.id == patient_id, Patient.deleted_at.is_(None)
    )
    # No key changes: whoever files something under the patient need not wait.
    if session.scalar(in_use.with_for_update(key_share=True)) is None:
        raise NoSuchPatient(patient_id)
