"""Whose earlier records may be looked at today; sessions read from the live clinic.

Earlier rows reflect neither later erasures nor permissions lost since.
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
    """Return which of these patients the actor may still look at in an earlier state.

    Those are the patients the actor can see today, and those that no longer exist at
    all: for them the rules of the earlier time decide. Nobody may see erased records.
    Raises NotAllowed.
    """
    actor.require(Permission.COPY_BACK)
    is_one = Patient.id.in_(patient_ids)
    shown = select(Patient.id).where(is_one, Patient.erased_at.is_(None))
    own = set(session.scalars(shown))
    # A merged patient still exists and is shown: the page says later that the merge
    # stays. Clinicians see those whom they treat; the others must not be taken for
    # gone.
    with assume_role(session, "staff"):
        there = set(session.scalars(select(Patient.id).where(is_one)))
    return frozenset(own | (set(patient_ids) - there))


def require_shown_today(session: Session, actor: Actor, patient_id: UUID) -> None:
    """Raise NoSuchPatient if the actor may not see the patient's earlier record."""
    if patient_id not in shown_today(session, actor, [patient_id]):
        raise NoSuchPatient(patient_id)
