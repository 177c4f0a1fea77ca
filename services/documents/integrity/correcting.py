"""Explains what a former check of files wrote in error about sound prescriptions.

It compared them with the wrong columns: it called every one damaged, and named the row
of a version as the prescription and as the patient. The log is only ever added to, so
an event of its own names those that are false.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from db.models.audit import AuditEvent
from db.models.integrity import IntegrityRun
from db.mongo.audit_store import AuditFilter, AuditStore
from services.core import audit
from services.core.actors import KEEPER
from services.core.audit import Action
from services.documents.integrity.runs import Job

_FALSE: Final = Action.PRESCRIPTION_DAMAGED
_KIND: Final = "prescription"
_SENTENCE: Final = (
    "These events are false: a check compared sound prescriptions with the wrong "
    "columns, and named patients who do not exist"
)
# As many as one event can well be read with.
_AT_ONCE: Final = 100
# Longer than an event ever waits for those that were written after it.
_OVERLAP: Final = timedelta(days=1)


def correct(session: Session, store: AuditStore) -> int:
    """Name the false events that nothing names yet; return how many those are.

    Two at once name each only once. Raises AuditStoreUnavailable. The caller, the
    system, commits.
    """
    row = (
        select(IntegrityRun.job).where(IntegrityRun.job == Job.CHECK).with_for_update()
    )
    session.execute(row)
    # What is shipped meanwhile leaves the first place after it has come to the second.
    false, named = _waiting(session)
    shipped_false, shipped_named = _shipped(store)
    waiting = sorted((false | shipped_false) - named - shipped_named)
    for start in range(0, len(waiting), _AT_ONCE):
        details = {"sentence": _SENTENCE, "events": waiting[start : start + _AT_ONCE]}
        audit.record(session, KEEPER, Action.AUDIT_CORRECT, details=details)
    return len(waiting)


def _waiting(session: Session) -> tuple[set[str], set[str]]:
    """Return what is false and what is named among the events to be shipped."""
    false = select(cast(AuditEvent.id, Text)).where(
        AuditEvent.action == _FALSE,
        AuditEvent.subject_kind == _KIND,
        AuditEvent.subject_id == cast(AuditEvent.patient_id, Text),
    )
    named = select(AuditEvent.details["events"]).where(
        AuditEvent.action == Action.AUDIT_CORRECT
    )
    named_ids = (event_id for events in session.scalars(named) for event_id in events)
    return set(session.scalars(false)), set(named_ids)


def _shipped(store: AuditStore) -> tuple[set[str], set[str]]:
    """Return what is false and what is named in the log, since it was last named."""
    corrections = frozenset({Action.AUDIT_CORRECT.value})
    newest = store.find(AuditFilter(actions=corrections), limit=1)
    since = newest[0].at - _OVERLAP if newest else None
    wanted = AuditFilter(actions=corrections | {_FALSE.value}, since=since)
    false, named = set[str](), set[str]()
    for entry in store.stream(wanted):
        if entry.action == Action.AUDIT_CORRECT:
            named.update(entry.details["events"])
        # No prescription has the id of its patient.
        elif entry.subject_kind == _KIND and entry.subject_id == str(entry.patient_id):
            false.add(str(entry.id))
    return false, named
