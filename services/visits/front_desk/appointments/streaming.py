"""All visits, a piece at a time, for who makes something else of all of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from db.models.booking import Appointment
from services.core.actors import Actor, Permission
from services.lists.streaming import stream_rows
from services.visits.front_desk.appointments.records import VisitRecord
from services.visits.front_desk.appointments.rows import visit_of, visits


def stream_all(
    session: Session,
    actor: Actor,
    patient_ids: Sequence[UUID] | None,
    *,
    since: datetime | None = None,
) -> Iterator[Sequence[VisitRecord]]:
    """Yield the visits of everybody, or of these patients, that changed after `since`.

    The caller writes down that they are exported. Raises NotAllowed.
    """
    actor.require(Permission.EXPORT_PATIENTS)
    actor.require(Permission.VIEW_VISITS)
    statement = visits()
    if since is not None:
        statement = statement.where(Appointment.updated_at > since)
    pieces = stream_rows(session, statement, Appointment.patient_id, patient_ids)
    return (list(map(visit_of, rows)) for rows in pieces)
