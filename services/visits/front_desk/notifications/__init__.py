"""Notifications about visits and documents, by e-mail."""

from services.visits.front_desk.notifications.documents import (
    write_of_documents as write_of_documents,
)
from services.visits.front_desk.notifications.outbox import look as look
from services.visits.front_desk.notifications.records import (
    NotificationKind as NotificationKind,
    NotificationRecord as NotificationRecord,
    OutboxSummary as OutboxSummary,
)
from services.visits.front_desk.notifications.sending import (
    ClaimedNotification as ClaimedNotification,
    claim_next as claim_next,
    give_up_stale as give_up_stale,
    settle as settle,
)
from services.visits.front_desk.notifications.wording import (
    OWN_VISIT_PATH as OWN_VISIT_PATH,
    SenderDetails as SenderDetails,
)
from services.visits.front_desk.notifications.writing import (
    remind as remind,
    write as write,
    write_to_newcomer as write_to_newcomer,
)
