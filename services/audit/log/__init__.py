"""Reading the audit log: by administrators, and by patients about themselves."""

from db.mongo.audit_store import (
    AuditCursor as AuditCursor,
    AuditFilter as AuditFilter,
    AuditStore as AuditStore,
)
from services.audit.log.accesses import (
    RecordAccess as RecordAccess,
    list_accesses as list_accesses,
)
from services.audit.log.audit_query import (
    LISTS as LISTS,
    OUTCOMES as OUTCOMES,
    YES as YES,
    AuditQuery as AuditQuery,
    from_query as from_query,
)
from services.audit.log.document_accesses import (
    DocumentAccesses as DocumentAccesses,
    list_document_accesses as list_document_accesses,
)
from services.audit.log.entries import (
    AuditPage as AuditPage,
    AuditPerson as AuditPerson,
    Entry as Entry,
    HourCount as HourCount,
    count_by_hour as count_by_hour,
    export_csv as export_csv,
    list_entries as list_entries,
    list_people as list_people,
    record_key_replacement as record_key_replacement,
    record_verification as record_verification,
    verify_chain as verify_chain,
)
from services.audit.log.reading import AuditLogUnavailable as AuditLogUnavailable
from services.audit.log.sentences import phrase_of as phrase_of
