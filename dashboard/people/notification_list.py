"""A person's own notifications on the screen: each leads to its subject."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import streamlit as st

from dashboard.context import current_actor, write
from dashboard.navigation import go
from dashboard.ui.language import gettext as _, ngettext, translated
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services.messaging import user_notifications
from services.messaging.user_notifications import (
    NotificationTopic,
    UserNotificationRecord,
)

_ICONS: Final[Mapping[NotificationTopic, str]] = MappingProxyType(
    {
        NotificationTopic.DOCUMENT: "description",
        NotificationTopic.SHARED: "lock_open",
        NotificationTopic.OFFER: "event_available",
        NotificationTopic.ALERT: "warning",
        NotificationTopic.DRILL: "fire_extinguisher",
        NotificationTopic.EMERGENCY: "emergency_home",
        NotificationTopic.UNSENT: "unsubscribe",
        NotificationTopic.COUNT: "monitoring",
    }
)
_PAGES: Final[Mapping[NotificationTopic, str]] = MappingProxyType(
    {
        NotificationTopic.DOCUMENT: "documents/document.py",
        NotificationTopic.SHARED: "documents/document.py",
        NotificationTopic.OFFER: "visits/visits.py",
        NotificationTopic.ALERT: "cluster/alerts.py",
        NotificationTopic.DRILL: "cluster/drills.py",
        NotificationTopic.EMERGENCY: "patients/break_glass_review.py",
        NotificationTopic.UNSENT: "analytics/dashboards.py",
        NotificationTopic.COUNT: "analytics/dashboards.py",
    }
)


def show_notification(notification: UserNotificationRecord) -> None:
    """Show a notification; opening its subject marks it as read."""
    sentence = plain(translated(_in_language(notification).sentence))
    with st.container(
        border=True,
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        gap="small",
    ):
        if st.button(
            sentence if notification.is_read else f"**{sentence}**",
            type="tertiary",
            key=f"notifications_open_{notification.id}",
            icon=f":material/{_ICONS[notification.topic]}:",
        ):
            _open(notification)
        when = at(notification.created_at)
        if not notification.is_read:
            when = _("New · {when}").format(when=when)
        st.caption(when, width="content")


def mark_all_read() -> None:
    """Mark all as read, including those not shown, and say so."""
    actor = current_actor()
    number = write(lambda session: user_notifications.mark_read(session, actor))
    notify(
        ngettext(
            "One notification is marked as read.",
            "{number} notifications are marked as read.",
            number,
        ).format(number=number)
    )


def _in_language(notification: UserNotificationRecord) -> UserNotificationRecord:
    """Return it with what was recorded of the servers in the language of the page."""
    match notification.topic:
        case NotificationTopic.ALERT:
            detail = translate_recorded(notification.detail)
        case NotificationTopic.DRILL:
            title, dot, how_it_went = notification.detail.partition(". ")
            detail = f"{_(title)}{dot}{translate_recorded(how_it_went)}"
        case _:
            return notification
    return replace(notification, detail=detail)


def _open(notification: UserNotificationRecord) -> None:
    actor, ids = current_actor(), (notification.id,)
    if not notification.is_read:
        write(lambda session: user_notifications.mark_read(session, actor, ids))
    page = _PAGES[notification.topic]
    of_document = page == "documents/document.py"
    go(page, **({"document": str(notification.subject_id)} if of_document else {}))
