"""Lists of patients: pages, counts, exports, figures; whatever criteria can ask for."""

from services.lists.criteria import Count as Count
from services.patients.search.exporting import export_csv as export_csv
from services.patients.search.identifying import identify as identify
from services.patients.search.pages import (
    PatientPage as PatientPage,
    count_patients as count_patients,
    list_numbered as list_numbered,
    list_patients as list_patients,
)
from services.patients.search.quick import (
    QuickMatches as QuickMatches,
    find_quickly as find_quickly,
)
from services.patients.search.similar import find_similar as find_similar
from services.patients.search.statistics import (
    Bar as Bar,
    ListStatistics as ListStatistics,
    describe as describe,
)
from services.patients.search.terms import (
    list_terms as list_terms,
    suggest_terms as suggest_terms,
)
from services.patients.search.visibility import Listed as Listed
