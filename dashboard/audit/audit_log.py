"""The audit log for pages: read, verified, and the addresses that lead to it."""

from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, now, read, require, write
from services.audit import log
from services.audit.chain import ChainVerification
from services.audit.log import (
    AuditCursor,
    AuditPage,
    AuditPerson,
    AuditQuery,
    DocumentAccesses,
    Entry,
    HourCount,
    RecordAccess,
)
from services.audit.log.patient_versions import PatientVersion, list_patient_versions
from services.core.actors import Permission

_SECONDS = 5.0
_PEOPLE_SECONDS = 60.0
_HOURS_SECONDS = 60.0


def query_of_address() -> AuditQuery:
    """Return the query in the page's address; raises InvalidInput."""
    return log.from_query({log.LISTS: "no", **st.query_params.to_dict()})


def put_into_address(question: AuditQuery) -> None:
    """Put the query into the page's address; lists are asked for explicitly."""
    query = question.query()
    if query.pop(log.LISTS, None) is None:
        query[log.LISTS] = log.YES
    st.query_params.from_dict(query)


def entries(question: AuditQuery, after: AuditCursor | None) -> AuditPage:
    """Read a page of the log, the newest first."""
    actor, wired = current_actor(), wiring.current()
    wanted = question.filter(ZoneInfo(wired.settings.timezone))
    return read(
        lambda session: log.list_entries(
            session, wired.audit, actor, wanted, after=after
        ),
        keep=("audit", question, after),
        seconds=_SECONDS,
    )


def hours(question: AuditQuery) -> tuple[HourCount, ...]:
    """Read how many entries each of the last 24 hours has."""
    actor, wired = current_actor(), wiring.current()
    wanted, timestamp = question.filter(ZoneInfo(wired.settings.timezone)), now()
    return read(
        lambda session: log.count_by_hour(
            session, wired.audit, actor, wanted, now=timestamp
        ),
        keep=("audit_hours", question),
        seconds=_HOURS_SECONDS,
    )


def accesses(after: AuditCursor | None, *, has_lists: bool) -> tuple[RecordAccess, ...]:
    """Read who did what with the record of the signed-in person."""
    actor, store = current_actor(), wiring.current().audit
    return read(
        lambda session: log.list_accesses(
            session, store, actor, after=after, has_lists=has_lists
        ),
        keep=("accesses", actor, after, has_lists),
        seconds=_SECONDS,
    )


def document_accesses(document_id: UUID, after: AuditCursor | None) -> DocumentAccesses:
    """Read who did what with a document."""
    actor, store = current_actor(), wiring.current().audit
    return read(
        lambda session: log.list_document_accesses(
            session, store, actor, document_id, after=after
        ),
        keep=("document_accesses", document_id, after),
        seconds=_SECONDS,
    )


def patient_versions(patient_id: UUID, version: int) -> tuple[PatientVersion, ...]:
    """Read the versions of a record up to the one on screen."""
    actor, store = current_actor(), wiring.current().audit
    return read(
        lambda session: list_patient_versions(session, store, actor, patient_id),
        keep=("patient_versions", patient_id, version),
        seconds=_SECONDS,
    )


def people() -> tuple[AuditPerson, ...]:
    """Read the people who may appear in the log."""
    actor = current_actor()
    return read(
        lambda session: log.list_people(session, actor),
        keep=("audit_people", actor),
        seconds=_PEOPLE_SECONDS,
    )


def csv_address(question: AuditQuery) -> str:
    """Return the address of exactly these entries, on all pages, as a file."""
    return f"/files/audit.csv?{urlencode(question.query())}"


def sign_in_address(entry: Entry) -> str:
    """Return the address of everything done in the same sign-in; empty without one."""
    if entry.session_id is None:
        return ""
    # With lists: one may have led from one record to the next.
    query = AuditQuery(session_id=entry.session_id).query() | {log.LISTS: log.YES}
    return f"audit?{urlencode(query)}"


def verify() -> ChainVerification:
    """Follow the whole chain, and record the result."""
    require(Permission.VIEW_AUDIT)
    actor, wired = current_actor(), wiring.current()
    verdict = log.verify_chain(wired.database, wired.audit, wired.seal_keys)
    write(
        lambda session: log.record_verification(
            session, actor, is_whole=verdict.is_whole, sentence=verdict.sentence
        )
    )
    return verdict
