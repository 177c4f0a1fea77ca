"""Alerts on counts: told once when a cohort or a figure crosses a line."""

from services.analytics.count_alerts.alerts import (
    change as change,
    create as create,
    delete as delete,
    list_alerts as list_alerts,
)
from services.analytics.count_alerts.model import (
    LONGEST_NAME as LONGEST_NAME,
    AlertState as AlertState,
    CountAlertDraft as CountAlertDraft,
    CountAlertRecord as CountAlertRecord,
    DueAlert as DueAlert,
)
from services.analytics.count_alerts.watching import (
    find_due as find_due,
    postpone as postpone,
    record_crossing as record_crossing,
    record_state as record_state,
    state_of as state_of,
)
