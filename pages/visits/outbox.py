"""The outbox: every e-mail about visits and documents, and whether it was sent."""

import streamlit as st

from dashboard.context import freshness
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.page_header import page_header
from dashboard.visits.front_desk import outbox

page_header(_("Outbox"))
st.caption(
    _(
        "E-mails to patients about their visits and new documents. They say when and "
        "where, never with whom, why or what; addresses are partly hidden here."
    )
)
if not outbox.has_mail_server():
    st.info(
        _(
            "No mail server is configured, so e-mails wait here. Set "
            "CHARTROOM_SMTP_URL and CHARTROOM_MAIL_FROM; e-mails from the last two "
            "days are then sent."
        ),
        icon=":material/unsubscribe:",
    )
summary = outbox.read_outbox()
if summary.newest:
    st.markdown(
        _("**{waiting} waiting · {sent} sent · {failed} failed**").format(
            waiting=decimal(summary.waiting),
            sent=decimal(summary.sent),
            failed=decimal(summary.given_up),
        )
    )
    if chosen := outbox.emails_table(summary.newest, key="outbox_letters"):
        outbox.show_email(chosen)
else:
    empty_state(_("No e-mails yet. The first booking sends one."), icon="mail")
st.caption(freshness())
