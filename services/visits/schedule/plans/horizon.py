"""The plans of all doctors, a day further every day."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Doctor
from services.visits.schedule.plans.planning import apply_plans
from services.visits.schedule.plans.records import Calendar, PlanResult


def list_planned(session: Session) -> tuple[UUID, ...]:
    """Return all doctors who work here; who cannot be booked loses slots."""
    working = select(Doctor.id).where(Doctor.deleted_at.is_(None))
    return tuple(session.scalars(working.order_by(Doctor.id)))


def extend(
    session: Session, doctor_ids: Sequence[UUID], calendar: Calendar
) -> PlanResult:
    """Make the doctors' slots what their plans are now; the caller commits."""
    return apply_plans(session, None, doctor_ids, calendar)
