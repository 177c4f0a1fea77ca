"""Notifications about visits and documents, by e-mail."""

from services.visits.front_desk.notifications.documents import (
    write_document_emails as write_document_emails,
)
from services.visits.front_desk.notifications.outbox import read_outbox as read_outbox
from services.visits.front_desk.notifications.records import (
    NotificationKind as NotificationKind,
    NotificationRecord as NotificationRecord,
    OutboxSummary as OutboxSummary,
)
from services.visits.front_desk.notifications.sending import (
    claim_next as claim_next,
    give_up_stale as give_up_stale,
    settle as settle,
)
from services.visits.front_desk.notifications.wording import (
    OWN_VISIT_PATH as OWN_VISIT_PATH,
    SenderDetails as SenderDetails,
)
from services.visits.front_desk.notifications.writing import (
    write as write,
    write_reminders as write_reminders,
    write_to_newcomer as write_to_newcomer,
)
