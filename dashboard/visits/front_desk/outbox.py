"""The e-mails about visits and documents, as an administrator sees them."""

from dataclasses import replace

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, read
from dashboard.ui.dialogs import dialog
from dashboard.ui.language import gettext as _, marked, pgettext
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    Tone,
    chosen_of,
    record_table,
)
from dashboard.ui.words import at
from dashboard.web.mail_sender import sender_of
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import (
    NotificationKind,
    NotificationRecord,
    OutboxSummary,
)

_KINDS = {
    NotificationKind.CONFIRMED: marked("Visit booked"),
    NotificationKind.MOVED: marked("Visit moved"),
    NotificationKind.CANCELLED: marked("Visit cancelled"),
    NotificationKind.REMINDER: marked("Reminder"),
    NotificationKind.OFFER: marked("Waiting list offer"),
    NotificationKind.DOCUMENT: marked("Documents available"),
}
_TO = Column("To")
_COLUMNS = (
    Column(marked("Written"), is_whole=True),
    Column(marked("E-mail")),
    _TO,
    Column(marked("State")),
    Column(""),
)


def read_outbox() -> OutboxSummary:
    """Return the state of the e-mails, and the newest of them."""
    actor, sender = current_actor(), sender_of(wiring.current().settings)
    return read(
        lambda session: notifications.read_outbox(session, actor, sender),
        keep=("outbox", actor.id),
        seconds=15,
    )


def has_mail_server() -> bool:
    """Return whether e-mails leave this machine at all."""
    return wiring.current().settings.smtp_url is not None


def emails_table(
    emails: tuple[NotificationRecord, ...], *, key: str
) -> NotificationRecord | None:
    """Show e-mails; return the one to be read."""
    read_it = RowAction("read", pgettext("letter", "Read"), "mail", shows_label=True)
    columns = [
        replace(column, label=pgettext("letter", "To")) if column is _TO else column
        for column in _COLUMNS
    ]
    rows = [
        Row(
            str(email.id),
            (
                Cell(at(email.created_at)),
                Cell(_(_KINDS[email.kind])),
                Cell(email.to),
                _state(email),
                Cell("", actions=(read_it,)),
            ),
        )
        for email in emails
    ]
    event = record_table(columns, rows, name=_("E-mails"), key=key)
    return chosen_of(event, emails, lambda email: email.id)


@dialog(marked("E-mail"), width="medium")
def show_email(email: NotificationRecord) -> None:
    """Show the text of an e-mail."""
    st.caption(
        _("To {address}, written {when}").format(
            address=email.to, when=at(email.created_at)
        )
    )
    st.text(email.subject)
    st.code(email.text, language=None, wrap_lines=True)


def _state(email: NotificationRecord) -> Cell:
    tone: Tone
    match email.state:
        case "sent":
            sent = at(email.sent_at or email.send_at)
            return Cell(_("Sent {when}").format(when=sent), "ok", "send")
        case "given up":
            return Cell(_("Failed"), "danger", "error")
        case _:
            tone = "warn" if email.attempts else "muted"
            said = (
                _("Waiting, tried {count} times").format(count=email.attempts)
                if email.attempts
                else _("Waiting")
            )
            return Cell(said, tone, "schedule_send")
