"""A cohort as one statement that counts who came in and who passed which step."""

from services.analytics.cohorts.statements.dimensions import (
    dimension_text as dimension_text,
)
from services.analytics.cohorts.statements.evaluation import (
    number_joined as number_joined,
    variations_of as variations_of,
)
from services.analytics.cohorts.statements.hashes import (
    PATIENT_SHIFT as PATIENT_SHIFT,
    concatenated as concatenated,
    event_hash as event_hash,
    patient_hash as patient_hash,
    patient_value_bytes as patient_value_bytes,
)
from services.analytics.cohorts.statements.selecting import (
    select_classes as select_classes,
    select_events as select_events,
    select_members_by_term as select_members_by_term,
    select_quantities as select_quantities,
    select_remaining as select_remaining,
    width_of_classes as width_of_classes,
)
from services.analytics.cohorts.statements.sources import (
    comparable_kinds as comparable_kinds,
    entries_of as entries_of,
    select_population as select_population,
)
