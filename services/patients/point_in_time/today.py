"""Whose records of then may be looked at today; sessions read from the live clinic.

Rows of then know neither of an erasure since nor of what somebody may see no more.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.patient import Patient
from db.postgres import assume_role
from services.core.actors import Actor, Permission
from services.patients.records.patients import NoSuchPatient


def shown_today(
    session: Session, actor: Actor, patient_ids: Collection[UUID]
) -> frozenset[UUID]:
    """Return which of these patients of then the actor may look at today.

    Those are whom the actor sees today, and who are not there at all any more: of them
    the rules of then decide. Erased records are nobody's. Raises NotAllowed.
    """
    actor.require(Permission.COPY_BACK)
    is_one = Patient.id.in_(patient_ids)
    shown = select(Patient.id).where(is_one, Patient.erased_at.is_(None))
    own = set(session.scalars(shown))
    # Who was merged is there still, and shown: that a merge stays is said later on.
    # Clinicians see those whom they treat; the others must not pass for gone.
    with assume_role(session, "staff"):
        there = set(session.scalars(select(Patient.id).where(is_one)))
    return frozenset(own | (set(patient_ids) - there))


def require_shown_today(session: Session, actor: Actor, patient_id: UUID) -> None:
    """Raise NoSuchPatient for one whose record of then nobody may show the actor."""
    if patient_id not in shown_today(session, actor, [patient_id]):
        raise NoSuchPatient(patient_id)
