"""All visits as lines, for exports of all of them."""

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.doctor import Doctor
from services.core.actors import Actor, Permission
from services.lists.streaming.line_fields import (
    LineField,
    LineFieldKind,
    TemplateOf,
    field_of,
)
from services.lists.streaming.line_pieces import LinePiece
from services.lists.streaming.lines import LineSource, stream_lines
from services.visits.front_desk.appointments.rows import (
    CHANGED_AT,
    STATUS,
    VERSION,
    visits,
)

# Fields of a VisitRecord, by their names there.
VISIT_FIELDS: Final[Mapping[str, LineField]] = {
    field.name: field
    for field in (
        LineField("status", STATUS, LineFieldKind.FACT),
        field_of(Appointment.id),
        field_of(Appointment.booking_id),
        field_of(Appointment.doctor_id),
        field_of(Doctor.name, name="doctor_name"),
        field_of(Doctor.speciality),
        field_of(Appointment.patient_id),
        field_of(Appointment.starts_at),
        field_of(Appointment.ends_at),
        LineField("version", VERSION, LineFieldKind.NUMBER),
        LineField("changed_at", CHANGED_AT, LineFieldKind.WORD),
        field_of(Appointment.checked_in_at),
        field_of(Appointment.completed_at),
    )
}


def stream_visits(
    session: Session,
    actor: Actor,
    fields: Sequence[LineField],
    template_of: TemplateOf,
    patient_ids: Sequence[UUID] | None,
    *,
    since: datetime | None,
) -> Generator[LinePiece]:
    """Yield lines of everybody's visits, or of these, that changed after `since`.

    The caller records the export. Raises NotAllowed.
    """
    actor.require(Permission.EXPORT_PATIENTS)
    actor.require(Permission.VIEW_VISITS)
    rows = visits()
    if since is not None:
        rows = rows.where(since < CHANGED_AT)
    source = LineSource(rows=rows, fields=fields, patient_id=Appointment.patient_id)
    return stream_lines(session, source, template_of, patient_ids)
