"""The tables, one module per thing."""

from db.models.audit import (
    AuditEvent as AuditEvent,
    AuditHead as AuditHead,
    AuditSeal as AuditSeal,
)
from db.models.base import Base as Base
from db.models.booking import (
    Appointment as Appointment,
    Booking as Booking,
    BookingSlot as BookingSlot,
    Slot as Slot,
    VisitLetter as VisitLetter,
    WaitlistEntry as WaitlistEntry,
)
from db.models.care import (
    BreakGlassAccess as BreakGlassAccess,
    CareRelationship as CareRelationship,
    ExportGrant as ExportGrant,
)
from db.models.consultation import (
    MedicalRecord as MedicalRecord,
    MedicalRecordVersion as MedicalRecordVersion,
    Prescription as Prescription,
    PrescriptionVersion as PrescriptionVersion,
)
from db.models.doctor import (
    Doctor as Doctor,
    ScheduleException as ScheduleException,
    WorkingHours as WorkingHours,
)
from db.models.document import (
    Document as Document,
    DocumentShare as DocumentShare,
    DocumentText as DocumentText,
    DocumentVersion as DocumentVersion,
    RetentionRule as RetentionRule,
)
from db.models.document_search import (
    DocumentSearch as DocumentSearch,
    DocumentWord as DocumentWord,
)
from db.models.integrity import DoomedFile as DoomedFile, KeepingRun as KeepingRun
from db.models.patient import (
    STAYS_WITH_MERGED as STAYS_WITH_MERGED,
    ClinicalTerm as ClinicalTerm,
    Patient as Patient,
    PatientMerge as PatientMerge,
)
from db.models.receipt import WriteReceipt as WriteReceipt
from db.models.replication import (
    ACTS as ACTS,
    ALERT_KINDS as ALERT_KINDS,
    DRILL_KINDS as DRILL_KINDS,
    Alert as Alert,
    AlertLetter as AlertLetter,
    AlertRule as AlertRule,
    ClusterOperation as ClusterOperation,
    Drill as Drill,
    DrillPlan as DrillPlan,
    ReplicationSample as ReplicationSample,
    WriteProbe as WriteProbe,
)
from db.models.user import (
    ApiToken as ApiToken,
    Ceremony as Ceremony,
    Invitation as Invitation,
    LoginCode as LoginCode,
    Passkey as Passkey,
    User as User,
    UserIdentity as UserIdentity,
    UserSession as UserSession,
)
from db.models.view import SavedView as SavedView, StoredCriteria as StoredCriteria
