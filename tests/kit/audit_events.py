"""What tests read of the audit events that wait to be shipped."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.audit import AuditEvent


def events_of(session: Session, action: str | None = None) -> list[AuditEvent]:
    """Return the recorded events of an action, or of all actions, in their order."""
    events = select(AuditEvent).order_by(AuditEvent.position)
    if action is not None:
        events = events.where(AuditEvent.action == action)
    return list(session.scalars(events))
