"""Lists of patients: pages, counts, exports, figures; whatever criteria can ask for."""

from services.criteria import Count
from services.patient_lists.counting import count_patients
from services.patient_lists.exporting import export_csv
from services.patient_lists.identifying import identify
from services.patient_lists.pages import PatientPage, list_numbered, list_patients
from services.patient_lists.sights import Listed
from services.patient_lists.similar import find_similar
from services.patient_lists.statistics import Bar, ListStatistics, describe
from services.patient_lists.terms import list_terms, suggest_terms

__all__ = [
    "Bar",
    "Count",
    "ListStatistics",
    "Listed",
    "PatientPage",
    "count_patients",
    "describe",
    "export_csv",
    "find_similar",
    "identify",
    "list_numbered",
    "list_patients",
    "list_terms",
    "suggest_terms",
]
