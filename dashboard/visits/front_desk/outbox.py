"""The letters about visits, as an administrator looks at them."""

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
from dashboard.web.public_address import letterhead_of
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
    """Return how the letters stand, and the newest of them."""
    actor, head = current_actor(), letterhead_of(wiring.current().settings)
    return read(
        lambda session: notifications.look(session, actor, head),
        keep=("outbox", actor.id),
        seconds=15,
    )


def has_mail_server() -> bool:
    """Tell whether letters leave this machine at all."""
    return wiring.current().settings.smtp_url is not None


def letters_table(
    shown: tuple[NotificationRecord, ...], *, key: str
) -> NotificationRecord | None:
    """Show letters; return the one that is to be read."""
    rows = [
        Row(
            str(one.id),
            (
                Cell(at(one.created_at)),
                Cell(_KINDS[one.kind]),
                Cell(one.to),
                _state(one),
                Cell("", actions=(_READ,)),
            ),
        )
        for one in shown
    ]
    asked = record_table(payload_of(_COLUMNS, rows, name="Letters"), key=key)
    return chosen_of(asked, shown, lambda one: one.id)


@st.dialog("Letter", width="medium")
def show(letter: NotificationRecord) -> None:
    """Show what a letter says."""
    st.caption(f"To {letter.to}, written {at(letter.created_at)}")
    st.text(letter.subject)
    st.code(letter.text, language=None, wrap_lines=True)


def _state(letter: NotificationRecord) -> Cell:
    tone: Tone
    match letter.state:
        case "sent":
            return Cell(f"Sent {at(letter.sent_at or letter.send_at)}", "ok", "send")
        case "given up":
            return Cell("Given up", "danger", "error")
        case _:
            tone = "warn" if letter.attempts else "muted"
            tried = f", tried {letter.attempts} times" if letter.attempts else ""
            return Cell(f"Waiting{tried}", tone, "schedule_send")
