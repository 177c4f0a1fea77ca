"""Lists of patients: pages, counts, exports, figures; whatever criteria can ask for."""

from services.patients.search.exporting import (
    export_csv as export_csv,
    export_workbook as export_workbook,
    list_exported_ids as list_exported_ids,
)
from services.patients.search.identifying import identify as identify
from services.patients.search.list_groups import (
    GroupTooSmall as GroupTooSmall,
    ListGroup as ListGroup,
    find_group as find_group,
)
from services.patients.search.pages import (
    PatientPage as PatientPage,
    count_patients as count_patients,
    list_numbered as list_numbered,
    list_patients as list_patients,
)
from services.patients.search.parsing import has_only_years as has_only_years
from services.patients.search.quick import (
    find_quickly as find_quickly,
)
from services.patients.search.similar import find_similar as find_similar
from services.patients.search.statistics import (
    Bar as Bar,
    ListStatistics as ListStatistics,
    describe as describe,
    find_bars as find_bars,
    statistics_of as statistics_of,
)
from services.patients.search.terms import (
    list_terms as list_terms,
)
from services.patients.search.visibility import (
    PSEUDONYMISED as PSEUDONYMISED,
    Listed as Listed,
    is_public as is_public,
    visibility_of as visibility_of,
)
