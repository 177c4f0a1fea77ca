"""How long documents are kept: the rules, the holds, what is due, and the purge."""

from services.documents.retention.dates import (
    days_of_years as days_of_years,
)
from services.documents.retention.holds import (
    HeldDocument as HeldDocument,
    list_holds as list_holds,
    release_hold as release_hold,
)
from services.documents.retention.overview import (
    ClassCounts as ClassCounts,
    Damage as Damage,
    Walk as Walk,
    read_overview as read_overview,
)
from services.documents.retention.purging import (
    PURGED_NAME as PURGED_NAME,
    PURGED_TITLE as PURGED_TITLE,
    purge as purge,
    replay_purges as replay_purges,
)
from services.documents.retention.replaying import (
    HoldPlaced as HoldPlaced,
    replay_holds as replay_holds,
    replay_link_revocations as replay_link_revocations,
)
from services.documents.retention.rules import (
    RetentionPeriod as RetentionPeriod,
    change_rule as change_rule,
    list_rules as list_rules,
)
