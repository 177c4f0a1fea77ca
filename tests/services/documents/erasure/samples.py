"""Archived patients whose retention is over, for tests of their erasure."""

from datetime import timedelta

from sqlalchemy import func, select, update

from db.models.audit import AuditEvent
from db.models.patient import Patient, PatientRetention
from services.patients.records import patients

YEARS = 10


def let_erase(session, *, years=YEARS, days_ago=30):
    """Set the rule as one that a clinic has had for a while."""
    session.execute(
        update(PatientRetention).values(
            erase_after_years=years, updated_at=func.now() - timedelta(days=days_ago)
        )
    )


def archive_long_ago(session, actor, record, *, years=YEARS):
    """Archive a patient as somebody did this many years ago."""
    patients.archive(session, actor, record.id, version=record.version)
    date_back(session, record, years=years)


def date_back(session, record, *, years=YEARS):
    """Set the time of archiving to this many years ago."""
    session.execute(
        update(Patient)
        .where(Patient.id == record.id)
        .values(deleted_at=func.now() - func.make_interval(years))
    )


def is_erased(session, patient_id):
    """Return whether a tombstone is all that is left."""
    erased_at = select(Patient.erased_at).where(Patient.id == patient_id)
    return session.scalar(erased_at) is not None


def events(session, action):
    """Return the recorded events of an action, by patient."""
    rows = session.scalars(select(AuditEvent).where(AuditEvent.action == action))
    return {event.patient_id: event for event in rows}
