"""Lists of patients: pages, counts, exports, figures; whatever criteria can ask for."""

from services.lists.criteria import Count
from services.patients.search.counting import count_patients
from services.patients.search.exporting import export_csv
from services.patients.search.identifying import identify
from services.patients.search.pages import PatientPage, list_numbered, list_patients
from services.patients.search.similar import find_similar
from services.patients.search.statistics import Bar, ListStatistics, describe
from services.patients.search.terms import list_terms, suggest_terms
from services.patients.search.visibility import Listed

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
