"""Locks that keep visits unchanged while something is written about them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.postgres import assume_role


def lock(session: Session, visit_id: UUID) -> None:
    """Lock the visit until the transaction ends; for other services.

    Read it after that: only a later statement sees what others changed during the wait.
    Lock the patient before the visit, as a merge does. Checks no permission.
    """
    statement = select(Appointment.id).where(Appointment.id == visit_id)
    # Clinicians cannot write visits themselves: see db/migrations/rights/visits.py. Not
    # shared, because saving notes completes the visit in the same transaction.
    with assume_role(session, "system"):
        session.execute(statement.with_for_update(key_share=True))
