"""Corrects false audit events that an earlier check wrote about sound prescriptions.

That check compared them with the wrong columns: it called every one damaged, and named
the row of a version as the prescription and as the patient. The log is append-only, so
an event of its own names the false ones.
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
# As many ids as can reasonably be read in one event.
_AT_ONCE: Final = 100
# Longer than an event ever waits for those that were written after it.
_OVERLAP: Final = timedelta(days=1)


def correct(session: Session, store: AuditStore) -> int:
    """Name the false events that nothing names yet; return their number.

    Two runs at once name each event only once. Raises AuditStoreUnavailable. The
    caller, which is the system, commits.
    """
    row = (
        select(IntegrityRun.job).where(IntegrityRun.job == Job.CHECK).with_for_update()
    )
    session.execute(row)
    # In this order: an event shipped meanwhile leaves PostgreSQL only once it is in the
    # log.
    false, named = _waiting(session)
    shipped_false, shipped_named = _shipped(store)
    waiting = sorted((false | shipped_false) - named - shipped_named)
    for start in range(0, len(waiting), _AT_ONCE):
        details = {"sentence": _SENTENCE, "events": waiting[start : start + _AT_ONCE]}
        audit.record(session, KEEPER, Action.AUDIT_CORRECT, details=details)
    return len(waiting)


def _waiting(session: Session) -> tuple[set[str], set[str]]:
    """Return the false events, and those already named, among events to be shipped."""
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
    """Return the false events and the named ones in the log since the last naming."""
    corrections = frozenset({Action.AUDIT_CORRECT.value})
    newest = store.find(AuditFilter(actions=corrections), limit=1)
    since = newest[0].at - _OVERLAP if newest else None
    wanted = AuditFilter(actions=corrections | {_FALSE.value}, since=since)
    false, named = set[str](), set[str]()
    for entry in store.stream(wanted):
        if entry.action == Action.AUDIT_CORRECT:
            named.update(entry.details["events"])
        # No prescription has the same id as its patient.
        elif entry.subject_kind == _KIND and entry.subject_id == str(entry.patient_id):
            false.add(str(entry.id))
    return false, named
