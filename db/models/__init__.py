"""The tables, one module per thing."""

from db.models.base import Base
from db.models.doctor import Doctor
from db.models.patient import (
    STAYS_WITH_MERGED,
    ClinicalTerm,
    Patient,
    PatientMerge,
)
from db.models.receipt import WriteReceipt
from db.models.user import ApiToken, User
from db.models.view import SavedView, StoredCriteria

__all__ = [
    "STAYS_WITH_MERGED",
    "ApiToken",
    "Base",
    "ClinicalTerm",
    "Doctor",
    "Patient",
    "PatientMerge",
    "SavedView",
    "StoredCriteria",
    "User",
    "WriteReceipt",
]
