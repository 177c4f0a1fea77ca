"""Diagnoses by code: frequent categories of ICD-10, or a clinic's own list."""

from services.consultations.diagnoses.diagnosis_list import (
    BUILT_IN as BUILT_IN,
    SYSTEM as SYSTEM,
    Category as Category,
    DiagnosisList as DiagnosisList,
)
