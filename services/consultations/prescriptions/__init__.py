"""Prescriptions: issued at a visit as signed papers, amended, withdrawn, checked."""

from services.consultations.prescriptions.content import PrescriptionOrder
from services.consultations.prescriptions.drafts import (
    SavedPrescriptionDraft,
    UnfinishedPrescription,
    discard_draft,
    list_drafts,
    save_draft,
)
from services.consultations.prescriptions.errors import (
    AllergyMatches,
    AlreadyPrescribed,
    InvalidPrescription,
    NoSuchPrescription,
    NotAtVisit,
    PaperDamaged,
    PapersUnavailable,
    Superseded,
    VisitNotFound,
    Withdrawn,
)
from services.consultations.prescriptions.issuer import PrescriptionIssuer
from services.consultations.prescriptions.issuing import (
    issue,
    prepare,
    prepare_amendment,
    withdraw,
)
from services.consultations.prescriptions.reading import (
    find_by_content,
    find_of_visit,
    get,
    list_of_patient,
    open_version,
    read_file,
    versions,
)
from services.consultations.prescriptions.records import (
    DraftPrescription,
    PrescriptionLine,
    PrescriptionRecord,
    PrescriptionStatus,
    PrescriptionVersion,
    SignedPaper,
)
from services.consultations.prescriptions.rows import permission_to_view

__all__ = [
    "AllergyMatches",
    "AlreadyPrescribed",
    "DraftPrescription",
    "InvalidPrescription",
    "NoSuchPrescription",
    "NotAtVisit",
    "PaperDamaged",
    "PapersUnavailable",
    "PrescriptionIssuer",
    "PrescriptionLine",
    "PrescriptionOrder",
    "PrescriptionRecord",
    "PrescriptionStatus",
    "PrescriptionVersion",
    "SavedPrescriptionDraft",
    "SignedPaper",
    "Superseded",
    "UnfinishedPrescription",
    "VisitNotFound",
    "Withdrawn",
    "discard_draft",
    "find_by_content",
    "find_of_visit",
    "get",
    "issue",
    "list_drafts",
    "list_of_patient",
    "open_version",
    "permission_to_view",
    "prepare",
    "prepare_amendment",
    "read_file",
    "save_draft",
    "versions",
    "withdraw",
]
