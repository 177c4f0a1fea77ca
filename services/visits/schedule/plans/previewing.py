"""Tries: what an exception would do to visits, before anybody is bound by it."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Slot
from services.core.actors import Actor
from services.visits.schedule.plans.exceptions import add_exception
from services.visits.schedule.plans.records import Calendar, ExceptionDraft, VisitWithin
from services.visits.schedule.plans.visits import list_visits_of_slots


def preview_exception(
    session: Session, actor: Actor, exception: ExceptionDraft, calendar: Calendar
) -> tuple[VisitWithin, ...]:
    """Return the visits that would have to be moved; the plan stays as it is.

    The exception is kept and taken back again, so that no second rule says what it
    does. The caller commits that somebody looked. Raises InvalidInput, NotFound,
    NotAllowed.
    """
    trial = session.begin_nested()
    try:
        before = _leaving(session, exception.doctor_id)
        add_exception(session, actor, exception, calendar)
        left = _leaving(session, exception.doctor_id) - before
    finally:
        trial.rollback()
    return list_visits_of_slots(session, actor, left)


def _leaving(session: Session, doctor_id: UUID | None) -> set[UUID]:
    leaving = select(Slot.id).where(Slot.is_leaving)
    if doctor_id is not None:
        leaving = leaving.where(Slot.doctor_id == doctor_id)
    return set(session.scalars(leaving))
