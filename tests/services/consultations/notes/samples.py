"""Visits to write notes about."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from db.models.booking import Appointment
from services.consultations import notes
from services.consultations.notes import NotesRecord
from services.core.actors import Actor
from tests.kit import cast
from tests.services.visits import visit_samples

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)


def visit(
    session: Session,
    patient_id: UUID,
    *,
    days_ago: int = 0,
    user_id: UUID | None = None,
    **values: Any,
) -> Appointment:
    """Add a visit of the patient at noon of some day, checked in by default."""
    kept = visit_samples.visit(
        session,
        cast.add_doctor(session, user_id=user_id, name=f"Dr. {uuid4().hex[:6]}").id,
        patient_id,
        NOON - timedelta(days=days_ago),
        **({"status": "checked-in"} | values),
    )
    return session.get_one(Appointment, kept)


def save(
    session: Session, actor: Actor, about: Appointment, number: int = 0, **typed: str
) -> NotesRecord:
    """Save notes of a visit, with a complaint by default."""
    written = typed or {"complaint": "Headache"}
    return notes.save(session, actor, about.id, written, number=number)
