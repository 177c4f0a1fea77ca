"""Diagnoses by code: the categories of ICD-10 that are frequent in general practice."""

from services.consultations.diagnoses.icd10 import (
    SYSTEM as SYSTEM,
    Category as Category,
    categories as categories,
    suggest as suggest,
    title_of as title_of,
)
