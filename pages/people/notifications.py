"""One's own notifications: offers, documents, alerts and so on, the newest first."""

import streamlit as st

from dashboard.context import current_actor, freshness, read
from dashboard.people.notification_list import mark_all_read, show_notification
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from services.messaging import user_notifications
from services.messaging.user_notifications import KEPT

_MOST = 50

actor = current_actor()
listed = read(lambda s: user_notifications.list_own(s, actor, limit=_MOST))
with page_header(_("Notifications")):
    if st.button(
        _("Mark all as read"),
        key="notifications_mark_all",
        icon=":material/done_all:",
        disabled=all(notification.is_read for notification in listed),
    ):
        mark_all_read()
        st.rerun()
for notification in listed:
    show_notification(notification)
if not listed:
    empty_state(_("No notifications yet."), icon="notifications")
elif len(listed) == _MOST:
    st.caption(_("The {count} newest.").format(count=_MOST))
st.caption(_("Notifications are kept for {days} days.").format(days=KEPT.days))
st.caption(freshness())
