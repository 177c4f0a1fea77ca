"""Subscriptions changed where they are listed: when, and to whom."""

from collections.abc import Collection
from uuid import UUID
from zlib import crc32

import streamlit as st

from dashboard.analytics.dashboards.subscribing import (
    ask_plan,
    ask_recipients,
    plan_words,
)
from dashboard.context import current_actor, now, read, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.analytics import subscriptions
from services.analytics.subscriptions import SendingPlan, Subscription


@dialog(marked("Change what is sent"), icon=":material/edit:")
def change_subscription(subscription: Subscription, name: str) -> None:
    """Ask when it is sent and to whom, beginning with the present values."""
    with error_boundary():
        actor, content = current_actor(), subscription.content
        readers = read(
            lambda s: subscriptions.list_eligible_recipients(s, actor, content)
        )
        st.markdown(f"**{plain(name)}**")
        # What was typed about an earlier state must not appear once it has changed.
        key = f"dashboards_mail_{subscription.id}_{_stamp(subscription)}"
        plan = ask_plan(key, subscription.plan)
        # Also recipients who are passed over at present: they get it again once they
        # may.
        names = {**readers, **subscription.recipients}
        recipients = ask_recipients(key, names, subscription.recipients)
        if confirmed(_("Save changes"), key=f"{key}_save"):
            _save(subscription, recipients, plan)


def _stamp(subscription: Subscription) -> str:
    """Return a stamp for keys, which differs once the subscription has changed."""
    people = sorted(map(str, subscription.recipients))
    return f"{crc32(repr((people, subscription.plan)).encode()):x}"


def _save(seen: Subscription, recipients: Collection[UUID], plan: SendingPlan) -> None:
    actor, at = current_actor(), now()
    write(
        lambda session: subscriptions.change(
            session, actor, seen, recipients=recipients, plan=plan, now=at
        )
    )
    if seen.next_at is None:
        notify(_("The change is saved. It is sent again once you press *Resume*."))
    else:
        notify(_("The change is saved: sent {when}.").format(when=plan_words(plan)))
    st.rerun()
