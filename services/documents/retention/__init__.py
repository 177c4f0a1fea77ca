"""How long documents are kept: the rules, the holds, what is due, and the purge."""

from services.documents.retention.dates import (
    LONGEST_DAYS,
    LONGEST_RESTORE_DAYS,
    days_of_years,
)
from services.documents.retention.holds import HeldDocument, list_holds, release_hold
from services.documents.retention.overview import Damage, Dues, Overview, Walk, look
from services.documents.retention.purging import PURGED_NAME, PURGED_TITLE, purge
from services.documents.retention.rules import (
    RetentionPeriod,
    RetentionRuleChanged,
    change_rule,
    list_rules,
)

__all__ = [
    "LONGEST_DAYS",
    "LONGEST_RESTORE_DAYS",
    "PURGED_NAME",
    "PURGED_TITLE",
    "Damage",
    "Dues",
    "HeldDocument",
    "Overview",
    "RetentionPeriod",
    "RetentionRuleChanged",
    "Walk",
    "change_rule",
    "days_of_years",
    "list_holds",
    "list_rules",
    "look",
    "purge",
    "release_hold",
]
