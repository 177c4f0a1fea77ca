"""Watched counts: where people ask for one, and where they are listed."""

from collections.abc import Mapping
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.analytics.cohort_editor import cohort_of
from dashboard.context import current_actor, now, read, write
from dashboard.navigation import go
from dashboard.patients.search.disclosed_lists import smallest_group
from dashboard.ui.dialogs import confirmed, dialog, leave_menu, menu, was_opened
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import (
    TypedNumber,
    bounded_line,
    set_initial_value,
    whole_number_field,
)
from dashboard.ui.language import decimal, gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import at, capitalised, plain
from services.analytics import count_alerts
from services.analytics.cohorts import Cohort
from services.analytics.count_alerts import (
    LONGEST_NAME,
    AlertState,
    CountAlertDraft,
    CountAlertRecord,
)
from services.analytics.figures import Figure
from services.core.errors import InvalidInput

_STATES: Final[Mapping[AlertState, str]] = {
    AlertState.UNKNOWN: marked("not counted yet"),
    AlertState.WITHIN: marked("not crossed"),
    AlertState.BEYOND: marked("crossed"),
}
# Counted, but never with a number that may be shown.
_SUPPRESSED: Final = marked("suppressed so far")
_HUNDRED: Final = 100
# The menu in which a count is watched.
_MENU: Final = "cohorts_alert"
_KEY: Final = "cohorts_alert"


def most_count_alerts() -> int:
    """Return how many counts each person may have watched; 0 for none at all."""
    return wiring.current().settings.count_alerts


def show_alert_menu(question: Cohort | Figure) -> None:
    """Offer to be notified about the question's count, in a menu."""
    with menu(_("Watch"), key=_MENU, icon=":material/notifications:") as shown:
        if was_opened(shown, f"{_KEY}_line"):
            _show_alert_choice(question)


@st.fragment
def _show_alert_choice(question: Cohort | Figure) -> None:
    """Ask for the threshold at which the question's count notifies this person."""
    with error_boundary():
        st.caption(
            _(
                "You are notified once, by the bell and by e-mail, when the count "
                "crosses the threshold. It is checked every morning at 6, the way this "
                "page counts it."
            )
        )
        with st.form("cohorts_alert_form", border=False):
            name = _name_field(_KEY, "")
            is_of_figure = isinstance(question, Figure) and st.radio(
                _("What is watched"),
                (False, True),
                format_func=lambda each: (
                    _("Each number of the figure") if each else _("How many remain")
                ),
                key="cohorts_alert_question",
            )
            is_above, line = _threshold_fields(
                _KEY, is_above=True, line=max(_HUNDRED, smallest_group())
            )
            adds = st.form_submit_button(
                _("Watch this count"), type="primary", key="cohorts_alert_add"
            )
        if adds:
            watched = question if is_of_figure else cohort_of(question)
            if watched is None:
                raise InvalidInput("question", "Count a cohort first.")
            _add(
                CountAlertDraft(
                    name=name,
                    question=watched,
                    is_above=is_above,
                    line=line.whole(),
                )
            )


def _name_field(key: str, name: str) -> str:
    return bounded_line(
        _("Name of the alert"),
        name,
        key=f"{key}_name",
        longest=LONGEST_NAME,
    )


def _threshold_fields(
    key: str, *, is_above: bool, line: int
) -> tuple[bool, TypedNumber]:
    """Ask for a threshold and the side that notifies; return both."""
    set_initial_value(is_above, f"{key}_side")
    side = st.radio(
        _("Notify me about"),
        (True, False),
        format_func=lambda each: (
            _("More than the threshold") if each else _("Fewer than the threshold")
        ),
        key=f"{key}_side",
        horizontal=True,
    )
    typed = whole_number_field(_("Threshold"), line, field="line", key=f"{key}_line")
    return bool(side), typed


@st.fragment
def show_count_alerts() -> None:
    """Show the person's alerts; nothing without any."""
    with error_boundary():
        actor = current_actor()
        known = read(lambda session: count_alerts.list_alerts(session, actor))
        if not known:
            return
        st.subheader(_("Watched counts"), anchor=False)
        for each in known:
            _show(each)


def _show(alert: CountAlertRecord) -> None:
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(f"**{plain(alert.name)}**")
            st.caption(" · ".join(_facts(alert)))
        with st.container(horizontal=True, width="content"):
            if st.button(
                _("Open"), key=f"dashboards_alert_open_{alert.id}", type="tertiary"
            ):
                go("analytics/cohorts.py", list=alert.key)
            if st.button(
                _("Change"), key=f"dashboards_alert_change_{alert.id}", type="tertiary"
            ):
                _change(alert)
            if st.button(
                f":red[{_('Delete')}]",
                key=f"dashboards_alert_delete_{alert.id}",
                type="tertiary",
            ):
                _delete(alert)


def _facts(alert: CountAlertRecord) -> list[str]:
    said = _("more than {line}") if alert.is_above else _("fewer than {line}")
    state = _STATES[alert.state]
    if alert.state is AlertState.UNKNOWN and alert.checked_at is not None:
        state = _SUPPRESSED
    facts = [capitalised(said.format(line=decimal(alert.line))), _(state)]
    if alert.checked_at is not None:
        facts.append(_("checked {time}").format(time=at(alert.checked_at)))
    if alert.crossed_at is not None:
        facts.append(_("crossed {time}").format(time=at(alert.crossed_at)))
    return facts


def _add(draft: CountAlertDraft) -> None:
    actor, timestamp = current_actor(), now()
    most, least = most_count_alerts(), smallest_group()
    write(
        lambda session: count_alerts.create(
            session, actor, draft, now=timestamp, most=most, smallest_group=least
        )
    )
    notify(_("The count is watched. It is listed under Dashboards."))
    leave_menu(_MENU)
    st.rerun()


@dialog(marked("Change this alert"), icon=":material/edit_notifications:")
def _change(alert: CountAlertRecord) -> None:
    """Ask for another name or threshold; what is counted stays the same."""
    # What was typed but not saved about another threshold must not appear for this one.
    side = "above" if alert.is_above else "below"
    key = f"dashboards_alert_{alert.id}_{side}_{alert.line}"
    with error_boundary():
        with st.form(key, border=False):
            name = _name_field(key, alert.name)
            is_above, line = _threshold_fields(
                key, is_above=alert.is_above, line=alert.line
            )
            st.caption(
                _(
                    "If you change the threshold it is counted again, and you are "
                    "notified if it is crossed."
                )
            )
            saves = confirmed(_("Save changes"), key=f"{key}_save", is_in_form=True)
        if saves:
            _save(alert, name, is_above=is_above, line=line.whole())


def _save(alert: CountAlertRecord, name: str, *, is_above: bool, line: int) -> None:
    actor, timestamp, least = current_actor(), now(), smallest_group()
    write(
        lambda session: count_alerts.change(
            session,
            actor,
            alert.id,
            name=name,
            is_above=is_above,
            line=line,
            now=timestamp,
            smallest_group=least,
        )
    )
    notify(_("The alert is changed."))
    st.rerun()


def _delete(alert: CountAlertRecord) -> None:
    actor = current_actor()
    with error_boundary():
        write(lambda session: count_alerts.delete(session, actor, alert.id))
        notify(_("The count is no longer watched."), icon="delete")
        st.rerun()
