"""Subscriptions as a list: when next, when last, and by whom."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.analytics.dashboards.dialogs import PAGE
from dashboard.analytics.dashboards.subscribing import (
    explain_no_mail,
    is_mailing,
    most_subscriptions,
    plan_words,
)
from dashboard.analytics.dashboards.subscription_changes import change_subscription
from dashboard.context import current_actor, now, read, write
from dashboard.navigation import go
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked, ngettext, translated
from dashboard.ui.notices import notify
from dashboard.ui.words import at, capitalised, plain
from services.analytics import subscriptions
from services.analytics.subscriptions import StopReason, Subscription
from services.analytics.subscriptions.contents import SavedList
from services.core.actors import Actor

_VIEWS: Final = "patients/views.py"
_STOPPED: Final = {
    StopReason.PERSON: marked("Stopped."),
    StopReason.OWNER: marked(
        "Stopped: whoever set it up may no longer open the dashboard."
    ),
    StopReason.DASHBOARD: marked("Stopped: the dashboard was deleted."),
    StopReason.RECIPIENTS: marked(
        "Stopped: none of the recipients may still open the dashboard."
    ),
}
_STOPPED_LIST: Final = _STOPPED | {
    StopReason.OWNER: marked("Stopped: whoever set it up may no longer count cohorts."),
    StopReason.DASHBOARD: marked("Stopped: the saved list was deleted."),
    StopReason.RECIPIENTS: marked(
        "Stopped: none of the recipients may still count cohorts."
    ),
}


@st.fragment
def show_subscriptions() -> None:
    """Show what the person sends and receives by mail; nothing without any."""
    with error_boundary():
        actor = current_actor()
        known = read(lambda session: subscriptions.list_subscriptions(session, actor))
        if not known:
            return
        st.subheader(_("Sent by e-mail"), anchor=False)
        explain_no_mail()
        for each in known:
            _show(each)


def _show(subscription: Subscription) -> None:
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(f"**{plain(_name_of(subscription))}**")
            st.caption(" · ".join(_facts(subscription)))
            if subscription.stopped_because is not None:
                stopped = _STOPPED_LIST if _is_list(subscription) else _STOPPED
                st.caption(_(stopped[subscription.stopped_because]))
        with st.container(horizontal=True, width="content"):
            _show_actions(subscription)


def _is_list(subscription: Subscription) -> bool:
    return isinstance(subscription.content, SavedList)


def _name_of(subscription: Subscription) -> str:
    name = subscription.name
    if name:
        is_ready = isinstance(subscription.content, str)
        return translated(name) if is_ready else name
    if _is_list(subscription):
        return _("A saved list that was deleted")
    if subscription.is_deleted:
        return _("A dashboard that was deleted")
    return _("A dashboard that is no longer shared with you")


def _facts(subscription: Subscription) -> list[str]:
    facts = [_("Saved list")] if _is_list(subscription) else []
    facts.append(capitalised(plan_words(subscription.plan)))
    if subscription.is_own:
        people = ", ".join(map(plain, subscription.recipients.values())) or _("nobody")
        facts.append(_("to {people}").format(people=people))
    else:
        facts.append(_("from {owner}").format(owner=plain(subscription.owner)))
    if subscription.next_at is not None:
        facts.append(_("next {time}").format(time=at(subscription.next_at)))
    if subscription.ran_at is not None:
        facts.append(_("last {time}").format(time=at(subscription.ran_at)))
        facts.extend(_last_run(subscription))
    return facts


def _last_run(subscription: Subscription) -> list[str]:
    """Return how many mails of the last run had which outcome, for the owner."""
    if not subscription.is_own:
        return []
    counted = (
        (
            subscription.sent,
            ngettext(
                "{number} e-mail sent", "{number} e-mails sent", subscription.sent
            ),
        ),
        (
            subscription.waiting,
            ngettext(
                "{number} e-mail waiting",
                "{number} e-mails waiting",
                subscription.waiting,
            ),
        ),
        (
            subscription.failed,
            ngettext(
                "{number} e-mail not sent",
                "{number} e-mails not sent",
                subscription.failed,
            ),
        ),
    )
    return [words.format(number=number) for number, words in counted if number]


def _show_actions(subscription: Subscription) -> None:
    key = f"dashboards_mail_{{}}_{subscription.id}".format
    if (leads_to := _page_of(subscription)) and st.button(
        _("Open"), key=key("open"), type="tertiary"
    ):
        file, query = leads_to
        go(file, **query)
    if not subscription.is_own:
        if st.button(_("Leave"), key=key("leave"), type="tertiary"):
            _run_action(
                subscriptions.leave, subscription, _("It is no longer sent to you.")
            )
        return
    # What is gone, or no longer shared, is sent to nobody.
    if subscription.name and st.button(_("Change"), key=key("change"), type="tertiary"):
        change_subscription(subscription, _name_of(subscription))
    is_sending = bool(subscription.name and most_subscriptions())
    if is_sending and st.button(_("Send now"), key=key("now"), type="tertiary"):
        message = (
            _("It is sent within a minute.")
            if is_mailing()
            else _("It is sent once the clinic has a mail server.")
        )
        _reschedule(subscriptions.send_now, subscription, message)
    if subscription.next_at is None:
        if is_sending and st.button(_("Resume"), key=key("resume"), type="tertiary"):
            _reschedule(subscriptions.resume, subscription, _("It is sent again."))
    elif st.button(_("Stop"), key=key("stop"), type="tertiary"):
        _run_action(subscriptions.stop, subscription, _("It is no longer sent."))
    if st.button(f":red[{_('Delete')}]", key=key("delete"), type="tertiary"):
        _confirm_deletion(subscription)


def _page_of(subscription: Subscription) -> tuple[str, dict[str, str]] | None:
    """Return the page that shows what is sent, if its reader may open it."""
    if not subscription.name:
        return None
    if _is_list(subscription):
        # Somebody else's list cannot be opened, and only its numbers are sent.
        return (_VIEWS, {}) if subscription.is_own else None
    return PAGE, {"dashboard": str(subscription.content)}


@dialog(marked("Delete this mailing?"), icon=":material/delete:")
def _confirm_deletion(subscription: Subscription) -> None:
    """Name who loses it."""
    with error_boundary():
        st.markdown(
            _(
                "Nobody gets it by e-mail any more, and e-mails that are waiting are "
                "not sent."
            )
        )
        if confirmed(_("Delete"), key="dashboards_mail_deleting", is_final=True):
            _run_action(subscriptions.delete, subscription, _("It is no longer sent."))


def _run_action(
    act: Callable[[Session, Actor, UUID], None],
    subscription: Subscription,
    message: str,
) -> None:
    actor = current_actor()
    with error_boundary():
        write(lambda session: act(session, actor, subscription.id))
        notify(message)
        st.rerun()


def _reschedule(
    act: Callable[..., None], subscription: Subscription, message: str
) -> None:
    actor, timestamp = current_actor(), now()
    with error_boundary():
        write(lambda session: act(session, actor, subscription.id, now=timestamp))
        notify(message)
        st.rerun()
