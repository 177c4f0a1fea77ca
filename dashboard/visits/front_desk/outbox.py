"""The e-mails about visits and documents, as an administrator looks at them."""

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, read
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    Tone,
    chosen_of,
    payload_of,
    record_table,
)
from dashboard.ui.words import at
from dashboard.web.public_address import sender_of
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import (
    NotificationKind,
    NotificationRecord,
    OutboxSummary,
)

_KINDS = {
    NotificationKind.CONFIRMED: "Visit booked",
    NotificationKind.MOVED: "Visit moved",
    NotificationKind.CANCELLED: "Visit cancelled",
    NotificationKind.REMINDER: "Reminder",
    NotificationKind.OFFER: "Free time offered",
    NotificationKind.DOCUMENT: "Documents are there",
}
_COLUMNS = (
    Column("Written", is_whole=True),
    Column("Letter"),
    Column("To"),
    Column("State"),
    Column(""),
)
_READ = RowAction("read", "Read", "mail")


def look() -> OutboxSummary:
    """Return how the e-mails stand, and the newest of them."""
    actor, sender = current_actor(), sender_of(wiring.current().settings)
    return read(
        lambda session: notifications.look(session, actor, sender),
        keep=("outbox", actor.id),
        seconds=15,
    )


def has_mail_server() -> bool:
    """Tell whether e-mails leave this machine at all."""
    return wiring.current().settings.smtp_url is not None


def emails_table(
    emails: tuple[NotificationRecord, ...], *, key: str
) -> NotificationRecord | None:
    """Show e-mails; return the one that is to be read."""
    rows = [
        Row(
            str(email.id),
            (
                Cell(at(email.created_at)),
                Cell(_KINDS[email.kind]),
                Cell(email.to),
                _state(email),
                Cell("", actions=(_READ,)),
            ),
        )
        for email in emails
    ]
    event = record_table(payload_of(_COLUMNS, rows, name="Letters"), key=key)
    return chosen_of(event, emails, lambda email: email.id)


@st.dialog("Letter", width="medium")
def show_email(email: NotificationRecord) -> None:
    """Show what an e-mail says."""
    st.caption(f"To {email.to}, written {at(email.created_at)}")
    st.text(email.subject)
    st.code(email.text, language=None, wrap_lines=True)


def _state(email: NotificationRecord) -> Cell:
    tone: Tone
    match email.state:
        case "sent":
            return Cell(f"Sent {at(email.sent_at or email.send_at)}", "ok", "send")
        case "given up":
            return Cell("Failed", "danger", "error")
        case _:
            tone = "warn" if email.attempts else "muted"
            tried = f", tried {email.attempts} times" if email.attempts else ""
            return Cell(f"Waiting{tried}", tone, "schedule_send")
