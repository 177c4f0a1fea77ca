"""The audit log, read: by administrators, and by patients about themselves."""

from db.audit_store import AuditCursor, AuditFilter, AuditStore
from services.audit.log.accesses import RecordAccess, list_accesses
from services.audit.log.document_accesses import (
    DocumentAccesses,
    list_document_accesses,
)
from services.audit.log.entries import (
    AuditPage,
    AuditPerson,
    Entry,
    export_csv,
    list_entries,
    list_people,
    record_verification,
)
from services.audit.log.questions import OUTCOMES, AuditQuery, from_query
from services.audit.log.reading import AuditLogUnavailable

__all__ = [
    "OUTCOMES",
    "AuditCursor",
    "AuditFilter",
    "AuditLogUnavailable",
    "AuditPage",
    "AuditPerson",
    "AuditQuery",
    "AuditStore",
    "DocumentAccesses",
    "Entry",
    "RecordAccess",
    "export_csv",
    "from_query",
    "list_accesses",
    "list_document_accesses",
    "list_entries",
    "list_people",
    "record_verification",
]
