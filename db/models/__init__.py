"""The tables, one module per thing."""

from db.models.audit import AuditEvent, AuditHead, AuditSeal
from db.models.base import Base
from db.models.booking import (
    Appointment,
    Booking,
    BookingSlot,
    Slot,
    VisitLetter,
    WaitlistEntry,
)
from db.models.care import BreakGlassAccess, CareRelationship, ExportGrant
from db.models.consultation import (
    MedicalRecord,
    MedicalRecordVersion,
    Prescription,
    PrescriptionVersion,
)
from db.models.doctor import Doctor, ScheduleException, WorkingHours
from db.models.document import (
    Document,
    DocumentShare,
    DocumentText,
    DocumentVersion,
    RetentionRule,
)
from db.models.document_search import DocumentSearch, DocumentWord
from db.models.integrity import DoomedFile, KeepingRun
from db.models.patient import (
    STAYS_WITH_MERGED,
    ClinicalTerm,
    Patient,
    PatientMerge,
)
from db.models.receipt import WriteReceipt
from db.models.replication import (
    ACTS,
    ALERT_KINDS,
    DRILL_KINDS,
    Alert,
    AlertLetter,
    AlertRule,
    ClusterOperation,
    Drill,
    DrillPlan,
    ReplicationSample,
    WriteProbe,
)
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
    "ACTS",
    "ALERT_KINDS",
    "DRILL_KINDS",
    "STAYS_WITH_MERGED",
    "Alert",
    "AlertLetter",
    "AlertRule",
    "ApiToken",
    "Appointment",
    "AuditEvent",
    "AuditHead",
    "AuditSeal",
    "Base",
    "Booking",
    "BookingSlot",
    "BreakGlassAccess",
    "CareRelationship",
    "Ceremony",
    "ClinicalTerm",
    "ClusterOperation",
    "Doctor",
    "Document",
    "DocumentSearch",
    "DocumentShare",
    "DocumentText",
    "DocumentVersion",
    "DocumentWord",
    "DoomedFile",
    "Drill",
    "DrillPlan",
    "ExportGrant",
    "Invitation",
    "KeepingRun",
    "LoginCode",
    "MedicalRecord",
    "MedicalRecordVersion",
    "Passkey",
    "Patient",
    "PatientMerge",
    "Prescription",
    "PrescriptionVersion",
    "ReplicationSample",
    "RetentionRule",
    "SavedView",
    "ScheduleException",
    "Slot",
    "StoredCriteria",
    "User",
    "UserIdentity",
    "UserSession",
    "VisitLetter",
    "WaitlistEntry",
    "WorkingHours",
    "WriteProbe",
    "WriteReceipt",
]
