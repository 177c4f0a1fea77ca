"""The tables, one module per thing."""

from db.models.audit import AuditEvent, AuditHead, AuditSeal
from db.models.base import Base
from db.models.care import BreakGlassAccess, CareRelationship, ExportGrant
from db.models.doctor import Doctor
from db.models.document import (
    Document,
    DocumentShare,
    DocumentText,
    DocumentVersion,
    RetentionRule,
)
from db.models.document_search import DocumentSearch, DocumentWord
from db.models.keeping import DoomedFile, KeepingRun
from db.models.patient import (
    STAYS_WITH_MERGED,
    ClinicalTerm,
    Patient,
    PatientMerge,
)
from db.models.receipt import WriteReceipt
from db.models.user import (
    ApiToken,
    Ceremony,
    Invitation,
    LoginCode,
    Passkey,
    User,
    UserIdentity,
    UserSession,
)
from db.models.view import SavedView, StoredCriteria

__all__ = [
    "STAYS_WITH_MERGED",
    "ApiToken",
    "AuditEvent",
    "AuditHead",
    "AuditSeal",
    "Base",
    "BreakGlassAccess",
    "CareRelationship",
    "Ceremony",
    "ClinicalTerm",
    "Doctor",
    "Document",
    "DocumentSearch",
    "DocumentShare",
    "DocumentText",
    "DocumentVersion",
    "DocumentWord",
    "DoomedFile",
    "ExportGrant",
    "Invitation",
    "KeepingRun",
    "LoginCode",
    "Passkey",
    "Patient",
    "PatientMerge",
    "RetentionRule",
    "SavedView",
    "StoredCriteria",
    "User",
    "UserIdentity",
    "UserSession",
    "WriteReceipt",
]
