"""The dialog in which a dashboard or saved list is sent by mail: to whom and when."""

from collections.abc import Collection, Mapping
from datetime import date, time, timedelta
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, now, read, write
from dashboard.ui.clock import time_of_day
from dashboard.ui.dialogs import confirmed, leave_menu
from dashboard.ui.fields.distinct_labels import distinct_names
from dashboard.ui.language import decimal, gettext as _, marked, ngettext, weekday
from dashboard.ui.notices import notify
from services.analytics import subscriptions
from services.analytics.dashboards import DashboardFilter
from services.analytics.subscriptions import (
    LAST_DAY,
    Frequency,
    SendingPlan,
    SubscriptionDraft,
)
from services.analytics.subscriptions.contents import Content, SavedList
from services.analytics.subscriptions.recipient_counts import count_recipients

_FREQUENCIES: Final = {
    Frequency.WEEKLY: marked("Weekly"),
    Frequency.MONTHLY: marked("Monthly"),
}
# A Monday, for the names of the days.
_MONDAY: Final = date(2024, 1, 1)
_HOURS: Final = range(24)
# The initial fields of a new subscription.
_MONDAYS: Final = SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7)
_KEY: Final = "dashboard_mail"


def most_subscriptions() -> int:
    """Return how many subscriptions each person may have; 0 for none at all."""
    return wiring.current().settings.dashboards_by_mail


def is_mailing() -> bool:
    """Return whether the clinic has something that sends mail."""
    return wiring.current().settings.smtp_url is not None


def explain_no_mail() -> None:
    """Explain why nothing is sent: it is switched off, or nothing sends mail."""
    if not most_subscriptions():
        st.caption(
            _("Sending dashboards by e-mail is switched off: whatever is due waits.")
        )
    elif not is_mailing():
        st.caption(
            _(
                "This clinic has no mail server yet: whatever is due is sent once "
                "there is one."
            )
        )


def explain_lost_mails(content: Content) -> None:
    """Say to how many people something is sent regularly, before it is deleted."""
    actor = current_actor()
    count = read(lambda session: count_recipients(session, actor, content))
    if count:
        st.markdown(
            ngettext(
                "It is sent regularly by e-mail to {count} person. These e-mails stop.",
                "It is sent regularly by e-mail to {count} people. These e-mails stop.",
                count,
            ).format(count=decimal(count))
        )


def show_subscribing(
    content: Content,
    dashboard_filter: DashboardFilter | None = None,
    *,
    menu_key: str = "",
) -> None:
    """Ask when and to whom something is sent, a dashboard with its present filter.

    The menu with this key, which contains the form, closes once it is sent.
    """
    actor = current_actor()
    names = read(
        lambda session: subscriptions.list_eligible_recipients(session, actor, content)
    )
    st.caption(
        _(
            "A PDF with the filters of the list and how many patients match, counted "
            "again each time in your name. It goes to people who may count cohorts, "
            "and has no rows and no names of patients."
        )
        if isinstance(content, SavedList)
        else _(
            "A PDF with the current filter, counted again each time. It goes to "
            "people who may open the dashboard, and has no names of patients."
        )
    )
    explain_no_mail()
    plan = ask_plan(_KEY, _MONDAYS)
    own = [each for each in names if each == actor.id]
    recipients = ask_recipients(_KEY, names, own)
    if confirmed(
        _("Send regularly"), key="dashboard_mail_add", is_in_menu=bool(menu_key)
    ):
        draft = SubscriptionDraft(
            content=content,
            filter=dashboard_filter or DashboardFilter(),
            recipients=recipients,
            plan=plan,
        )
        _add(draft)
        if menu_key:
            leave_menu(menu_key)
        st.rerun()


def ask_plan(key: str, plan: SendingPlan) -> SendingPlan:
    """Ask when something is sent, in fields filled with a plan; return the new plan.

    Their keys begin with `key`.
    """
    # As defaults: in a menu that was never opened, a value of the session would be lost
    # with the next run.
    frequency = st.radio(
        _("How often"),
        list(_FREQUENCIES),
        list(_FREQUENCIES).index(plan.frequency),
        format_func=lambda each: _(_FREQUENCIES[each]),
        key=f"{key}_rhythm",
        horizontal=True,
    )
    is_kept = frequency is plan.frequency
    with st.container(horizontal=True):
        if frequency is Frequency.WEEKLY:
            day = st.selectbox(
                _("Weekday"),
                range(7),
                plan.day if is_kept else 0,
                format_func=_weekday,
                key=f"{key}_weekday",
            )
        else:
            day = st.selectbox(
                _("Day of the month"),
                range(1, LAST_DAY + 1),
                plan.day - 1 if is_kept else 0,
                key=f"{key}_day",
                # By default, 1 and 2 are found as well for whoever types 12.
                filter_mode="prefix",
            )
        hour = st.selectbox(
            _("Time"),
            _HOURS,
            plan.hour,
            format_func=lambda each: time_of_day(time(each)),
            key=f"{key}_hour",
        )
    return SendingPlan(frequency=frequency, day=day, hour=hour)


def ask_recipients(
    key: str, names: Mapping[UUID, str], recipients: Collection[UUID]
) -> tuple[UUID, ...]:
    """Ask to whom something is sent, in a field filled with these recipients."""
    labels = distinct_names(names)
    return tuple(
        st.multiselect(
            _("Recipients"),
            list(names),
            list(recipients),
            format_func=labels.__getitem__,
            key=f"{key}_recipients",
            placeholder=_("Nobody"),
            select_all=False,
        )
    )


def plan_words(plan: SendingPlan) -> str:
    """Return when something is sent: every Monday at 07:00."""
    at = time_of_day(time(plan.hour))
    if plan.frequency is Frequency.WEEKLY:
        return _("every {weekday} at {time}").format(
            weekday=_weekday(plan.day), time=at
        )
    return _("on day {day} of every month at {time}").format(day=plan.day, time=at)


def _weekday(number: int) -> str:
    return weekday(_MONDAY + timedelta(number))


def _add(draft: SubscriptionDraft) -> None:
    actor, at, most = current_actor(), now(), most_subscriptions()
    write(lambda s: subscriptions.create(s, actor, draft, now=at, most=most))
    said = (
        _("The list is sent {when}. It is listed under *Dashboards*.")
        if isinstance(draft.content, SavedList)
        else _("The dashboard is sent {when}. It is listed under *Dashboards*.")
    )
    notify(said.format(when=plan_words(draft.plan)))
